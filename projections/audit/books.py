"""What a log's events give of each balance, held against what its snapshots show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from domain.accounts import SIZE, decimals_of, perp_account
from domain.effects import Movement, is_inverse, movements, settled_in
from domain.event_values import EXACT, EventValues, decimal_of, extras_of
from projections.audit.accrual import Accruals, accrues
from projections.audit.figures import FLOAT_PART, ZERO, Figure, quotient
from projections.audit.figures import shown as as_shown
from projections.audit.rule import AuditOptions
from projections.audit.untold import TELLING_ONLY, Untold, names_of
from projections.balances import ENTRY_PRICE, Balances, as_booked, part_of, shown_balances

_PARTS = ("wallet", "cex_accounts", "perp_positions")
_ENTRY = f".{ENTRY_PRICE}"
_NONE = Figure(ZERO, False)


class Off(NamedTuple):
    """A balance that the events do not give; `last_good` is the order at which it was right."""

    name: str
    expected: Decimal
    found: Decimal
    allowed: Decimal
    tolerance: str
    last_good: int | None


@dataclass
class Since:
    """What happened to a balance since it was shown last."""

    at: int | None = None
    shown: Decimal = ZERO
    is_float: bool = False
    moved: Decimal = ZERO
    """The sum of all magnitudes: what an error of floats is a part of."""
    computed: int = 0
    """How many of the moves no field tells: they follow from others, and the venue rounded them."""


class Books:
    """Balances by `account.asset`, as `projections.balances` names them, and how sure they are."""

    def __init__(self, options: AuditOptions) -> None:
        self._options = options
        self._balances = Balances()
        self._otherwise: Balances | None = None
        """What the events give where the last snapshot differed: that may have been wrong."""
        self._accruals = Accruals()
        self._known: set[str] = set()
        self._since: dict[str, Since] = {}
        self._untold = Untold()
        self._last: Mapping[str, Any] | None = None
        self._alike = (0, 0)
        """The first and the last order that showed what `_last` does."""
        self._adrift: set[str] = set()
        self._former: tuple[Mapping[str, Any], list[str]] | None = None
        """What the last snapshot showed, and which parts it had; None where it was not right."""
        self._behind: set[str] = set()
        """What the last snapshot did not show."""
        self._moved: set[str] = set()
        """What moved since."""

    def book(self, event: Mapping[str, Any]) -> None:
        """Book an event that happened."""
        if event["event_type"] in TELLING_ONLY and "scaled_token" not in extras_of(event):
            return
        values, moved = EventValues(event), movements(event)
        if self._otherwise is not None:
            self._otherwise.apply(event)
        if event["event_type"] == "TRADE_EXECUTED":
            self._trade(event, values, moved)
        else:
            self._balances.apply(event)
        self._balances.misstated.clear()
        self._accruals.book(values)
        self._untold.note(event)
        is_computed = event["event_type"] == "SPOT_TRADE" and values.get("quote_amount") is None
        is_float = isinstance(values.get("amount"), float)
        for one in moved:
            is_product = is_computed and one.asset != values.get("token")
            self._note(f"{one.account}.{one.asset}", one.amount, is_float, is_product)
        if moved or values.get("scaled_token"):
            self._last = None

    def take_back(self, event: Mapping[str, Any]) -> None:
        """Book that an event that was booked did not come about after all.

        What a perpetual's trade averaged and realised cannot be taken out again: of all that it
        moved, it is gone on from what is shown next.
        """
        self._last = None
        if event["event_type"] == "TRADE_EXECUTED":
            self._adrift.update(names_of(event))
            return
        self._accruals.book(EventValues(event), -1)
        for one in movements(event):
            name, back = f"{one.account}.{one.asset}", one.amount.copy_negate()
            self._note(name, back, False, False)
            for balances in filter(None, (self._balances, self._otherwise)):
                balances.balances[name] = EXACT.add(balances.balances[name], back)

    def _trade(
        self, event: Mapping[str, Any], values: EventValues, moved: tuple[Movement, ...]
    ) -> None:
        """A perpetual's trade: what it realises is as it tells, where that may be so."""
        venue, instrument = values.given_text("venue") or "", values.given_text("instrument")
        balances, account = self._balances.balances, perp_account(venue, instrument or "")
        name, of_size = f"{venue.lower()}.{settled_in(values)}", f"{account}.{SIZE}"
        size, entry, before = balances[of_size], balances[account + _ENTRY], balances[name]
        self._balances.apply(event)
        told = sum((one.amount for one in moved if f"{one.account}.{one.asset}" == name), ZERO)
        realised = EXACT.subtract(EXACT.subtract(balances[name], before), told)
        given = values.given_number("realised_pnl_usd")
        if given is not None and abs(EXACT.subtract(given, realised)) <= _unit_of(name):
            balances[name] = EXACT.add(balances[name], EXACT.subtract(given, realised))
            self._moved.add(name)
        elif realised:
            self._note(name, realised, False, True)
        after, price = balances[of_size], values.number("average_price", ENTRY_PRICE)
        is_averaged = size * after > ZERO and abs(after) > abs(size)
        if is_inverse(values):
            self._adrift.add(account + _ENTRY)
        elif is_averaged and price is not None:
            # Each venue cuts an average where it likes: it is compared as it is shown.
            added = EXACT.multiply(EXACT.subtract(after, size), price)
            paid = EXACT.add(EXACT.multiply(size, entry), added)
            balances[account + _ENTRY] = quotient(paid, after)
        self._note(account + _ENTRY, ZERO, False, is_averaged)

    def suppose(self, lacking: Mapping[str, Decimal]) -> None:
        """Note what the last snapshot may have lacked: the next may have it again."""
        self._otherwise = Balances(self._balances.balances)
        for name, amount in lacking.items():
            held = self._otherwise.balances[name]
            self._otherwise.balances[name] = EXACT.add(held, amount)
        self._former = None

    def is_as_before(self, order: int, snapshot: object) -> bool:
        """Whether it shows what the last one did, and nothing has moved since: that is right."""
        is_alike = self._last is not None and _is_same(snapshot, self._last)
        if is_alike:
            self._alike = (self._alike[0], order)
        return is_alike

    def compare(
        self, order: int, snapshot: Mapping[str, Any], in_flight: Mapping[str, int]
    ) -> Iterator[Off | str]:
        """Each balance that differs, or why it cannot be judged; then goes on from what was shown.

        What is `in_flight` may be in the snapshot or not: it is judged by one that comes after.
        """
        if self.is_as_before(order, snapshot):
            return
        held = self._balances.balances
        shown = as_booked(shown_balances(snapshot), held, or_may_be=True)
        parts = [part for part in _PARTS if isinstance(snapshot.get(part), Mapping)]
        names = self._in_question(shown, parts) if not in_flight else None
        behind: set[str] = set() if names is None else self._behind
        before, is_off = dict(held), False
        for name in sorted(shown.keys() | held.keys() if names is None else names):
            part = part_of(name)
            if part not in parts or in_flight.get(name):
                behind.add(name)
                continue
            found = Figure.of(shown.get(name)) or _NONE
            if name.endswith(_ENTRY) and not _shows_entry(name, shown):
                found = Figure(held[name], False)
            elif part in self._known and name not in self._adrift:
                for one in self._compared(name, found):
                    is_off = is_off or isinstance(one, Off)
                    yield one
            else:
                self._accruals.show(name, ZERO, False)
            self._adrift.discard(name)
            held[name] = found.value
            self._since[name] = Since(order, found.value, found.is_float)
        self._alike = (order, order)
        self._known.update(parts)
        self._otherwise = Balances(before) if is_off else None
        self._untold = self._untold.of_those(in_flight)
        self._last = None if in_flight else snapshot
        self._former = None if in_flight or is_off else (shown, parts)
        self._behind = behind
        self._moved.clear()

    def _in_question(self, shown: Mapping[str, Any], parts: list[str]) -> set[str] | None:
        """The balances that moved, are shown otherwise than before, or may accrue.

        All others were right, and are as they were. None where it cannot be gone on from the
        snapshot before: all are in question.
        """
        former = self._former
        if former is None or former[1] != parts or self._adrift:
            return None
        before = former[0]
        names = {name for name, raw in shown.items() if not _is_same(before.get(name), raw)}
        names.update(before.keys() - shown.keys(), self._moved, filter(accrues, shown))
        for name in list(names):
            account, _, asset = name.rpartition(".")
            if asset == SIZE:
                names.add(account + _ENTRY)
        return names

    def _compared(self, name: str, found: Figure) -> Iterator[Off | str]:
        expected = self._balances.balances[name]
        since = self._since.get(name) or Since()
        allowed, tolerance = self._allowed(name, since, found)
        is_right: bool | None = _are_near(found.value, expected, allowed)
        if accrues(name):
            is_as_scaled = bool(is_right) and not self._accruals.is_worth(name)
            if not is_as_scaled:
                is_right = self._accruals.allows(name, since.shown, expected, found.value)
            self._accruals.show(name, since.shown, is_as_scaled)
        if is_right or self._is_otherwise(name, found, allowed):
            return
        if is_right is None:
            yield f"no index tells what {name} accrued"
        elif self._untold.covers(name):
            yield f"an event does not tell by how much it moved {name}"
        else:
            told = as_shown(expected, found) if name.endswith(_ENTRY) else expected
            is_shown = since.at is not None and name not in self._behind
            good = self._alike[1] if is_shown else since.at
            yield Off(name, told, found.value, allowed, tolerance, good)

    def _is_otherwise(self, name: str, found: Figure, allowed: Decimal) -> bool:
        """Whether it is what it would be, had the snapshot before not been wrong."""
        if self._otherwise is None:
            return False
        return _are_near(found.value, self._otherwise.balances.get(name, ZERO), allowed)

    def _allowed(self, name: str, since: Since, found: Figure) -> tuple[Decimal, str]:
        asked = self._options.tolerance
        if asked is not None:
            expected = self._balances.balances[name].copy_abs()
            larger = max(expected, found.value.copy_abs())
            return asked * larger, f"{asked} of the larger figure, as asked for"
        allowed, tolerance = ZERO, "exact"
        if since.computed:
            allowed = since.computed * (found.unit if name.endswith(_ENTRY) else _unit_of(name))
            tolerance = f"{allowed:f}, a unit of the last place for each amount that was rounded"
        if since.is_float or found.is_float:
            bound = FLOAT_PART * (since.moved + since.shown.copy_abs() + found.value.copy_abs())
            if bound > allowed:
                allowed, tolerance = bound, f"{bound:.3g}, {FLOAT_PART} of what was held and moved"
        return allowed, tolerance

    def _note(self, name: str, amount: Decimal, is_float: bool, is_computed: bool) -> None:
        self._moved.add(name)
        since = self._since.setdefault(name, Since())
        since.moved = EXACT.add(since.moved, amount.copy_abs())
        since.is_float = since.is_float or is_float
        since.computed += is_computed


def _is_same(one: object, other: object) -> bool:
    try:
        return one is other or one == other
    except ArithmeticError:
        # A signalling NaN refuses to be compared.
        return False


def _shows_entry(name: str, shown: Mapping[str, Any]) -> bool:
    """Whether an entry price that is not there, or another one, would say something."""
    size = decimal_of(shown.get(name.removesuffix(_ENTRY) + f".{SIZE}"))
    return size is None or bool(size and decimal_of(shown.get(name)) is not None)


def _are_near(one: Decimal, other: Decimal, allowed: Decimal) -> bool:
    return one == other or abs(EXACT.subtract(one, other)) <= allowed


def _unit_of(name: str) -> Decimal:
    return Decimal((0, (1,), -decimals_of(name.rpartition(".")[2])))
