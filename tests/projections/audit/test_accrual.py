"""What grows on its own: aTokens and debt as far as an index tells, rebasing tokens not at all."""

from __future__ import annotations

from typing import Any

import pytest

from projections.audit.accrual import accrues
from projections.audit.balances import Snapshots
from tests.audit.planting import Event
from tests.projections.audit.judging import d, event, judged, snapshot

DEBT, ATOKEN = "variableDebtWETH", "aWeETH"


def shown(**wallet: Any) -> Event:
    return event("RISK_ALERT", "X", "Y", 1, position_snapshot=snapshot(**wallet))


def index(value: str, token: str = "WETH", scaled: str = DEBT) -> Event:
    return event(
        "BALANCE_CHANGE", "AAVE", token, 0, changes={}, scaled_token=scaled, index=d(value)
    )


def loan(amount: str, scaled: str, at: str, kind: str = "LOAN_CREATED") -> Event:
    name = "debt_token_received" if kind == "LOAN_CREATED" else "debt_token_burned"
    told = {name: d(scaled), "borrow_index": d(at)}
    return event(kind, "AAVE", "WETH", d(amount), **told)


def debt(amount: str, weth: str = "0") -> Event:
    return shown(**{DEBT: d(amount), "WETH": d(weth)})


@pytest.mark.parametrize(
    ("events", "wrong", "unjudged"),
    [
        # Scaled: what an index does changes nothing, and any difference is one.
        ([debt("40"), index("1.05"), debt("40"), index("1.06"), debt("40"), debt("40.1")], 6, []),
        ([debt("0"), loan("42", "40", "1.05"), debt("40", "42"), debt("40.1", "42")], 4, []),
        # Worth: it grows as its index does.
        ([debt("0"), loan("42", "40", "1.05"), debt("42", "42"), index("1.06"), debt("42.4", "42")],
         None, []),
        ([debt("0"), loan("42", "40", "1.05"), debt("42", "42"), index("1.06"), debt("42", "42")],
         5, []),
        ([debt("0"), loan("42", "40", "1.05"), debt("42", "42"),
          loan("21.2", "20", "1.06", "LOAN_REPAID"), debt("21.2", "20.8")], None, []),
        ([debt("0"), loan("42", "40", "1.05"), debt("42", "42"),
          loan("21.2", "20", "1.06", "LOAN_REPAID"), debt("20", "20.8")], 5, []),
        # No index: growth is not judged, and nothing shrinks without a repayment.
        ([debt("40"), debt("40.1"), debt("40.2")], None, [(2, 3)]),
        ([debt("40"), debt("39.9")], 2, []),
        ([debt("40"), loan("10", "9", "1.1", "LOAN_REPAID"), debt("20", "-10")], 3, []),
        ([shown(stETH=d("40")), shown(stETH=d("40.01"))], None, [(2,)]),
        ([shown(stETH=d("40")), shown(stETH=d("39.99"))], 2, []),
        ([shown(wstETH=d("40")), shown(wstETH=d("40.01"))], 2, []),
    ],
)  # fmt: skip
def test_growth_is_judged_as_far_as_an_index_tells(
    events: list[Event], wrong: int | None, unjudged: list[tuple[int, ...]]
) -> None:
    found = judged(Snapshots, *events)
    assert [orders for orders, _ in found.errors] == ([] if wrong is None else [(wrong,)])
    assert [orders for orders, _ in found.unjudged] == unjudged


def test_what_cannot_be_judged_is_told_with_asset_and_orders() -> None:
    events = [shown(stETH=d("40") + place) for place in range(5)]
    ((orders, why),) = judged(Snapshots, *events).unjudged
    assert orders == (2, 5)
    assert "stETH" in why
    assert "orders 2 to 5" in why


@pytest.mark.parametrize(
    ("name", "does"),
    [
        (f"WALLET.{ATOKEN}", True),
        (f"WALLET.{DEBT}", True),
        ("WALLET.aUSDC", True),
        ("WALLET.stETH", True),
        ("WALLET.wstETH", False),
        ("WALLET.AAVE", False),
        ("WALLET.USDT", False),
        ("WALLET.arb", False),
        ("binance.stETH", False),
    ],
)
def test_which_balances_grow(name: str, does: bool) -> None:
    assert accrues(name) == does
