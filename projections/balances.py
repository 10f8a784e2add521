"""Balances recomputed from the events alone, to hold against the snapshots that they carry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Self, TypeGuard, TypeVar

from domain.accounts import SIZE, WALLET, account_of, decimals_of, perp_account, scaled_token
from domain.effects import UNDONE, filled, is_inverse, movements, settled_in, trade_sign
from domain.event_values import EXACT, EventMapping, EventValues, decimal_of

ENTRY_PRICE = "entry_price"
"""What a perpetual's account holds beside its size: the average price at which it was opened."""

ZERO = Decimal(0)
_OF_A_POSITION = (SIZE, ENTRY_PRICE)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Difference:
    """A balance that the events do not explain; order 0 is an event that is not logged yet."""

    order: int
    balance: str
    recomputed: Decimal
    logged: Decimal


class Balances:
    """Folds events into balances by `account.asset`, such as `WALLET.ETH` or `binance.USDT`.

    A perpetual has `binance.ETHUSDT-PERP.size` and `.entry_price`; what closing a part of it
    realises goes to the account of its quote. Balances are exact; the average entry price and the
    realised profit are cut to the decimals of the quote, as exchanges state them.
    """

    def __init__(self, held: Mapping[str, Decimal] | None = None) -> None:
        self.balances: defaultdict[str, Decimal] = defaultdict(Decimal, held or {})
        self.misstated: list[Difference] = []
        """Events whose own amount is not what their other fields and the balances give."""

    def fold(self, events: Iterable[EventMapping]) -> Self:
        """Book the events, in order."""
        for event in events:
            self.apply(event)
        return self

    def apply(self, event: EventMapping) -> None:
        """Book one event; one that moves nothing changes nothing."""
        event_type = event["event_type"]
        if event_type == "TRADE_EXECUTED":
            self._average(EventValues(event))
        elif event_type == "FUNDING_PAYMENT":
            self._expect_funding(EventValues(event))
        for one in movements(event):
            self._add(f"{one.account}.{one.asset}", one.amount)
        if event_type == "BALANCE_CHANGE":
            self._expect_interest(EventValues(event))

    def differences(self, order: int, snapshot: Mapping[str, Any]) -> list[Difference]:
        """Where the snapshot says something else, be it in the last digit.

        A part of the snapshot that is not there (`wallet`, `cex_accounts`, `perp_positions`) says
        nothing; in a part that is there, what is not named is zero.
        """
        logged = dict(flat_balances(snapshot))
        names = {name for name in self.balances if _is_shown(name, snapshot, logged)}
        return [
            Difference(order, name, self.balances.get(name, ZERO), logged.get(name, ZERO))
            for name in sorted(logged.keys() | names)
            if self.balances.get(name, ZERO) != logged.get(name, ZERO)
        ]

    def _add(self, name: str, amount: Decimal) -> None:
        self.balances[name] = EXACT.add(self.balances[name], amount)

    def _average(self, values: EventValues) -> None:
        """Average the entry price of what a trade opens, realise the profit of what it closes."""
        venue, instrument = values.given_text("venue"), values.given_text("instrument")
        sign, amount = trade_sign(values), filled(values)
        price = values.number("average_price", ENTRY_PRICE)
        if not (venue and instrument and sign and amount and price is not None):
            return
        if values.get("status") in UNDONE or is_inverse(values):
            return
        account, quote = perp_account(venue, instrument), settled_in(values)
        size, entry = self.balances[f"{account}.{SIZE}"], self.balances[f"{account}.{ENTRY_PRICE}"]
        after = EXACT.add(size, EXACT.multiply(sign, amount))
        if size == 0 or (size > 0) == (sign > 0):
            notional = abs(Fraction(size)) * Fraction(entry) + Fraction(amount) * Fraction(price)
            entry = _cut(notional / abs(Fraction(after)), quote)
        else:
            closed = min(abs(Fraction(size)), Fraction(amount))
            gain = closed * (Fraction(price) - Fraction(entry)) * (1 if size > 0 else -1)
            if quote is not None:
                self._add(f"{venue.lower()}.{quote}", _cut(gain, quote))
            if after == 0 or (after > 0) != (size > 0):
                entry = price if after else ZERO
        self.balances[f"{account}.{ENTRY_PRICE}"] = entry

    def _expect_funding(self, values: EventValues) -> None:
        paid = values.given_number("pnl_usd")
        if paid is not None:
            self._expect(values, "funding amount", paid.copy_abs())

    def _expect_interest(self, values: EventValues) -> None:
        """Interest is what a scaled balance is worth more when its index has grown."""
        scaled, token = values.given_text("scaled_token"), values.given_text("token")
        before, index = values.given_number("previous_index"), values.given_number("index")
        if scaled and token and before is not None and index is not None:
            held = Fraction(self.balances[f"{WALLET}.{scaled}"])
            self._expect(
                values, "interest", _cut(held * (Fraction(index) - Fraction(before)), token)
            )

    def _expect(self, values: EventValues, what: str, recomputed: Decimal) -> None:
        logged = values.given_number("amount") or ZERO
        if logged != recomputed:
            # An event that is about to be logged has no order yet.
            self.misstated.append(Difference(values.get("order") or 0, what, recomputed, logged))


