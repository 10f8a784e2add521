"""By whom and when the entries of an event were committed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from domain.audit_log import AuditLog
from domain.errors import shown
from domain.horizon import Horizon
from domain.lifecycle import lifecycle_id
from domain.moments import Moment
from infrastructure.earlier import damaged
from infrastructure.reading import NO_RECORD, LogReading
from infrastructure.store import Reads
from infrastructure.stored import StoredEntry
from infrastructure.timestamps import timestamp_of

_TOLD = ("user", "host", "process", "program", "version", "opened_at", "actor")


class Committed:
    """Who committed what of a log."""

    def __init__(self, reads: Reads, log: AuditLog, reading: LogReading) -> None:
        self._reads = reads
        self._log = log
        self._reading = reading

    def steps(self, order: int, statuses: Sequence[str]) -> list[dict[str, Any]]:
        """Of the event's logging and each of its transitions; see `LogReader.committed`.

        Raises `CorruptLogError`.
        """
        end = self._reading.horizon()
        entries = [self._entry(order, Horizon(order - 1, end.transition))]
        for number in self._transitions(order):
            entries.append(self._entry(order, Horizon(end.order, number - 1)))
        writers = self._reads.writers(self._log.id)
        return [
            {
                "transition": entry.number,
                "status": status,
                "committed_at": self._time(order, entry.committed_at),
                "writer": self._writer(order, writers, entry.writer),
            }
            for entry, status in zip(entries, statuses, strict=False)
        ]

    def _transitions(self, order: int) -> list[int]:
        """The numbers of the event's transitions; of a detail, those of its wrapper."""
        wrapper = self._reading.wrapper(order, self._reading.record(order))
        one = lifecycle_id(self._log.id, wrapper)
        found = self._reads.transitions(self._log.id, [one]).get(one, ())
        return [stored.number for stored in found if stored.number is not None]

    def _entry(self, order: int, after: Horizon) -> StoredEntry:
        """The entry after this; beyond the end of one of the log's sequences it is of the other."""
        page = self._reads.stored_entries(self._log.id, after, 1)
        if not page:
            raise damaged(self._log.name, order, f"the entry after {after} is missing")
        return page[0]

    def _time(self, order: int, microseconds: object) -> Any:
        if microseconds is None:
            return None
        if type(microseconds) is not int:
            problem = f"the time of its commit is {shown(microseconds)}"
            raise damaged(self._log.name, order, problem)
        return timestamp_of(str(Moment(microseconds)))

    def _writer(
        self, order: int, writers: dict[int, tuple[bytes, int | None]], number: int | None
    ) -> dict[str, Any] | None:
        if number is None:
            return None
        try:
            introduction = orjson.loads(writers[number][0])
            told = {name: introduction.get(name) for name in _TOLD}
            opened_at = told["opened_at"]
            return told | {"opened_at": opened_at and timestamp_of(opened_at)}
        except NO_RECORD as error:
            problem = f"the introduction of its writer {number} is missing, or is none ({error})"
            raise damaged(self._log.name, order, problem) from error
