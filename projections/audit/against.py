"""The log against statements of others: missing here, missing there, different."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from projections.audit.moments import iso, microseconds, told
from projections.audit.rule import AuditedEvent, AuditedLog, Finding, Rule
from projections.audit.statement import Line, Statement, Told
from projections.audit.statement_balances import Balances
from projections.audit.statement_entries import Entry, balances_of, entry_of
from projections.audit.statement_matching import Match, allowed, matched
from projections.audit.statement_receipts import Receipts


class Against(Rule):
    """What a venue or a chain states, and what the log tells of it, is the same.

    Only what lies in the period that a statement is evidence of is compared, over all that either
    side names.
    """

    NAME = "against"
    CHECKS = "statements of venues and receipts of chains tell what the log tells, line by line"
    WHY = "what somebody else wrote down does not depend on who keeps the log"
    TOLERANCE = (
        "as the map of columns says; else times a minute, amounts and fees half a unit of the last"
        " decimal that the statement writes where it writes six or more, and to the digit otherwise"
    )
    STATEMENTS: Sequence[Statement] = ()

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._entries: list[list[Entry]] = [[] for _ in self.STATEMENTS]
        self._outside = [0 for _ in self.STATEMENTS]
        self._balances = [Balances(one) for one in self.STATEMENTS]
        self._receipts = [Receipts(one) for one in self.STATEMENTS]

    def event(self, event: AuditedEvent) -> Iterator[Finding]:
        """It is kept where a statement tells of it, too."""
        now = event.now
        if now is not None:
            for place, statement in enumerate(self.STATEMENTS):
                if statement.told is Told.BALANCES:
                    moment = microseconds(now.get("timestamp"))
                    for asset, amount in balances_of(statement, now):
                        self.looked_at += 1
                        self._balances[place].take(event.order, moment, asset, amount)
                elif statement.told is Told.RECEIPTS:
                    self.looked_at += self._receipts[place].take(event.order, now)
                else:
                    self._take(place, statement, entry_of(statement, event.order, now))
        yield from ()

    def _take(self, place: int, statement: Statement, entry: Entry | None) -> None:
        if entry is None:
            return
        self.looked_at += 1
        margin = statement.time_window
        if any(statement.period.holds(time, margin) for time in entry.times):
            self._entries[place].append(entry)
        if not _is_within(statement, entry):
            self._outside[place] += 1

    def end(self) -> Iterator[Finding]:
        """Each statement, held against what was kept; and of which period it is evidence."""
        for place, statement in enumerate(self.STATEMENTS):
            if statement.told is Told.BALANCES:
                yield from self._balances[place].compared(self)
            elif statement.told is Told.RECEIPTS:
                yield from self._receipts[place].compared(self)
            else:
                for match in matched(statement, self._entries[place], self.log.options.tolerance):
                    yield from self._compared(statement, match)
            yield self._evidence(place, statement)

    def _evidence(self, place: int, statement: Statement) -> Finding:
        ignored = sum(not statement.period.holds(one.time) for one in statement.lines)
        at = f" at {statement.venue}" if statement.venue else ""
        told_of = (
            f"{statement.name} is evidence of {statement.told}{at} from {statement.period}:"
            f" {len(statement.lines) - ignored:,} lines"
        )
        if ignored:
            told_of += f"; {ignored:,} lines lie outside of it"
        if self._outside[place]:
            told_of += f"; {self._outside[place]:,} events of the log lie outside of it"
        return self.note([], told_of, field=statement.name)

    def _compared(self, statement: Statement, match: Match) -> Iterator[Finding]:
        orders = [entry.order for entry in match.entries]
        if not (
            any(_is_within(statement, entry) for entry in match.entries)
            or any(statement.period.holds(line.time) for line in match.lines)
        ):
            return
        if not match.entries:
            line = match.lines[0]
            yield self.error(
                [],
                f"missing here: row {line.row} of {statement.name}, {described(line)}",
                expected=line.amount,
                field=f"{statement.name} {line.id or described(line)}",
            )
            return
        there, here = match.amounts
        if not match.lines:
            yield self.error(
                orders,
                f"missing there: {statement.name} has no line of order {orders[0]}",
                found=here,
                field=statement.name,
            )
            return
        where = f"row {match.lines[0].row} of {statement.name}"
        if there is not None and here is not None:
            limit, within = allowed(statement, match, there, self.log.options.tolerance)
            if abs(there - here) > limit:
                message = f"different amount: {where} and order {orders[0]}"
                yield self.error(orders, message, there, here, field="amount", tolerance=within)
        if None not in match.sides and match.sides[0] != match.sides[1]:
            message = f"different side: {where} and order {orders[0]}"
            yield self.error(orders, message, *match.sides, field="side")
        yield from self._fee(statement, match, orders, where)
        apart = _apart(match)
        if apart is not None and apart > statement.time_tolerance:
            yield self.error(
                orders,
                f"different time: {where} and order {orders[0]} are {told(apart)} apart",
                _time(match.lines[0].time),
                _time(match.entries[0].time),
                field="timestamp",
                tolerance=told(statement.time_tolerance),
            )

    def _fee(
        self, statement: Statement, match: Match, orders: Sequence[int], where: str
    ) -> Iterator[Finding]:
        there, here = match.fees
        if there is None or here is None:
            return
        fraction = self.log.options.tolerance
        limit = (
            statement.fee_tolerance * len(match.lines)
            if fraction is None
            else abs(there) * fraction
        )
        if abs(abs(there) - abs(here)) > max(limit, _rounding(there, match, fraction)):
            message = f"different fee: {where} and order {orders[0]}"
            within = f"{limit.normalize():f}" if limit else "exact"
            yield self.error(orders, message, there, here, field="fee", tolerance=within)


def _is_within(statement: Statement, entry: Entry) -> bool:
    return any(statement.period.holds(time) for time in entry.times)


def _rounding(figure: Decimal, match: Match, fraction: Decimal | None) -> Decimal:
    is_rounded = fraction is None and any(entry.is_rounded for entry in match.entries)
    return abs(figure) * Decimal("1e-12") if is_rounded else Decimal(0)


def _apart(match: Match) -> int | None:
    """How far the lines lie from the times of the entries, at the nearest."""
    times = [line.time for line in match.lines if line.time is not None]
    ours = [time for entry in match.entries for time in entry.times]
    if not times or not ours:
        return None
    first, last = min(times), max(times)
    return min(max(first - time, time - last, 0) for time in ours)


def _time(moment: int | None) -> str | None:
    return None if moment is None else iso(moment)


def described(line: Line) -> str:
    """A line as people find it."""
    parts = (line.symbol, line.side, line.amount, _time(line.time), line.id)
    return " ".join(str(part) for part in parts if part is not None)


def against(statements: Sequence[Statement]) -> type[Rule]:
    """The rule that holds a log against these statements."""
    return type("AgainstStatements", (Against,), {"STATEMENTS": tuple(statements)})
