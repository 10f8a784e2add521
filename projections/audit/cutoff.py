"""What is logged long after it happened, or into a period that is closed."""

from __future__ import annotations

from collections.abc import Iterator

from projections.audit.moments import HOUR, MINUTE, in_microseconds, iso, microseconds, told
from projections.audit.rule import AuditedLog, Finding, Rule
from projections.entries import LogEntry, LoggedEntry

_LISTED = 1000
_ON_ITS_WAY = MINUTE
"""What is committed so soon was on its way when the period ended, and is not back-dated."""


class Cutoff(Rule):
    """A live event is logged soon after its timestamp, and never into a closed period.

    Where most events are late, what is logged is another time, as a replay's; that is said once.
    """

    NAME = "cutoff"
    ENTRIES_IN = frozenset(("live",))
    CHECKS = (
        "a live event is committed within a limit of its timestamp, and before the period that"
        " holds its timestamp is closed"
    )
    WHY = "what is entered later changes figures that somebody has seen already"
    TOLERANCE = (
        "the limit that was asked for, one hour unless said otherwise; a minute where a period ends"
    )

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._limit = in_microseconds(log.options.late_after)
        self._closed = microseconds(log.options.closed_until)
        self._count = 0
        self._findings: list[Finding] = []
        self._late: list[int] = []
        self._first: tuple[int, int, bool] = (0, 0, False)

    def entry(self, entry: LogEntry) -> Iterator[Finding]:
        """It is not late; what follows a late event at once and is late, too, is one fault."""
        if not isinstance(entry, LoggedEntry) or self.log.mode != "live":
            return
        happened = microseconds(entry.record.get("timestamp"))
        logged = entry.committed_at
        if logged is None:
            logged = microseconds(entry.record.get("recorded_at"))
        if happened is None or logged is None:
            return
        self.looked_at += 1
        waited = logged - happened
        is_closed = self._closed is not None and happened <= self._closed < logged
        is_closed = is_closed and waited > _ON_ITS_WAY
        is_late = is_closed or waited > self._limit
        if self._late and not (
            is_late and entry.order == self._late[-1] + 1 and is_closed == self._first[2]
        ):
            self._findings.append(self._finding())
            if len(self._findings) > _LISTED:
                yield from self._kept()
        if is_late:
            self._count += 1
            if not self._late:
                self._first = (happened, logged, is_closed)
            if len(self._late) < _LISTED:
                self._late.append(entry.order)
            else:
                self._late[-1] = entry.order
        elif happened - logged > HOUR:
            yield self.warning(
                [entry.order],
                f"the timestamp of order {entry.order} is {told(happened - logged)} after its"
                " commit",
                expected=iso(logged),
                found=iso(happened),
                field="timestamp",
            )

    def end(self) -> Iterator[Finding]:
        """The last of them."""
        if self._late:
            self._findings.append(self._finding())
        yield from self._kept()

    def _kept(self) -> Iterator[Finding]:
        findings, self._findings = self._findings, []
        closed = [one for one in findings if one.tolerance is None]
        if self._count * 2 <= self.looked_at:
            yield from findings
        elif closed:
            yield from closed
        elif findings:
            yield self.note(
                findings[0].orders[:1],
                f"{self._count} of {self.looked_at} events were committed later than they happened"
                f" by more than {told(self._limit)}: the log tells of another time",
                field="timestamp",
            )

    def _finding(self) -> Finding:
        orders, self._late = self._late, []
        happened, logged, is_closed = self._first
        which = f"order {orders[0]}" if len(orders) == 1 else f"orders {orders[0]} to {orders[-1]}"
        if is_closed:
            what = f"{which} lies in the period that was closed, and was committed after it"
        else:
            what = f"{which} was committed {told(logged - happened)} after it happened"
        return self.error(
            orders,
            what,
            expected=iso(happened),
            found=iso(logged),
            field="timestamp",
            tolerance=None if is_closed else told(self._limit),
        )
