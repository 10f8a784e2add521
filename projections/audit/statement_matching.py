"""Which lines of a statement are which entries of the log."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from projections.audit.statement import Line, Statement, same_symbol
from projections.audit.statement_entries import Entry

FLOAT = Decimal("1e-12")
"""What a float may be off, as a fraction of the figure."""


class Match(NamedTuple):
    """Entries and lines that tell of the same; either may be missing."""

    entries: Sequence[Entry]
    lines: Sequence[Line]

    @property
    def amounts(self) -> tuple[Decimal | None, Decimal | None]:
        """What the lines and what the entries come to."""
        return _sum(one.amount for one in self.lines), _sum(one.amount for one in self.entries)

    @property
    def sides(self) -> tuple[str | None, str | None]:
        """What the first line and the first entry say was done; None where one does not say."""
        return self.lines[0].side, self.entries[0].side

    @property
    def fees(self) -> tuple[Decimal | None, Decimal | None]:
        """What the lines and what the entries say was paid; None where one does not say."""
        return _sum(one.fee for one in self.lines), _sum(one.fee for one in self.entries)


def _sum(amounts: Iterator[Decimal | None]) -> Decimal | None:
    total = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


def matched(
    statement: Statement, entries: Sequence[Entry], fraction: Decimal | None
) -> Iterator[Match]:
    """Every entry and line, once: what is known by an id, then what is alike and near in time.

    What lies a little outside of the period may be told of by what lies within it.
    """
    margin = statement.time_window
    lines = [line for line in statement.lines if statement.period.holds(line.time, margin)]
    by_id: dict[str, list[Line]] = {}
    for line in lines:
        if line.id is not None:
            by_id.setdefault(line.id, []).append(line)
    named: dict[str, list[Entry]] = {}
    others: list[Entry] = []
    for entry in entries:
        known = sorted(entry.ids & by_id.keys())
        (named.setdefault(known[0], []) if known else others).append(entry)
    yield from (Match(found, by_id[known]) for known, found in named.items())
    open_lines = [line for line in lines if line.id is None or line.id not in named]
    yield from _Near(statement, others, open_lines, fraction).matches()


def allowed(
    statement: Statement, match: Match, figure: Decimal, fraction: Decimal | None
) -> tuple[Decimal, str]:
    """How far the amounts of a match may be apart, and that as people read it."""
    if fraction is not None:
        return abs(figure) * fraction, f"{fraction} of the figure" if fraction else "exact"
    of_lines = statement.amount_tolerance * max(1, len(match.lines))
    if of_lines:
        return of_lines, f"{of_lines.normalize():f}"
    if any(entry.is_rounded for entry in match.entries):
        return abs(figure) * FLOAT, "1e-12 of the figure"
    return Decimal(0), "exact"


class _Near:
    """Matches by what is alike: the symbol, the side, the amount and the time."""

    def __init__(
        self,
        statement: Statement,
        entries: Sequence[Entry],
        lines: Sequence[Line],
        fraction: Decimal | None,
    ) -> None:
        self._statement = statement
        self._fraction = fraction
        self._entries = sorted(entries, key=lambda entry: (entry.time or 0, entry.order))
        self._lines = sorted(lines, key=lambda line: (line.time or 0, line.row))
        self._times = [line.time or 0 for line in self._lines]
        self._taken: set[int] = set()

    def matches(self) -> Iterator[Match]:
        """The matches; at the end those of what the other side does not have."""
        near, far = self._statement.time_tolerance, self._statement.time_window
        waiting = self._entries
        ways: Sequence[Callable[[Entry], list[int]]] = (
            lambda entry: self._nearest(entry, near, self._is_equal),
            lambda entry: self._parts(entry, near),
            lambda entry: self._nearest(entry, far, self._is_equal),
            lambda entry: self._nearest(entry, near, self._is_equal, any_side=True),
            lambda entry: self._closest(entry, near),
        )
        for find in ways:
            left: list[Entry] = []
            for entry in waiting:
                found = find(entry)
                if found:
                    self._taken.update(found)
                    yield Match([entry], [self._lines[place] for place in found])
                else:
                    left.append(entry)
            waiting = left
        yield from (Match([entry], ()) for entry in waiting)
        for place, line in enumerate(self._lines):
            if place not in self._taken:
                yield Match((), [line])

    def _candidates(self, entry: Entry, within: int, *, any_side: bool = False) -> Iterator[int]:
        """The places of lines that are alike and near; what is nearest comes first."""
        found: dict[int, int] = {}
        for time in entry.times:
            first = bisect_left(self._times, time - within)
            for place in range(first, bisect_right(self._times, time + within)):
                line = self._lines[place]
                if place not in self._taken and _is_alike(entry, line, any_side=any_side):
                    apart = abs(self._times[place] - time)
                    found[place] = min(apart, found.get(place, apart))
        yield from sorted(found, key=lambda place: (found[place], place))

    def _nearest(
        self,
        entry: Entry,
        within: int,
        is_meant: Callable[[Entry, Line], bool],
        *,
        any_side: bool = False,
    ) -> list[int]:
        for place in self._candidates(entry, within, any_side=any_side):
            if is_meant(entry, self._lines[place]):
                return [place]
        return []

    def _parts(self, entry: Entry, within: int) -> list[int]:
        """All lines that are near, where together they come to what the entry tells."""
        places = list(self._candidates(entry, within))
        match = Match([entry], [self._lines[place] for place in places])
        there, here = match.amounts
        if len(places) < 2 or there is None or here is None:
            return []
        limit, _ = allowed(self._statement, match, here, self._fraction)
        return places if abs(there - here) <= limit else []

    def _closest(self, entry: Entry, within: int) -> list[int]:
        """The line that is nearest, or all that are near where they come nearer to the amount."""
        places = list(self._candidates(entry, within))
        if len(places) < 2 or entry.amount is None:
            return places
        amounts = [self._lines[place].amount or Decimal(0) for place in places]
        is_nearer = abs(sum(amounts) - entry.amount) < abs(amounts[0] - entry.amount)
        return places if is_nearer else places[:1]

    def _is_equal(self, entry: Entry, line: Line) -> bool:
        if entry.amount is None or line.amount is None:
            return False
        match = Match([entry], [line])
        limit, _ = allowed(self._statement, match, entry.amount, self._fraction)
        return abs(entry.amount - line.amount) <= limit


def _is_alike(entry: Entry, line: Line, *, any_side: bool) -> bool:
    """Whether symbol and side may be the same: what one does not say is no difference."""
    if line.symbol is not None and entry.symbols and same_symbol(line.symbol) not in entry.symbols:
        return False
    return any_side or line.side is None or entry.side is None or line.side == entry.side