def check_balances(events: Iterable[EventMapping]) -> list[Difference]:
    """Recompute every balance along the log: every difference to a snapshot on the way.

    The events are as reading gives them. A wrapper's snapshot is the state after its whole bundle,
    so it is held against the balances after the last of its details.
    """
    balances = Balances()
    differences: list[Difference] = []
    wrappers: list[EventMapping] = []
    for event in events:
        while wrappers and event["parent_event"] != wrappers[-1]["order"]:
            differences += _differences(balances, wrappers.pop())
        balances.apply(event)
        if event.get("detail_orders"):
            wrappers.append(event)
        else:
            differences += _differences(balances, event)
    while wrappers:
        differences += _differences(balances, wrappers.pop())
    return differences + balances.misstated


def _differences(balances: Balances, event: EventMapping) -> list[Difference]:
    snapshot = event["wallet_balance_after"]
    return [] if snapshot is None else balances.differences(event["order"], snapshot)


def flat_balances(snapshot: Mapping[str, Any]) -> Iterator[tuple[str, Decimal]]:
    """The snapshot's balances under the names that `Balances` has for them.

    What is no number, and what is beyond the snapshot's documented shape, is left out.
    """
    return flat_numbers(snapshot, decimal_of)


def flat_numbers(
    snapshot: Mapping[str, Any], number: Callable[[Any], T | None]
) -> Iterator[tuple[str, T]]:
    """`flat_balances` as `number` makes them of what the snapshot holds; None is left out."""
    for name, raw in shown_balances(snapshot).items():
        made = number(raw)
        if made is not None:
            yield name, made


def shown_balances(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """What the snapshot holds, be it no number, by the names of `flat_balances`."""
    shown = {f"{WALLET}.{asset}": raw for asset, raw in _of(snapshot, "wallet").items()}
    for venue, balances in _of(snapshot, "cex_accounts").items():
        account = account_of(venue)
        for asset, raw in (balances if _is_mapping(balances) else {}).items():
            shown[f"{account}.{asset}"] = raw
    for venue, positions in _of(snapshot, "perp_positions").items():
        for instrument, position in (positions if _is_mapping(positions) else {}).items():
            account = perp_account(venue, instrument)
            for asset in _OF_A_POSITION if _is_mapping(position) else ():
                if asset in position:
                    shown[f"{account}.{asset}"] = position[asset]
    return shown


def as_booked(
    shown: dict[str, T], booked: Mapping[str, Any], *, or_may_be: bool = False
) -> dict[str, T]:
    """What a snapshot shows, with AAVE's tokens under the names under which they were booked.

    A snapshot may have them as their contracts do, `aEthweETH`, or in another case than the log.
    With `or_may_be`, what was not booked yet is called as it then will be.
    """
    named: dict[str, T] = {}
    for name, amount in shown.items():
        account, _, asset = name.rpartition(".")
        if account == WALLET and name not in booked:
            other = f"{account}.{scaled_token(asset)}"
            is_free = other not in shown and other not in named
            name = other if is_free and (or_may_be or other in booked) else name
        named[name] = amount
    return named


def _of(snapshot: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = snapshot.get(name)
    return part if _is_mapping(part) else {}


def _is_mapping(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return type(value) is dict or isinstance(value, Mapping)


def _is_shown(name: str, snapshot: Mapping[str, Any], logged: Mapping[str, Decimal]) -> bool:
    """Whether the snapshot would show this balance if it were not zero."""
    account, _, asset = name.rpartition(".")
    if asset == ENTRY_PRICE and name not in logged and f"{account}.{SIZE}" in logged:
        return False
    return part_of(name) in snapshot


def part_of(name: str) -> str:
    """The part of a snapshot that shows the balance."""
    account, _, asset = name.rpartition(".")
    if account == WALLET:
        return "wallet"
    return "perp_positions" if asset in (SIZE, ENTRY_PRICE) else "cex_accounts"


def _cut(value: Fraction, token: str | None) -> Decimal:
    """The value towards zero, at the decimals of the token."""
    decimals = 18 if token is None else decimals_of(token)
    return EXACT.scaleb(Decimal(int(value * 10**decimals)), -decimals)
