"""A log of a store as one of two runs that are compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.audit_log import AuditLog
from infrastructure.auditing import identity_of
from infrastructure.present_records import present_records, sound_records
from infrastructure.reading import LogReading, Rows
from infrastructure.store import LogStore
from projections.comparison.run import ranges
from projections.event_dicts import Record


class LogRun:
    """See `projections.comparison.run.Run`; `store` is as of one moment, as `StoreAsOf` is."""

    def __init__(
        self,
        name: str,
        store: LogStore,
        log: AuditLog,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.log: str | None = log.name
        self.mode = log.mode
        self.metadata = log.metadata if metadata is None else metadata
        self.identity: str | None = identity_of(store, log)
        self.told_in_text = False
        self._log = log
        self._reading = LogReading(store, log)
        end = self._reading.horizon()
        self.horizon: str | None = str(end)
        self._last = end.order

    def records(self) -> Iterator[tuple[int, Record, bytes | None]]:
        """See `Run.records`; raises `CorruptLogError` at the order that is damaged."""
        if self.mode == "live":
            for order, record in present_records(self._reading, self._log, 1, self._last):
                yield order, record, None
            return
        last = b""

        def rows() -> Rows:
            nonlocal last
            for order, state in self._reading.rows(1, self._last):
                last = state
                yield order, state

        # Each row is asked for once its record is wanted.
        for order, record in sound_records(self._reading.decoded(rows(), str), self._log.name):
            yield order, record, last

    def at(self, orders: Sequence[int]) -> dict[int, Record]:
        """See `Run.at`."""
        wanted = set(orders)
        return {
            order: record
            for first, last in ranges(orders)
            for order, record in present_records(self._reading, self._log, first, last)
            if order in wanted
        }
