"""Faults of what moves: snapshots that the events do not give."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from random import Random
from typing import Any

from tests.audit.changes import Change, Orders, all_of, at_one, off, one_of, unit
from tests.audit.changes import times as times_so_many
from tests.audit.planting import BACKTEST, LIVE, Event, Plant, Run, order_in

BUNDLE, MOVED = "ATOMIC_TRANSACTION", "BALANCE_CHANGE"
TRANSFER, SPOT, PERP, FUNDING = "VENUE_TRANSFER", "SPOT_TRADE", "TRADE_EXECUTED", "FUNDING_PAYMENT"
STAKING = ("STAKE_DEPOSIT", "STAKE_WITHDRAWAL")
TELLING = ("PRICE_UPDATE", "HOURLY_RECONCILIATION", "PNL_SNAPSHOT")


def _held(snapshot: Any, path: str) -> tuple[dict[str, Any], str] | None:
    """Where in a snapshot a balance stands, if it is there and not zero."""
    *parts, asset = path.split(".")
    for part in parts:
        snapshot = snapshot.get(part, {})
    return (snapshot, asset) if snapshot.get(asset) else None


def _shown(path: str, to: Callable[[Decimal], Decimal]) -> Change:
    """A balance of the event's snapshot is another."""

    def change(event: Event) -> bool:
        held = _held(event.get("position_snapshot") or {}, path)
        if held is None:
            return False
        balances, asset = held
        balances[asset] = to(balances[asset])
        return True

    return change


def _last_digit(amount: Decimal) -> Decimal:
    return amount + unit(amount)


def _less(amount: Decimal) -> Decimal:
    return amount * Decimal("0.9999")


def _before(run: Run, random: Random, *types: str) -> Orders:
    """A snapshot is the one of the event before."""
    for event in one_of(run, random, *types):
        place = order_in(run, event)
        former = next(
            (one for one in run[place - 2 :: -1] if one.get("position_snapshot")), None
        ) if place > 1 else None  # fmt: skip
        if former and former["position_snapshot"] != event.get("position_snapshot"):
            event["position_snapshot"] = deepcopy(former["position_snapshot"])
            return (place,)
    return None


def _stale(*types: str) -> Callable[[Run, Random], Orders]:
    return lambda run, random: _before(run, random, *types)


def _shows(event: Event) -> bool:
    """Whether it has a snapshot that is the state after itself; a wrapper's is of its bundle."""
    return bool(event.get("position_snapshot")) and not event.get("detail_orders")


def _dropped(*types: str) -> Callable[[Run, Random], Orders]:
    """An event was never logged; what is shown next is what it moved."""

    def plant(run: Run, random: Random) -> Orders:
        for event in one_of(run, random, *types):
            place = order_in(run, event)
            shows = next(filter(_shows, run[place:]), None)
            if any(map(_shows, run[: place - 1])) and shows and event.get("changes") != {}:
                run.remove(event)
                return (order_in(run, shows),)
        return None

    return plant


def _doubled(*types: str) -> Callable[[Run, Random], Orders]:
    """An event stands there twice."""

    def plant(run: Run, random: Random) -> Orders:
        for event in one_of(run, random, *types):
            place = order_in(run, event)
            if not event.get("parent_event") and not event.get("detail_orders"):
                again = deepcopy(event) | {"order": None}
                again.pop("order")
                run.insert(place, again)
                return (place + 1,)
        return None

    return plant


def _without(path: str) -> Change:
    """A balance is not in the snapshot at all."""

    def change(event: Event) -> bool:
        held = _held(event.get("position_snapshot") or {}, path)
        if held is None:
            return False
        del held[0][held[1]]
        return True

    return change


def _one_side(event: Event) -> bool:
    """A fill that the snapshot shows on one side: the base came, the quote did not go."""
    snapshot = event["position_snapshot"]
    snapshot["cex_accounts"]["binance"]["USDT"] += event["quote_amount"]
    return True


def _swapped(event: Event) -> bool:
    """Each exchange's balance is shown at the other."""
    accounts = (event.get("position_snapshot") or {}).get("cex_accounts", {})
    if len(accounts) < 2 or accounts["binance"] == accounts["bybit"]:
        return False
    accounts["binance"], accounts["bybit"] = accounts["bybit"], accounts["binance"]
    return True


def _unlogged(event: Event) -> bool:
    """Money that no event brought."""
    (event.get("position_snapshot") or {}).get("wallet", {})["KING"] = Decimal("0.5")
    return "position_snapshot" in event


def _sides_turned(event: Event) -> bool:
    event["side"] = {"BUY": "SELL", "SELL": "BUY", "LONG": "SHORT", "SHORT": "LONG"}[event["side"]]
    return True


