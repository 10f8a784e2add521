"""Who wrote and never said goodbye, and when the log was silent for longer than it ever is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappush, heappushpop
from statistics import median

from projections.audit.moments import MINUTE, iso, microseconds, told
from projections.audit.rule import NOTHING, AuditedEvent, AuditedLog, AuditedWriter, Finding, Rule
from projections.entries import LogEntry

_LONGEST = 64
"""How many of the longest gaps are kept: what is longer than usual is longer than most of them."""
_FEWEST = 20
_TIMES = 3


class Runs(Rule):
    """Every writer has closed, and the log's own rhythm is not interrupted."""

    NAME = "runs"
    IS_OF_ENTRIES = False
    EVENTS_IN, ENTRIES_IN = frozenset(("backtest",)), frozenset(("live",))
    CHECKS = (
        "writers that never closed (a note), and silence longer than the log's rhythm (a warning)"
    )
    WHY = "a writer that was killed, or a strategy that stood still, may have left events out"
    TOLERANCE = f"{_TIMES} times the median of the {_LONGEST} longest gaps (of short logs, a third)"

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._last: tuple[int, int] | None = None
        self._timestamp: object = None
        self._longest: list[tuple[int, int, int, int]] = []
        self._count = 0

    def event(self, event: AuditedEvent) -> Iterable[Finding]:
        """In a backtest, time is what the events say."""
        record, order = event.record, event.order
        if record is None:
            return NOTHING
        timestamp, last = record.get("timestamp"), self._last
        if timestamp == self._timestamp and last is not None:
            if order > last[1]:
                self._last = (last[0], order)
            return NOTHING
        at = microseconds(timestamp)
        self._timestamp = None if at is None else timestamp
        self._at(order, at)
        return NOTHING

    def entry(self, entry: LogEntry) -> Iterable[Finding]:
        """Live, it is the store's."""
        self._at(entry.order, entry.committed_at)
        return NOTHING

    def end(self) -> Iterator[Finding]:
        """The silences, and the writers."""
        self.looked_at += self._count
        gaps = sorted(self._longest, reverse=True)
        if self._count >= _FEWEST:
            usual = median(gap for gap, *_ in gaps[: max(_FEWEST // 3, self._count // 3)])
            for gap, at, before, after in gaps:
                if gap > _TIMES * usual and gap > MINUTE:
                    yield self.warning(
                        [before, after],
                        f"nothing was logged for {told(gap)} from {iso(at)} on, between orders"
                        f" {before} and {after}",
                        expected=f"an entry at least every {told(int(usual))}",
                        found=told(gap),
                        tolerance=f"{_TIMES} times that",
                        last_good=before,
                    )
        for writer in self.log.writers():
            if writer.ended_at is None:
                yield self.note([], f"{_told(writer)} has not closed: it runs, or it was killed")

    def _at(self, order: int, at: int | None) -> None:
        if at is None:
            return
        last = self._last
        # A transition is of an earlier order: the silence lies between events.
        self._last = (at, order if last is None else max(order, last[1]))
        if last is None or at <= last[0]:
            return
        self._count += 1
        gap = (at - last[0], last[0], last[1], order)
        if len(self._longest) < _LONGEST:
            heappush(self._longest, gap)
        else:
            heappushpop(self._longest, gap)


def _told(writer: AuditedWriter) -> str:
    program, process, user, host, opened_at = map(
        writer.introduction.get, ("program", "process", "user", "host", "opened_at")
    )
    return f"the writer {program} (process {process} of {user} on {host}, since {opened_at})"
