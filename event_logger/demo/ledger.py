"""Balances recomputed from the events alone, to hold against the snapshots that they carry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

from event_logger.demo.venues import INSTRUMENT, ZERO, eth, usdt

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """A balance that the events do not explain."""

    order: int
    balance: str
    recomputed: Decimal
    logged: Decimal


class Ledger:
    """Folds events into balances by `account.token`, and shorts by `venue.ETHUSDT-PERP.size`."""

    def __init__(self) -> None:
        self.balances: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.misstated: list[Difference] = []

    def apply(self, event: Event) -> None:
        """Book one event; a type that moves no money changes nothing."""
        book = _RULES.get(event["event_type"])
        if book is not None:
            book(self, event)

    def differences(self, order: int, snapshot: Mapping[str, Any]) -> list[Difference]:
        """Where the snapshot says something else, be it in the last digit."""
        logged = dict(flat_balances(snapshot))
        return [
            Difference(order, name, self.balances[name], logged.get(name, ZERO))
            for name in sorted(logged.keys() | self.balances.keys())
            if self.balances[name] != logged.get(name, ZERO)
        ]

    def _move(self, account: str, token: Any, amount: Any) -> None:
        self.balances[f"{account}.{token}"] += _decimal(amount)

    def _transfer(self, event: Event) -> None:
        self._move(event["from_venue"], event["token"], -_decimal(event["amount"]))
        self._move(event["to_venue"], event["token"], event["amount"])

    def _spot(self, event: Event) -> None:
        account, sign = event["venue"].lower(), 1 if event["side"] == "BUY" else -1
        cost = _decimal(event["execution_cost_usd"] or ZERO)
        self._move(account, event["token"], sign * _decimal(event["amount"]))
        self._move(account, "USDT", -sign * _decimal(event["quote_amount"]) - cost)

    def _perp(self, event: Event) -> None:
        account = event["venue"].lower()
        size, entry = f"{account}.{INSTRUMENT}.size", f"{account}.{INSTRUMENT}.entry_price"
        short, amount, price = -self.balances[size], _decimal(event["amount"]), event["entry_price"]
        realised = ZERO
        if event["side"] == "SHORT":
            notional = short * self.balances[entry] + amount * _decimal(price)
            self.balances[entry] = usdt(notional / (short + amount))
            short += amount
        else:
            realised = usdt(amount * (self.balances[entry] - _decimal(price)))
            short -= amount
        self._move(account, "USDT", realised - _decimal(event["execution_cost_usd"]))
        self.balances[size] = -short
        if short == 0:
            self.balances[entry] = ZERO

    def _staked(self, event: Event) -> None:
        self._move("WALLET", event["input_token"], -_decimal(event["amount"]))
        self._move("WALLET", event["output_token"], event["amount_out"])

    def _supplied(self, event: Event) -> None:
        self._move("WALLET", event["token"], -_decimal(event["amount"]))
        self._move("WALLET", "aWeETH", event["atoken_received"])

    def _withdrawn(self, event: Event) -> None:
        self._move("WALLET", event["token"], event["amount"])
        self._move("WALLET", "aWeETH", -_decimal(event["atoken_burned"]))

    def _borrowed(self, event: Event) -> None:
        self._move("WALLET", event["token"], event["amount"])
        self._move("WALLET", "variableDebtWETH", event["debt_token_received"])

    def _repaid(self, event: Event) -> None:
        self._move("WALLET", event["token"], -_decimal(event["amount"]))
        self._move("WALLET", "variableDebtWETH", -_decimal(event["debt_token_burned"]))

    def _flash_borrowed(self, event: Event) -> None:
        self._move("WALLET", event["token"], event["amount"])

    def _flash_repaid(self, event: Event) -> None:
        paid = _decimal(event["amount"]) + _decimal(event["fee_paid"])
        self._move("WALLET", event["token"], -paid)

    def _gas(self, event: Event) -> None:
        self._move("WALLET", "ETH", -_decimal(event["amount"]))

    def _funding(self, event: Event) -> None:
        self._move(event["venue"].lower(), "USDT", event["pnl_usd"])
        self._expect(event, "funding amount", abs(_decimal(event["pnl_usd"])))

    def _changed(self, event: Event) -> None:
        for token, amount in event["changes"].items():
            self._move("WALLET", token, amount)
        if event.get("scaled_token") is not None:
            step = _decimal(event["index"]) - _decimal(event["previous_index"])
            interest = eth(self.balances[f"WALLET.{event['scaled_token']}"] * step)
            self._expect(event, "interest", interest)

    def _expect(self, event: Event, what: str, recomputed: Decimal) -> None:
        logged = _decimal(event["amount"])
        if logged != recomputed:
            # An event that is about to be logged has no order yet.
            self.misstated.append(Difference(event.get("order", 0), what, recomputed, logged))


_RULES: dict[str, Callable[[Ledger, Event], None]] = {
    "VENUE_TRANSFER": Ledger._transfer,
    "SPOT_TRADE": Ledger._spot,
    "TRADE_EXECUTED": Ledger._perp,
    "STAKE_DEPOSIT": Ledger._staked,
    "STAKE_WITHDRAWAL": Ledger._staked,
    "COLLATERAL_SUPPLIED": Ledger._supplied,
    "COLLATERAL_WITHDRAWN": Ledger._withdrawn,
    "LOAN_CREATED": Ledger._borrowed,
    "LOAN_REPAID": Ledger._repaid,
    "FLASH_BORROW": Ledger._flash_borrowed,
    "FLASH_REPAID": Ledger._flash_repaid,
    "GAS_FEE_PAID": Ledger._gas,
    "FUNDING_PAYMENT": Ledger._funding,
    "BALANCE_CHANGE": Ledger._changed,
}


def check_balances(events: Iterable[Event]) -> list[Difference]:
    """Walk the log and recompute every balance; every difference to a snapshot on the way.

    A wrapper's snapshot is the state after its whole bundle, so it is held against the balances
    after the last of its details.
    """
    # As wide as in the run itself: a product of two balances outgrows the default of 28 digits.
    with localcontext() as context:
        context.prec = 60
        return _check(events)


def _check(events: Iterable[Event]) -> list[Difference]:
    ledger = Ledger()
    differences: list[Difference] = []
    wrapper: Event | None = None
    for event in events:
        if wrapper is not None and event["parent_event"] is None:
            differences += ledger.differences(wrapper["order"], wrapper["wallet_balance_after"])
            wrapper = None
        ledger.apply(event)
        if event.get("detail_orders"):
            wrapper = event
        elif event["wallet_balance_after"] is not None:
            differences += ledger.differences(event["order"], event["wallet_balance_after"])
    if wrapper is not None:
        differences += ledger.differences(wrapper["order"], wrapper["wallet_balance_after"])
    return differences + ledger.misstated


def flat_balances(snapshot: Mapping[str, Any]) -> Iterable[tuple[str, Decimal]]:
    """The snapshot's balances under the ledger's names."""
    for token, amount in snapshot["wallet"].items():
        yield f"WALLET.{token}", _decimal(amount)
    for venue, balances in snapshot["cex_accounts"].items():
        for token, amount in balances.items():
            yield f"{venue}.{token}", _decimal(amount)
    for venue, positions in snapshot["perp_positions"].items():
        for instrument, position in positions.items():
            yield f"{venue}.{instrument}.size", _decimal(position["size"])
            yield f"{venue}.{instrument}.entry_price", _decimal(position["entry_price"])


def _decimal(number: Any) -> Decimal:
    return number if isinstance(number, Decimal) else Decimal(str(number))