def _ways_turned(event: Event) -> bool:
    source, target = event["from_venue"], event["to_venue"]
    event.update(from_venue=target, to_venue=source, venue=f"{target}→{source}")
    return True


def _fee_besides(event: Event) -> bool:
    event["fee"], event["fee_token"] = Decimal("1.5"), "USDT"
    return True


def _failed_after_all(run: Run, random: Random) -> Orders:
    """A stake is told as failed, and moved what it moves all the same."""
    for event in one_of(run, random, "STAKE_DEPOSIT"):
        updates = event["updates"]
        if [one["status"] for one in updates] == ["submitted", "confirmed"]:
            updates[-1] = {"at": updates[-1]["at"], "status": "failed"}
            shows = next(one for one in run[order_in(run, event) :] if "position_snapshot" in one)
            return (order_in(run, shows),)
    return None


_TABLES: dict[tuple[str, str], dict[str, Callable[[Run, Random], Orders]]] = {
    (BACKTEST, "balances"): {
        "a transfer off in the last digit": at_one(TRANSFER, change=off("amount")),
        "a gas fee off in the last digit": at_one("GAS_FEE_PAID", change=off("amount")),
        "a quote off in the last digit": at_one(SPOT, change=off("quote_amount")),
        "a size off by a lot": at_one(PERP, change=off("amount")),
        "a cost off in the last digit": at_one(PERP, change=off("execution_cost_usd")),
        "a payment off in the last digit": at_one(FUNDING, change=off("pnl_usd")),
        "a stake off in the last digit": at_one(*STAKING, change=off("amount_out")),
        "a payment with its sign turned": at_one(
            FUNDING, change=all_of(times_so_many("pnl_usd", -1))
        ),
        "a trade with its sides turned": at_one(SPOT, PERP, change=_sides_turned),
        "a transfer the other way": at_one(TRANSFER, change=_ways_turned),
        "a fee that nobody took": at_one(SPOT, change=_fee_besides),
        "a snapshot from the event before": _stale(
            TRANSFER, SPOT, PERP, FUNDING, "GAS_FEE_PAID", MOVED
        ),
        "a bundle's snapshot from before it": _stale(BUNDLE),
        "a debt that shrinks without repayment": at_one(
            *TELLING, change=_shown("wallet.variableDebtWETH", _less)
        ),
        "a debt off in the last digit": at_one(
            *TELLING, change=_shown("wallet.variableDebtWETH", _last_digit)
        ),
        "collateral that shrinks": at_one(*TELLING, change=_shown("wallet.aWeETH", _less)),
        "a wallet off in the last digit": at_one(
            *TELLING, change=_shown("wallet.ETH", _last_digit)
        ),
        "an exchange off in the last digit": at_one(
            *TELLING, change=_shown("cex_accounts.bybit.USDT", _last_digit)
        ),
        "a position off by a lot": at_one(
            *TELLING, change=_shown("perp_positions.binance.ETHUSDT-PERP.size", _last_digit)
        ),
        "a position without its sign": at_one(
            change=_shown("perp_positions.bybit.ETHUSDT-PERP.size", abs)
        ),
        "an entry price off": at_one(
            *TELLING, change=_shown("perp_positions.bybit.ETHUSDT-PERP.entry_price", _less)
        ),
        "a balance left out": at_one(*TELLING, change=_without("wallet.aWeETH")),
        "the exchanges' balances swapped": at_one(*TELLING, change=_swapped),
        "a fill on one side only": at_one(SPOT, change=_one_side),
        "money that no event brought": at_one(*TELLING, change=_unlogged),
        "a transfer that was not logged": _dropped(TRANSFER),
        "a payment that was not logged": _dropped(FUNDING),
        "a trade that was not logged": _dropped(PERP),
        "a change of a wallet that was not logged": _dropped(MOVED),
        "a transfer logged twice": _doubled(TRANSFER),
        "a trade logged twice": _doubled(SPOT, PERP),
        "a payment logged twice": _doubled(FUNDING),
    },
    (LIVE, "balances"): {
        "a wallet off in the last digit, live": at_one(
            "PNL_SNAPSHOT", change=_shown("wallet.ETH", _last_digit)
        ),
        "a position off, live": at_one(
            "PNL_SNAPSHOT", change=_shown("perp_positions.binance.ETHUSDT-PERP.size", _less)
        ),
        "a transfer that was not logged, live": _dropped(TRANSFER),
        "a gas fee that was not logged, live": _dropped("GAS_FEE_PAID"),
        "a stake that failed and moved, live": _failed_after_all,
    },
}
"""By the run that it is planted in and the rule that finds it."""

PLANTS = [
    Plant(name, rule, plant, mode)
    for (mode, rule), plants in _TABLES.items()
    for name, plant in plants.items()
]
