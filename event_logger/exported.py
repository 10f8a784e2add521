"""A log as it is exported: never over its own store."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import orjson

from domain.audit_log import AuditLog
from domain.checks import checked_flag
from domain.corrections import with_corrections
from domain.errors import CorruptLogError, ExportError, LogConfigurationError, shown
from event_logger.event_reading import EventReading
from infrastructure.reading import Records
from infrastructure.store import LogStore
from infrastructure.stores import is_part_of_store

Progress = Callable[[int, int], None]
"""Called with (done, total) now and then."""


class Exported(NamedTuple):
    """The log as of one moment, and its events."""

    store: LogStore
    log: AuditLog
    events: EventReading

    def to_csv(self, filepath: str | None, *, csv_safe: bool, progress: Progress | None) -> str:
        """See `LogReader.export_to_csv`."""
        from infrastructure.files.csv_export import write_csv

        csv_safe = checked_flag("csv_safe", csv_safe)
        self.refuse_wrong(filepath, progress)
        last = self.last_order
        stored = self.log.mode != "live"
        return write_csv(
            self._as_stored(last) if stored else self.events.records(1, last, str),
            filepath,
            stored=stored,
            csv_safe=csv_safe,
            total=last,
            progress=progress,
        )

    def to_jsonl(self, filepath: str | None, progress: Progress | None) -> str:
        """See `LogReader.export_to_jsonl`."""
        from infrastructure.files.jsonl_export import write_jsonl

        self.refuse_wrong(filepath, progress)
        return write_jsonl(self.store, self.log, filepath, progress)

    @property
    def last_order(self) -> int:
        """The order of the last event."""
        return self.store.reads.end(self.log.id).horizon.order

    def refuse_wrong(self, filepath: str | None, progress: Progress | None) -> None:
        """Raises `ExportError` for what cannot be exported to, the log's own store among it."""
        from infrastructure.files.replaced_file import refuse_no_path

        if progress is not None and not callable(progress):
            problem = f"must be a function of (done, total), not {shown(progress)}"
            raise LogConfigurationError("progress", progress, problem)
        if filepath is not None:
            refuse_no_path(filepath)
        if filepath is not None and is_part_of_store(self.store.url, filepath):
            raise ExportError(filepath, "it is the store of this log; name another file")

    def _as_stored(self, last: int) -> Records:
        corrections = self.store.reads.corrections(self.log.id)
        return with_corrections(self._each_as_stored(last), corrections)

    def _each_as_stored(self, last: int) -> Records:
        from projections.csv_rows import as_stored

        for order, state in self.events.rows(1, last):
            try:
                yield order, as_stored(state)
            except orjson.JSONDecodeError as error:
                problem = f"it is no JSON ({error})"
                raise CorruptLogError(self.log.name, order, problem) from error
