"""A log as it is exported: as of one moment, and never over its own store."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import orjson

from domain.audit_log import AuditLog
from domain.checks import checked_flag
from domain.errors import CorruptLogError, ExportError, LogConfigurationError, shown
from infrastructure.audit_logs import AuditLogs
from infrastructure.reading import Records, Rows
from infrastructure.stores import is_part_of_store
from projections.csv_rows import as_stored

Progress = Callable[[int, int], None]
"""Called with (done, total) now and then."""


class Exported(NamedTuple):
    """The log, and how its rows and its decoded records are read."""

    logs: AuditLogs
    log: AuditLog
    rows: Callable[[int, int], Rows]
    records: Callable[..., Records]

    def to_csv(self, filepath: str | None, *, csv_safe: bool, progress: Progress | None) -> str:
        """See `LogReader.export_to_csv`."""
        from infrastructure.files.csv_export import write_csv

        csv_safe = checked_flag("csv_safe", csv_safe)
        self._refuse_wrong(filepath, progress)
        # One moment, whatever is updated meanwhile.
        last, until = self.logs.horizon(self.log)
        stored = self.log.mode != "live"
        return write_csv(
            self._as_stored(last) if stored else self.records(1, last, str, until),
            filepath,
            stored=stored,
            csv_safe=csv_safe,
            total=last,
            progress=progress,
        )

    def to_jsonl(self, filepath: str | None, progress: Progress | None) -> str:
        """See `LogReader.export_to_jsonl`."""
        from infrastructure.files.jsonl_export import write_jsonl

        self._refuse_wrong(filepath, progress)
        return write_jsonl(self.logs, self.log, filepath, progress)

    def _refuse_wrong(self, filepath: str | None, progress: Progress | None) -> None:
        from infrastructure.files.replaced_file import refuse_no_path

        if progress is not None and not callable(progress):
            problem = f"must be a function of (done, total), not {shown(progress)}"
            raise LogConfigurationError("progress", progress, problem)
        if filepath is not None:
            refuse_no_path(filepath)
        if filepath is not None and is_part_of_store(self.logs.store.url, filepath):
            raise ExportError(filepath, "it is the store of this log; name another file")

    def _as_stored(self, last: int) -> Records:
        for order, state in self.rows(1, last):
            try:
                yield order, as_stored(state)
            except orjson.JSONDecodeError as error:
                problem = f"it is no JSON ({error})"
                raise CorruptLogError(self.log.name, order, problem) from error
