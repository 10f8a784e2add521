"""Balances folded from events: positions, interest, and what a snapshot says otherwise."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from projections.balances import Balances, Difference, check_balances, flat_balances

Event = dict[str, Any]


def perp(side: str, amount: Any, price: Any, **more: Any) -> Event:
    return {
        "event_type": "TRADE_EXECUTED",
        "venue": "BINANCE",
        "instrument": "ETHUSDT-PERP",
        "side": side,
        "amount": amount,
        "entry_price": price,
    } | more


def funded(amount: Any, token: str = "USDT", venue: str = "WALLET", **more: Any) -> Event:
    changes = {"event_type": "BALANCE_CHANGE", "venue": venue, "changes": {token: amount}}
    return changes | {"token": token, "amount": amount} | more


def position(*trades: Event) -> tuple[Decimal, Decimal, Decimal]:
    balances = Balances().fold(trades).balances
    account = "binance.ETHUSDT-PERP"
    return (
        balances[f"{account}.size"], balances[f"{account}.entry_price"], balances["binance.USDT"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("trades", "size", "entry", "usdt"),
    [
        ([perp("SHORT", 2, 3000)], -2, 3000, 0),
        ([perp("SHORT", 2, 3000), perp("SHORT", 1, 3300)], -3, 3100, 0),
        ([perp("SHORT", 1, 1), perp("SHORT", 2, 2)], -3, Decimal("1.666666"), 0),
        ([perp("SHORT", 2, 3000), perp("LONG", 1, 2900)], -1, 3000, 100),
        ([perp("SHORT", 2, 3000), perp("LONG", 2, 3100)], 0, 0, -200),
        ([perp("SHORT", 2, 3000), perp("LONG", 3, 2900)], 1, 2900, 200),
        ([perp("LONG", 2, 3000), perp("SHORT", 1, 2900)], 1, 3000, -100),
        ([perp("LONG", 1.5, 3000, execution_cost_usd=0.75)], Decimal("1.5"), 3000, Decimal("-.75")),
        ([perp("SHORT", 2, 3000, status="failed")], 0, 0, 0),
        ([perp("SHORT", 2, 3000, status="cancelled", filled_amount=1)], -1, 3000, 0),
        ([perp("SHORT", 2, None, average_price=2990)], -2, 2990, 0),
    ],
)
def test_a_perpetual_averages_what_it_opens_and_realises_what_it_closes(
    trades: list[Event], size: Any, entry: Any, usdt: Any
) -> None:
    assert position(*trades) == (size, entry, usdt)


def test_balances_are_exact_however_large_and_small() -> None:
    amounts = [Decimal("1e40"), Decimal("1e-40"), Decimal("-1e40")]
    balances = Balances().fold(funded(amount) for amount in amounts)
    assert balances.balances["WALLET.USDT"] == Decimal("1e-40")


def test_interest_is_the_scaled_balance_times_the_step_of_its_index() -> None:
    accrual = {
        "event_type": "BALANCE_CHANGE", "venue": "AAVE", "token": "WETH", "changes": {},
        "scaled_token": "variableDebtWETH", "previous_index": Decimal("1.05"),
        "index": Decimal("1.06"), "amount": Decimal("0.4"), "order": 2,
    }  # fmt: skip
    balances = Balances().fold([funded(40, "variableDebtWETH"), accrual])
    assert balances.misstated == []
    balances.apply(accrual | {"amount": Decimal("0.41"), "order": 3})
    (difference,) = balances.misstated
    assert (difference.order, difference.recomputed) == (3, Decimal("0.4"))
    assert balances.balances["WALLET.variableDebtWETH"] == 40


def test_a_funding_payment_whose_amount_is_not_its_pnl_is_misstated() -> None:
    payment = {"event_type": "FUNDING_PAYMENT", "venue": "BYBIT", "token": "USDT"}
    balances = Balances().fold([payment | {"pnl_usd": Decimal("-2.5"), "amount": Decimal("2.4")}])
    (difference,) = balances.misstated
    assert (difference.order, difference.recomputed, difference.logged) == (
        0, Decimal("2.5"), Decimal("2.4"),
    )  # fmt: skip


SNAPSHOT: dict[str, Any] = {
    "wallet": {"USDT": 5.5, "note": "text"},
    "cex_accounts": {"BINANCE": {"USDT": Decimal(7)}, "bybit": None},
    "perp_positions": {"binance": {"ETHUSDT-PERP": {"size": -2, "entry_price": 3000, "mark": 1}}},
    "health": {"factor": 1.4},
}


def test_a_snapshot_is_read_under_the_names_of_the_balances() -> None:
    assert dict(flat_balances(SNAPSHOT)) == {
        "WALLET.USDT": Decimal("5.5"),
        "binance.USDT": 7,
        "binance.ETHUSDT-PERP.size": -2,
        "binance.ETHUSDT-PERP.entry_price": 3000,
    }


EVENTS = [funded(Decimal("5.5")), funded(7, venue="BINANCE"), perp("SHORT", 2, 3000)]


@pytest.mark.parametrize(
    ("snapshot", "different"),
    [
        (SNAPSHOT, {}),
        ({}, {}),
        ({"wallet": {"USDT": 5.5}}, {}),
        ({"wallet": {}}, {"WALLET.USDT": 0}),
        (SNAPSHOT | {"wallet": {"USDT": 5.5, "ETH": 1}}, {"WALLET.ETH": 1}),
        (SNAPSHOT | {"cex_accounts": {}}, {"binance.USDT": 0}),
        (SNAPSHOT | {"perp_positions": {"binance": {"ETHUSDT-PERP": {"size": -2}}}}, {}),
        (
            SNAPSHOT | {"perp_positions": {}},
            {"binance.ETHUSDT-PERP.entry_price": 0, "binance.ETHUSDT-PERP.size": 0},
        ),
    ],
)
def test_a_snapshot_differs_in_what_it_shows(
    snapshot: dict[str, Any], different: dict[str, Any]
) -> None:
    balances = Balances().fold(EVENTS)
    found = balances.differences(9, snapshot)
    assert {one.balance: one.logged for one in found} == different
    assert all(one.order == 9 for one in found)


def test_a_wrappers_snapshot_is_held_against_the_state_after_its_last_detail() -> None:
    def logged(order: int, parent: int | None, usdt: int, **more: Any) -> Event:
        at = {"order": order, "parent_event": parent}
        return at | {"wallet_balance_after": {"wallet": {"USDT": usdt}}} | more

    wrapper = {"event_type": "ATOMIC_TRANSACTION", "venue": "INSTADAPP"}
    events = [
        logged(1, None, 4, **wrapper, detail_orders=[2, 3, 5]),
        funded(1) | logged(2, 1, 1),
        logged(3, 1, 2, **wrapper, detail_orders=[4]),
        funded(1) | logged(4, 3, 2),
        funded(2) | logged(5, 1, 4),
        funded(1) | logged(6, None, 5),
    ]
    assert check_balances(events) == []
    events[2]["wallet_balance_after"] = {"wallet": {"USDT": 3}}
    events[4]["wallet_balance_after"] = None
    (difference,) = check_balances(events)
    assert difference == Difference(3, "WALLET.USDT", Decimal(2), Decimal(3))
