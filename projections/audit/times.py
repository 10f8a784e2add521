"""Times: the store's never goes back; those that callers gave make sense."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from domain.event_types import OF_THE_LOG
from projections.audit.moments import MINUTE, microseconds, told
from projections.audit.rule import NOTHING, AuditedEvent, AuditedLog, Finding, Rule
from projections.entries import LogEntry
from projections.event_dicts import Record

_SKEW = MINUTE
"""A block's time and that of the strategy's clock are not of one clock."""


class Times(Rule):
    """The store's time of the commit never goes back, and nothing ends before it began."""

    NAME = "times"
    CHECKS = (
        "the store's time never goes back, and nothing is completed before it was triggered; a"
        " warning: the timestamps of a backtest do go back"
    )
    WHY = "nothing was slipped in later under an earlier time"
    TOLERANCE = f"exact; {told(_SKEW)} between the clocks of the chain and of the strategy"

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._committed_at: int | None = None
        self._timestamp, self._alike = "", ""
        """The last timestamp of a backtest, as it sorts and as it is written."""

    def entry(self, entry: LogEntry) -> Iterable[Finding]:
        """It was committed at, or after, the time of the one before."""
        last, at = self._committed_at, entry.committed_at
        if at is not None:
            self._committed_at = at
        if last is None or (at is not None and at >= last):
            return NOTHING
        message = f"the entry at position {entry.position} was committed before the one it follows"
        return [self.error([entry.order], message, last, at, field="committed_at")]

    def event(self, event: AuditedEvent) -> Iterable[Finding]:
        """Its times do not contradict each other, or the one before in a backtest."""
        self.looked_at += 1
        record = event.record or {}
        timestamp = record.get("timestamp")
        if (
            timestamp == self._alike
            and record.get("completion_timestamp") is None
            and not event.transitions
        ):
            return NOTHING
        return self._judged(event, record)

    def _judged(self, event: AuditedEvent, record: Record) -> Iterator[Finding]:
        is_own = event.root == event.order
        # A bundle's details share their wrapper's completion.
        if is_own or record.get("completion_timestamp") is not None:
            yield from self._completed(event)
        timestamp = record.get("timestamp")
        event_type = record.get("event_type")
        is_of_the_log = isinstance(event_type, str) and event_type in OF_THE_LOG
        if self.log.mode == "backtest" and isinstance(timestamp, str) and not is_of_the_log:
            if _key(timestamp) < self._timestamp:
                yield self.warning(
                    [event.order],
                    f"the timestamp of order {event.order} is before the one it follows",
                    expected=self._timestamp,
                    found=timestamp,
                    field="timestamp",
                )
            self._timestamp, self._alike = _key(timestamp), timestamp

    def _completed(self, event: AuditedEvent) -> Iterator[Finding]:
        record, now = event.record or {}, event.now or {}
        ended = now.get("completion_timestamp")
        if ended is None:
            return
        began = record.get("trigger_timestamp") or record.get("timestamp")
        start, end = microseconds(began), microseconds(ended)
        if start is not None and end is not None and end < start - _SKEW:
            yield self.error(
                [event.order],
                f"order {event.order} was completed {told(start - end)} before it was triggered",
                expected=began,
                found=ended,
                field="completion_timestamp",
                tolerance=told(_SKEW),
            )


def _key(iso: str) -> str:
    """ISO 8601 text in UTC so that it sorts as the times do, with or without a fraction."""
    return iso.rstrip("Z")
