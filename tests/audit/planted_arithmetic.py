"""Faults of the figures of single events: gas, trades, funding, lending, staking, fills."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from tests.audit.changes import Change, Orders, all_of, as_in_another, as_is, at_one, off, one_of
from tests.audit.changes import times as times_so_many
from tests.audit.planting import BACKTEST, LIVE, Event, Plant, Run, order_in

GAS, FUNDING = "GAS_FEE_PAID", "FUNDING_PAYMENT"
SUPPLIED, WITHDRAWN = "COLLATERAL_SUPPLIED", "COLLATERAL_WITHDRAWN"
CREATED, REPAID = "LOAN_CREATED", "LOAN_REPAID"
LENDING = (SUPPLIED, WITHDRAWN, CREATED, REPAID)
STAKED, UNSTAKED = "STAKE_DEPOSIT", "STAKE_WITHDRAWAL"
RECONCILED = "HOURLY_RECONCILIATION"
PERP, SPOT = "TRADE_EXECUTED", "SPOT_TRADE"


def _stale_price(run: Run, random: Random) -> Orders:
    """Gas in USD at the price of the hour before."""
    for event in one_of(run, random, GAS):
        before = [one for one in run[: order_in(run, event)] if one["event_type"] == "PRICE_UPDATE"]
        if len(before) < 2 or before[-1]["timestamp"] != event["timestamp"]:
            continue
        stale = (event["gas_cost_eth"] * before[-2]["price_usd"]).quantize(Decimal("1e-6"))
        if abs(stale - event["gas_cost_usd"]) > Decimal("1e-5"):
            event["gas_cost_usd"] = stale
            return (order_in(run, event),)
    return None


def _receipt(event: Event) -> bool:
    """The cost that comes with the receipt is of another transaction."""
    confirmed = [one for one in event.get("updates", ()) if one.get("gas_cost_eth")]
    for one in confirmed:
        one["gas_cost_eth"] *= 2
    return bool(confirmed)


def _units_as_wei(event: Event) -> bool:
    event["gas_cost_wei"] = event["gas_units"]
    return True


def _turned(*names: str) -> Change:
    """The sign of each is turned; what is PAID was RECEIVED."""

    def change(event: Event) -> bool:
        for name in names:
            value = event.get(name)
            if not value:
                return False
            if name == "pnl_type":
                event[name] = "PAID" if value == "RECEIVED" else "RECEIVED"
            else:
                event[name] = -value
        return True

    return change


def _index_falls(run: Run, random: Random) -> Orders:
    for event in one_of(run, random, *LENDING):
        name = "borrow_index" if event.get("borrow_index") else "liquidity_index"
        kinds = (
            (SUPPLIED, WITHDRAWN) if event["event_type"] in (SUPPLIED, WITHDRAWN) else LENDING[2:]
        )
        if any(one["event_type"] in kinds for one in run[: order_in(run, event) - 1]):
            event[name] -= Decimal("0.001")
            return (order_in(run, event),)
    return None


def _accruals(run: Run) -> list[Event]:
    return [one for one in run if one.get("scaled_token") and one["amount"]]


def _accrued(change: Change, *, is_first: bool = True) -> Any:
    """Plants a change at one of the events that tell of interest."""

    def plant(run: Run, random: Random) -> Orders:
        event = random.choice(_accruals(run)[0 if is_first else 2 :])
        return None if change(event) is False else (order_in(run, event),)

    return plant


def _index_below(event: Event) -> bool:
    event["index"] = event["previous_index"] - Decimal("1e-9")
    return True


def _filled(place: int, **told: Callable[[Event, list[Event]], Any]) -> Change:
    """What is stored of one of the parts in which an order was filled."""

    def change(event: Event) -> bool:
        parts = [one for one in event.get("updates", ()) if one.get("filled_amount")]
        if len(parts) < max(2, place + 1):
            return False
        part = parts[place]
        changes = {name: one for name, one in part.items() if name not in ("at", "status")}
        values = {name: value(event, parts) for name, value in told.items()}
        part["stored"] = {"changes": changes | values}
        return True

    return change


def _half_of_the_one_before(event: Event, parts: list[Event]) -> Decimal:
    return Decimal(parts[-2]["filled_amount"] / 2)


FILLS = {
    "a fill that shrinks": _filled(-1, filled_amount=_half_of_the_one_before),
    "more filled than ordered": _filled(-1, filled_amount=lambda event, _: event["amount"] * 2),
    "filled by less than ordered": _filled(
        -1, filled_amount=lambda event, _: event["amount"] * Decimal("0.9")
    ),
    "a first part that is more than all": _filled(
        0, filled_amount=lambda event, _: event["amount"] + 1
    ),
    "an average price below zero": _filled(0, average_price=lambda *_: Decimal(-3000)),
    "an average that no part can give": _filled(-1, average_price=lambda *_: Decimal(1000)),
    "an average that changes with nothing filled": _filled(
        1,
        filled_amount=lambda _, parts: parts[0]["filled_amount"],
        average_price=lambda *_: Decimal(3010),
    ),
}

_TABLES: dict[tuple[str, str], dict[str, Callable[[Run, Random], Orders]]] = {
    (BACKTEST, "gas"): {
        "a gas cost off in the last digits": at_one(GAS, change=off("gas_cost_eth", 2)),
        "gas units of another transaction": as_in_another("gas_units", GAS),
        "a gas price in wei": at_one(GAS, change=times_so_many("gas_price_gwei", 10**9)),
        "gas units as the cost": at_one(GAS, change=as_is("gas_cost_eth", "gas_units")),
        "a gas cost in wei": at_one(GAS, change=times_so_many("gas_cost_eth", 10**18)),
        "gas units in the wei field": at_one(GAS, change=_units_as_wei),
        "an amount that is not the gas cost": at_one(GAS, change=off("amount")),
        "gas at a stale price": _stale_price,
    },
    (LIVE, "gas"): {
        "a receipt of another transaction": at_one(change=_receipt),
        "gas in gwei, live": at_one(GAS, change=times_so_many("gas_cost_eth", 10**9)),
        "gas in another token's USD, live": at_one(GAS, change=times_so_many("gas_cost_usd", 3)),
    },
    (BACKTEST, "trades"): {
        "a notional off": at_one(PERP, change=off("notional_usd", 2)),
        "a notional of another trade": as_in_another("notional_usd", PERP),
        "a size of another trade": as_in_another("amount", PERP),
        "a price of another trade": as_in_another("entry_price", PERP),
        "a quote off": at_one(SPOT, change=off("quote_amount", 2)),
        "a spot price with its digits turned": at_one(SPOT, change=times_so_many("price", "1.09")),
        "a profit with its sign turned": at_one(PERP, change=_turned("realised_pnl_usd")),
        "a profit off": at_one(PERP, change=off("realised_pnl_usd", 2)),
    },
    (LIVE, "trades"): {
        "a notional off, live": at_one(PERP, change=times_so_many("notional_usd", 2)),
    },
    (BACKTEST, "funding_amounts"): {
        "a funding's sign turned": at_one(FUNDING, change=_turned("pnl_usd", "pnl_type")),
        "a funding rate's sign turned": at_one(FUNDING, change=_turned("funding_rate")),
        "a funding off": at_one(FUNDING, change=all_of(off("pnl_usd", 2), off("amount", 2))),
        "a funding rate of another payment": as_in_another("funding_rate", FUNDING),
        "a funding's amount off": at_one(FUNDING, change=off("amount")),
        "a funding paid that was received": at_one(FUNDING, change=_turned("pnl_type")),
        "a funding rate in percent": at_one(FUNDING, change=times_so_many("funding_rate", 100)),
    },
    (LIVE, "funding_amounts"): {
        "a funding's sign turned, live": at_one(FUNDING, change=_turned("pnl_usd", "pnl_type")),
    },
    (BACKTEST, "lending"): {
        "an aToken off": at_one(SUPPLIED, change=off("atoken_received", 4)),
        "aTokens burned off": at_one(WITHDRAWN, change=off("atoken_burned", -4)),
        "a debt token off": at_one(CREATED, change=off("debt_token_received", 4)),
        "a repayment as its scaled amount": at_one(
            REPAID, change=as_is("debt_token_burned", "amount")
        ),
        "a loan at the index of a day ahead": at_one(
            CREATED, change=times_so_many("liquidity_index", "1.0001")
        ),
        "an index that falls": _index_falls,
        "an index that falls as it accrues": _accrued(_index_below),
        "interest off": _accrued(off("amount", 2)),
        "interest from an index of before": _accrued(
            times_so_many("previous_index", "0.99999"), is_first=False
        ),
    },
    (BACKTEST, "staking"): {
        "an oracle price in USD": at_one(
            STAKED, UNSTAKED, change=times_so_many("oracle_price", 3100)
        ),
        "a stale oracle price": as_in_another("oracle_price", STAKED, UNSTAKED),
        "staked tokens off": at_one(STAKED, UNSTAKED, change=off("amount_out", 2)),
        "a stake that pays out what it took": at_one(
            STAKED, UNSTAKED, change=as_is("amount_out", "amount")
        ),
    },
    (LIVE, "staking"): {
        "a stake off, live": at_one(STAKED, change=off("amount_out")),
        "a stake that pays out what it took, live": at_one(
            STAKED, change=as_is("amount_out", "amount")
        ),
    },
    (BACKTEST, "reconciled"): {
        "an actual off in the last digit": at_one(
            RECONCILED, change=all_of(off("actual"), off("amount"))
        ),
        "an expectation of another hour": as_in_another("expected", RECONCILED),
        "a reconciliation of another amount": at_one(RECONCILED, change=off("amount")),
        "a reconciliation that its snapshot does not show": at_one(
            RECONCILED, change=all_of(off("amount"), off("actual"), off("expected"))
        ),
    },
    (LIVE, "reconciled"): {
        "a reconciliation off, live": at_one(RECONCILED, change=off("expected")),
    },
    (LIVE, "fills"): {name: at_one(PERP, change=change) for name, change in FILLS.items()},
}
"""By the run that it is planted in and the rule that finds it."""

PLANTS = [
    Plant(name, rule, plant, mode)
    for (mode, rule), plants in _TABLES.items()
    for name, plant in plants.items()
]
