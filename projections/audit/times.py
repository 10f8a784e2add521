"""Times: the store's never goes back; those that callers gave make sense."""

from __future__ import annotations

from collections.abc import Iterator

from projections.audit.rule import AuditedEvent, AuditedLog, Finding, Rule
from projections.entries import LogEntry


class Times(Rule):
    """The store's time of the commit never goes back within a log."""

    NAME = "times"
    CHECKS = (
        "the store's time never goes back; a warning: a backtest's timestamps do, or a transaction"
        " ends before it began"
    )
    WHY = "nothing was slipped in later under an earlier time"
    TOLERANCE = "exact, to the microsecond of the store and the nanosecond of the caller"

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._committed_at: int | None = None
        self._timestamp = ""

    def entry(self, entry: LogEntry) -> Iterator[Finding]:
        """It was committed at, or after, the time of the one before."""
        last, at = self._committed_at, entry.committed_at
        if last is not None and (at is None or at < last):
            yield self.error(
                [entry.order],
                f"the entry at position {entry.position} was committed before the one it follows",
                expected=last,
                found=at,
            )
        self._committed_at = at if at is not None else last

    def event(self, event: AuditedEvent) -> Iterator[Finding]:
        """Its times do not contradict each other, or the one before in a backtest."""
        self.looked_at += 1
        record = event.record or {}
        began, ended = record.get("trigger_timestamp"), record.get("completion_timestamp")
        if isinstance(began, str) and isinstance(ended, str) and _key(ended) < _key(began):
            yield self.warning(
                [event.order],
                f"order {event.order} was completed before it was triggered",
                expected=began,
                found=ended,
            )
        timestamp = record.get("timestamp")
        if self.log.mode == "backtest" and isinstance(timestamp, str):
            if _key(timestamp) < self._timestamp:
                yield self.warning(
                    [event.order],
                    f"the timestamp of order {event.order} is before the one it follows",
                    expected=self._timestamp,
                    found=timestamp,
                )
            self._timestamp = _key(timestamp)


def _key(iso: str) -> str:
    """ISO 8601 text in UTC so that it sorts as the times do, with or without a fraction."""
    return iso.rstrip("Z")
