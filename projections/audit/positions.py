"""Trades change a perpetual's size by what was traded, and by nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

from domain.accounts import SIZE, perp_account
from domain.effects import movements, untold_fields
from domain.event_values import EXACT, decimal_of, extras_of
from domain.statuses import OPEN_STATUSES
from projections.audit.moments import microseconds
from projections.audit.rule import NOTHING, AuditedEvent, AuditedLog, Finding, Rule
from projections.event_dicts import Record

_TRADE = "TRADE_EXECUTED"
_FLOATS = Decimal("1e-12")
_HELD = 1000
ZERO = Decimal(0)
Key = tuple[str, str]
"""The venue, in lower case, and the instrument."""


class Positions(Rule):
    """A position's size after its trades is the size before, and what they traded."""

    NAME = "positions"
    VERSION = 2
    TYPES = frozenset((_TRADE,))
    IS_OF_SNAPSHOTS = True
    CHECKS = (
        "the size that the first snapshot after a perpetual's trades shows is the size after the"
        " trades before, plus or minus theirs; zero, or nothing, where all is closed"
    )
    WHY = "a size that no trade explains is a trade that nobody logged, or one that never was"
    TOLERANCE = "exact; where floats were added, 1e-12 of the largest"

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._wrong: list[tuple[Key, Decimal, Finding]] = []
        """What is wrong and by how much, until the end: another position may lack just that."""
        self._sizes: dict[Key, Decimal] = {}
        self._expected: dict[Key, Decimal] = {}
        """Where a snapshot showed another size: should the next agree with this, it alone was
        wrong."""
        self._open: dict[Key, _Traded] = {}
        self._shown: Mapping[str, Any] | None = None
        """The positions of the first snapshot that shows any part of them: what trades start
        from."""

    def event(self, event: AuditedEvent) -> Iterable[Finding]:
        """A trade is noted; a snapshot after it is compared."""
        now = event.now
        if now is None:
            return NOTHING
        if now.get("event_type") == _TRADE:
            self._note(event, now)
        is_first = self._shown is None
        if not (self._open or is_first):
            return NOTHING
        shown = positions_shown(now)
        if shown is None:
            return NOTHING
        if is_first:
            self._shown = shown
        return self._all_compared(event, shown)

    def _all_compared(self, event: AuditedEvent, shown: Mapping[str, Any]) -> Iterator[Finding]:
        at = self._shown_at(event)
        for key, traded in list(self._open.items()):
            if at is None or (traded.is_settled and traded.settled <= at):
                del self._open[key]
                yield from self._compared(event.order, key, traded, shown)

    def end(self) -> Iterator[Finding]:
        """What is wrong, and what no snapshot has shown."""
        yield from (wrong for _, _, wrong in self._wrong)
        for (venue, instrument), traded in self._open.items():
            self.could_not(
                traded.orders, f"no snapshot shows {perp_account(venue, instrument)} afterwards"
            )

    def _note(self, event: AuditedEvent, now: Record) -> None:
        venue, instrument = now.get("venue"), extras_of(now).get("instrument")
        if not isinstance(venue, str) or not isinstance(instrument, str):
            self.could_not([event.order], "it names no instrument")
            return
        self.looked_at += 1
        key = (venue.lower(), instrument)
        if key not in self._sizes and key not in self._open and self._shown is not None:
            self._sizes[key] = size_shown(self._shown, key)[0]
        change = sum((one.amount for one in movements(now) if one.asset == SIZE), ZERO)
        if not change and "side" in untold_fields(now):
            self.could_not([event.order], "it does not tell its side")
            self._sizes.pop(key, None)
            return
        has_floats = any(type(now.get(name)) is float for name in ("amount", "filled_amount"))
        traded = _Traded(
            (event.order,),
            change,
            _settled(event),
            now.get("status") not in OPEN_STATUSES,
            has_floats,
        )
        before = self._open.get(key)
        self._open[key] = traded if before is None else before.with_(traded)

    def _shown_at(self, event: AuditedEvent) -> int | None:
        """When the snapshot of an event was taken; None in a backtest, where all is done at once.

        That of an update is taken with the update.
        """
        if self.log.mode == "backtest":
            return None
        taken: object = (event.record or {}).get("recorded_at")
        for transition in event.transitions:
            step = transition.record or {}
            if "position_snapshot" in (step.get("changes") or {}):
                taken = step.get("recorded_at")
        return microseconds(taken) or 0

    def _compared(
        self, order: int, key: Key, traded: _Traded, shown: Mapping[str, Any]
    ) -> Iterator[Finding]:
        found, is_float = size_shown(shown, key)
        before, otherwise = self._sizes.get(key), self._expected.pop(key, None)
        self._sizes[key] = found
        if before is None:
            if found != traded.change:
                self.could_not(traded.orders, "it is not known what was held before")
            return
        has_floats = is_float or traded.has_floats
        if otherwise is not None and self._agree(otherwise, traded.change, found, has_floats):
            return
        expected = EXACT.add(before, traded.change)
        if not self._agree(before, traded.change, found, has_floats):
            self._expected[key] = expected
            account = perp_account(*key)
            allowed = self._allowed(before, expected, found, has_floats)
            orders = traded.orders if traded.orders[-1] == order else (*traded.orders, order)
            wrong = self.error(
                orders,
                f"{account} is {found} after order {orders[-1]}, where {before} and the trades"
                f" since make {expected}",
                expected=expected,
                found=found,
                field=f"{account}.{SIZE}",
                tolerance=str(allowed) if allowed else None,
            )
            yield from self._held_back(key, EXACT.subtract(found, expected), wrong)

    def _held_back(self, key: Key, off: Decimal, wrong: Finding) -> Iterator[Finding]:
        """A trade under another venue: what one position has too much, another's lacks later."""
        venue, instrument = key
        for place, (other, by, former) in enumerate(self._wrong):
            if other[1] == instrument and other[0] != venue and by == -off:
                message = f"{former.message}; {perp_account(*key)} lacks it at {wrong.orders[-1]}"
                self._wrong[place] = (other, ZERO, replace(former, message=message))
                return
        self._wrong.append((key, off, wrong))
        if len(self._wrong) > _HELD:
            yield self._wrong.pop(0)[2]

    def _agree(self, before: Decimal, change: Decimal, found: Decimal, floats: bool) -> bool:
        expected = EXACT.add(before, change)
        difference = EXACT.subtract(expected, found).copy_abs()
        return difference <= self._allowed(before, expected, found, floats)

    def _allowed(self, before: Decimal, expected: Decimal, found: Decimal, floats: bool) -> Decimal:
        largest = max(before.copy_abs(), expected.copy_abs(), found.copy_abs())
        given = self.log.options.tolerance
        if given is not None:
            return EXACT.multiply(given, largest)
        return EXACT.multiply(_FLOATS, largest) if floats else ZERO


