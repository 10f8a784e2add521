"""Lending, staking and reconciliations: tables of what agrees and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from projections.audit.lending import Lending
from projections.audit.reconciled import Reconciled
from projections.audit.staking import Staking
from tests.audit.planting import Event
from tests.projections.audit.judging import d, event, judged, snapshot


def supply(**data: Any) -> Event:
    told = {"atoken_received": d("47.428571428571428571"), "liquidity_index": d("1.05")}
    return event("COLLATERAL_SUPPLIED", "AAVE", "weETH", d("49.8")) | told | data


def loan(**data: Any) -> Event:
    told = {"debt_token_received": d("38.1"), "liquidity_index": d("1.05")}
    return event("LOAN_CREATED", "AAVE", "WETH", d("40.0")) | told | data


def repaid(**data: Any) -> Event:
    told = {"debt_token_burned": d("20"), "borrow_index": d("1.06")}
    return event("LOAN_REPAID", "AAVE", "WETH", d("21.2")) | told | data


def accrual(**data: Any) -> Event:
    told = {
        "changes": {}, "scaled_token": "aWeETH", "previous_index": d("1.05"), "index": d("1.06"),
        "position_snapshot": snapshot(aWeETH=d("100")),
    }  # fmt: skip
    return event("BALANCE_CHANGE", "AAVE", "weETH", d("1.00")) | told | data


@pytest.mark.parametrize(
    ("events", "wrong"),
    [
        ([supply()], None),
        ([supply(atoken_received=d("47.428571428571428573"))], None),  # two units
        ([supply(atoken_received=d("47.428571428571428574"))], (1, "atoken_received")),
        ([supply(atoken_received=d("47.43"))], None),
        ([supply(atoken_received=d("47.42"))], None),  # cut where it was written
        ([supply(atoken_received=d("48"))], None),
        ([supply(atoken_received=d("49"))], (1, "atoken_received")),
        ([supply(atoken_received=47.42857142857143, amount=49.8, liquidity_index=1.05)], None),
        ([supply(atoken_received=47.4286, amount=49.8, liquidity_index=1.05)], None),
        ([supply(atoken_received=d("49.8"))], (1, "atoken_received")),
        ([supply(liquidity_index=1_050_000_000_000_000_000_000_000_000)], None),  # in rays
        ([supply(atoken_received=None)], None),
        ([supply(liquidity_index=None)], None),
        ([loan()], None),
        ([loan(debt_token_received=d("38.6"))], (1, "debt_token_received")),
        ([loan(), repaid()], None),
        ([loan(), repaid(borrow_index=d("1.04"), amount=d("20.8"))], (2, "index")),
        # The index of what is lent is another than that of what is owed, and another chain's too.
        ([loan(), supply(liquidity_index=d("1.01"), amount=d("47.902857142857142856"))], None),
        ([supply(), supply(chain_id=10, liquidity_index=d("1"), amount=d("47.428571428571428571"))],
         None),
        ([supply(), supply(liquidity_index=d("1.04"), amount=d("49.325714285714285713"))],
         (2, "index")),
        # What fell is gone on from; what never was an index is not.
        ([supply(), supply(liquidity_index=d("1.04"), amount=d("49.325714285714285713")),
          supply(), supply()], (2, "index")),
        ([supply(), supply(liquidity_index=d("1.5")), supply(), supply()], (2, "atoken_received")),
        ([supply(), accrual()], None),
        ([accrual(amount=d("1.02"))], (1, "amount")),
        ([accrual(index=d("1.04"), amount=d("-1.00"))], (1, "index")),
        ([supply(liquidity_index=d("1.055"), amount=d("50.037142857142857142")), accrual()],
         (2, "index")),
        ([accrual(), accrual(previous_index=d("1.06"), index=d("1.07"))], None),
        ([accrual(), accrual(previous_index=d("1.055"), index=d("1.065"))], (2, "index")),
        ([accrual(scaled_token="variableDebtWETH", token="WETH",
                  position_snapshot=snapshot(variableDebtWETH=d("100"))), repaid()], None),
        ([accrual(scaled_token="variableDebtWETH", token="WETH",
                  position_snapshot=snapshot(variableDebtWETH=d("100"))),
          repaid(borrow_index=d("1.055"), amount=d("21.1"))], (2, "index")),
    ],
)  # fmt: skip
def test_scaled_tokens_times_index_are_the_amounts_and_no_index_falls(
    events: list[Event], wrong: tuple[int, str] | None
) -> None:
    found = judged(Lending, *events)
    assert found.errors == ([] if wrong is None else [((wrong[0],), wrong[1])])
    assert found.unjudged == []


def test_an_index_that_fell_names_the_last_that_did_not() -> None:
    (found,) = judged(Lending, loan(), loan(liquidity_index=d("1.04"))).findings
    assert (found.last_good, found.expected, found.found) == (1, d("1.05"), d("1.04"))


def test_interest_is_not_judged_without_the_balance_that_bears_it() -> None:
    found = judged(Lending, accrual(position_snapshot=None, amount=d("7")))
    assert found.errors == []
    assert [orders for orders, _ in found.unjudged] == [(1,)]


def stake(kind: str = "STAKE_DEPOSIT", **data: Any) -> Event:
    told = {"amount_out": d("47.619047619047619047"), "oracle_price": d("1.05")}
    return event(kind, "ETHERFI", "ETH", d("50")) | told | data


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (stake(), None),
        (stake(amount_out=d("47.619047619047619048")), None),
        (stake(amount_out=d("47.619047619047619049")), "amount_out"),
        (stake(amount_out=d("47.62")), None),
        (stake(amount_out=47.61904761904762, amount=50.0, oracle_price=1.05), None),
        (stake(amount_out=d("48")), None),
        (stake(amount=1, amount_out=1), "amount_out"),  # no rounding, however few its digits
        (stake(amount_out=d("49.8")), "amount_out"),
        (stake(amount_out=d("49.8"), oracle_price=d("3000.0")), "oracle_price"),
        (stake(oracle_price=None), None),
        (stake(amount_out=None), None),
        (stake("STAKE_WITHDRAWAL", amount_out=d("52.5")), None),
        (stake("STAKE_WITHDRAWAL", amount_out=d("52.4")), "amount_out"),
        (stake("STAKE_WITHDRAWAL"), "amount_out"),
    ],
)
def test_what_is_staked_is_what_comes_out_times_the_price(given: Event, field: str | None) -> None:
    assert judged(Staking, given).errors == ([] if field is None else [((1,), field)])


def reconciled(expected: Any, actual: Any, **data: Any) -> Event:
    told = {"expected": expected, "actual": actual}
    return event("HOURLY_RECONCILIATION", "BINANCE", "USDT", actual) | told | data


def accounts(**balances: Any) -> dict[str, Any]:
    return {"cex_accounts": {"binance": balances}}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (reconciled(d("7.50"), d("7.5")), None),
        (reconciled(7.1 + 0.2, 7.3), None),
        (reconciled(d("7.5"), d("7.500001")), "actual"),
        (reconciled(7.5, 7.500001), "actual"),
        (reconciled(d("7.5"), d("7.5"), amount=d("7.6")), "amount"),
        (reconciled(d("7.5"), d("7.5"), position_snapshot=accounts(USDT=d("7.5"))), None),
        (reconciled(d("7.5"), d("7.5"), position_snapshot=accounts(USDT=7.5)), None),
        (reconciled(d("7.5"), d("7.5"), position_snapshot=accounts(BTC=1)), None),
        (reconciled(d("7.5"), d("7.5"), position_snapshot=snapshot(USDT=1)), None),
        (reconciled(d("7.5"), d("7.5"), position_snapshot=accounts(USDT=d("8"))),
         "position_snapshot"),
        (reconciled(1, 1, venue="WALLET", position_snapshot=snapshot(USDT=2)), "position_snapshot"),
        (reconciled(None, d("7.5")), None),
    ],
)  # fmt: skip
def test_what_was_expected_is_what_was_found(given: Event, field: str | None) -> None:
    assert judged(Reconciled, given).errors == ([] if field is None else [((1,), field)])