class _Traded(NamedTuple):
    """Trades of one instrument that no snapshot has shown yet."""

    orders: tuple[int, ...]
    change: Decimal
    settled: int
    is_settled: bool
    has_floats: bool

    def with_(self, other: _Traded) -> _Traded:
        """Both, one after the other."""
        return _Traded(
            (*self.orders[-999:], *other.orders),
            EXACT.add(self.change, other.change),
            max(self.settled, other.settled),
            self.is_settled and other.is_settled,
            self.has_floats or other.has_floats,
        )


def _settled(event: AuditedEvent) -> int:
    """When the trade was last heard of, in microseconds since 1970."""
    last = event.transitions[-1].record if event.transitions else event.record
    return microseconds((last or {}).get("recorded_at")) or 0


def positions_shown(now: Record) -> Mapping[str, Any] | None:
    """The perpetual positions that the event's snapshot shows; None where it has none."""
    snapshot = now.get("position_snapshot")
    positions = snapshot.get("perp_positions") if isinstance(snapshot, dict) else None
    return positions if isinstance(positions, dict) else None


def size_shown(shown: Mapping[str, Any], key: Key) -> tuple[Decimal, bool]:
    """The size that is shown, zero where none is; and whether it is a float."""
    venue, instrument = key
    for name, positions in shown.items():
        if name.lower() == venue and isinstance(positions, dict):
            position = positions.get(instrument)
            size = position.get(SIZE) if isinstance(position, dict) else None
            return decimal_of(size) or ZERO, type(size) is float
    return ZERO, False
