"""Bundles: what the leaves give of what the wrapper claims, from what there was before."""

from __future__ import annotations

from typing import Any

import pytest

from projections.audit.bundles import Bundles
from projections.audit.rule import AuditOptions
from tests.audit.planting import LIVE, Event
from tests.projections.audit.judging import d, event, judged, snapshot


def wrapper(parent: int | None = None, **net_result: Any) -> Event:
    told = {"net_result": net_result, "detail_orders": [0], "parent_event": parent}
    return event("ATOMIC_TRANSACTION", "INSTADAPP", "COMPOSITE", 1, **told)


def step(event_type: str, token: str, amount: Any, parent: int = 1, **data: Any) -> Event:
    return event(event_type, "AAVE", token, d(str(amount)), parent_event=parent, **data)


def supply(amount: Any = "49.8", atoken: str = "47.4", **data: Any) -> Event:
    return step("COLLATERAL_SUPPLIED", "weETH", amount, atoken_received=d(atoken), **data)


def loan(amount: Any = "40", debt: str = "38.1", **data: Any) -> Event:
    return step("LOAN_CREATED", "WETH", amount, debt_token_received=d(debt), **data)


def repaid(amount: Any, **data: Any) -> Event:
    return step("LOAN_REPAID", "WETH", amount, debt_token_burned=d("1"), **data)


GAS = step("GAS_FEE_PAID", "ETH", "0.01")
WRAP = step("BALANCE_CHANGE", "WETH", 5, changes={"ETH": d("-5"), "WETH": d("5")})
FLASH = [step("FLASH_BORROW", "WETH", 10), step("FLASH_REPAID", "WETH", 10, fee_paid=d("0.005"))]
STAKE = step(
    "STAKE_DEPOSIT", "ETH", 5, input_token="ETH", output_token="weETH", amount_out=d("4.8")
)


@pytest.mark.parametrize(
    ("claims", "leaves", "off"),
    [
        ({"collateral": d("49.8"), "debt": d("40")}, [supply(), loan()], None),
        ({"collateral": 49.8, "debt": 40}, [supply(), loan()], None),
        ({"collateral": d("47.4"), "debt": d("38.1")}, [supply(), loan()], None),  # as aTokens
        ({"collateral_added": d("47.43"), "debt_added": d("38.1")}, [supply("99.5"), loan("80")],
         "collateral_added"),
        ({"collateral_weeth": d("49.8"), "debt_weth": d("40"), "leverage": 3}, [supply(), loan()],
         None),
        ({"collateral_weeth": d("49.9")}, [supply()], "collateral_weeth"),
        ({"collateral_weeth": d("49.800000000000000001")}, [supply()], "collateral_weeth"),
        ({"collateral_weeth": d("50")}, [supply()], None),  # rounded as it is written
        ({"collateral": d("49.8"), "debt": d("40")}, [supply()], "debt"),
        ({"collateral": d("49.8"), "debt": d("40")}, [loan()], "collateral"),
        ({"debt_repaid": d("12.5")}, [repaid("12.5")], None),
        ({"debt": d("-12.5")}, [repaid("12.5")], None),
        ({"debt": d("12.5")}, [repaid("12.5")], "debt"),
        ({"ETH": d("-5.01")}, [WRAP, GAS], None),
        ({"ETH": d("-5.00")}, [WRAP, GAS], None),  # before gas
        ({"ETH": d("-4.99")}, [WRAP, GAS], "ETH"),
        ({"freed_eth": d("-5.00"), "WETH": 5}, [WRAP], None),
        ({"weth_spent": d("0.005")}, FLASH, None),
        ({"WETH": d("-0.005")}, FLASH, None),
        ({"WETH": 0}, FLASH, None),  # whole, as it is written
        ({"WETH": d("0.000")}, FLASH, "WETH"),
        ({"gas_eth": d("0.01")}, [GAS], None),
        ({"gas_eth": d("0.02")}, [GAS], "gas_eth"),
        ({"aWeETH": d("47.4")}, [supply()], None),
        ({"weETH": d("4.8"), "ETH": d("-5.0")}, [STAKE], None),
        ({"weETH": d("4.9"), "ETH": d("-5.0")}, [STAKE], "weETH"),
        ({"health_factor": d("1.4"), "profit_usd": 7, "name": "x"}, [supply()], None),
        ({}, [supply()], None),
    ],
)  # fmt: skip
def test_the_leaves_give_what_net_result_claims(
    claims: dict[str, Any], leaves: list[Event], off: str | None
) -> None:
    found = judged(Bundles, wrapper(**claims), *leaves)
    assert [(orders, (field or "").split(",")[0]) for orders, field in found.errors] == (
        [] if off is None else [((1,), off)]
    )
    assert found.looked_at == 1
    assert found.unjudged == []


@pytest.mark.parametrize("claims", [{"moved": 7}, {"flash_weth": 10}, {"staked_eth": 5}])
def test_a_claim_of_nothing_known_is_not_judged(claims: dict[str, Any]) -> None:
    found = judged(Bundles, wrapper(**claims), *FLASH)
    assert found.errors == []
    assert [orders for orders, _ in found.unjudged] == [(1,)]


def test_all_that_is_wrong_with_a_bundle_is_one_finding() -> None:
    (found,) = judged(Bundles, wrapper(collateral=d("1"), debt=d("2.0")), supply(), loan()).findings
    assert found.orders == (1,)
    assert found.field == "collateral, debt"
    assert found.expected == {"collateral": d("49.8"), "debt": d("40")}
    assert found.found == {"collateral": 1, "debt": 2}


def test_bundles_within_bundles_are_judged_each_by_its_own_leaves() -> None:
    def run(inner: Any, outer: Any) -> list[Event]:
        return [
            wrapper(collateral=outer),
            supply("1.0"),
            wrapper(1, collateral=inner) | {"order": 3},
            supply("2.0") | {"parent_event": 3},
            supply("4.0") | {"parent_event": 3},
            supply("8.0"),
            supply("16.0") | {"parent_event": None},
        ]

    assert judged(Bundles, *run(d("6.0"), d("15.0"))).errors == []
    assert judged(Bundles, *run(d("7.0"), d("15.0"))).errors == [((3,), "collateral")]
    assert judged(Bundles, *run(d("6.0"), d("31.0"))).errors == [((1,), "collateral")]


@pytest.mark.parametrize(
    ("inner", "amount", "outer", "wrong"),
    [("49.8", "49.8", "49.8", None), ("49.8", "60", "49.8", 2), ("50.8", "49.8", "49.8", 2),
     ("49.8", "49.8", "50.8", 1)],
)  # fmt: skip
def test_what_is_wrong_within_a_bundle_is_no_second_fault_of_its_wrapper(
    inner: str, amount: str, outer: str, wrong: int | None
) -> None:
    found = judged(
        Bundles,
        wrapper(collateral=d(outer)),
        wrapper(1, collateral=d(inner)),
        supply(amount, parent=2),
        loan(),
    )
    assert found.errors == ([] if wrong is None else [((wrong,), "collateral")])


def test_a_round_of_a_leverage_loop_claims_what_it_supplied_and_borrowed() -> None:
    def loop(supplied: str, borrowed: str) -> Event:
        told = {"supplied": d(supplied), "borrowed": d(borrowed), "detail_orders": [0]}
        return event("LEVERAGE_LOOP_ITERATION", "AAVE", "weETH", d(supplied)) | told

    assert judged(Bundles, loop("49.8", "40.0"), supply(), loan()).errors == []
    assert judged(Bundles, loop("49.9", "40.0"), supply(), loan()).errors == [((1,), "supplied")]
    assert judged(Bundles, loop("49.8", "41.0"), supply(), loan()).errors == [((1,), "borrowed")]
    in_eth = loop("50", "40.0") | {"token": "ETH"}
    assert judged(Bundles, in_eth, supply(), loan()).errors == []


def shown(**wallet: Any) -> Event:
    held = {asset: d(str(amount)) for asset, amount in wallet.items()}
    return event("RISK_ALERT", "X", "Y", 1, position_snapshot=snapshot(**held))


def bundle(*leaves: Event) -> list[Event]:
    return [wrapper(), *(one | {"parent_event": 2} for one in leaves)]


@pytest.mark.parametrize(
    ("events", "is_wrong"),
    [
        ([shown(ETH=6), *bundle(STAKE)], False),
        ([shown(ETH=5), *bundle(STAKE)], False),
        ([shown(ETH=4), *bundle(STAKE)], True),
        ([shown(ETH=4), *bundle(WRAP, STAKE)], True),
        ([shown(WETH=1), *bundle(FLASH[0], FLASH[1])], False),
        ([shown(WETH=0), *bundle(FLASH[0], FLASH[1])], True),  # the fee is not there
        ([shown(WETH=1), *bundle(FLASH[1], FLASH[0])], True),  # before it was borrowed
        ([shown(weETH=0, ETH=5), *bundle(STAKE, supply("4.8"))], False),
        ([shown(weETH=0, ETH=5), *bundle(supply("4.8"), STAKE)], True),
        # What is not known cannot be said to lack: no snapshot, an amount that nobody told.
        ([event("RISK_ALERT", "X", "Y", 1), *bundle(STAKE)], False),
        ([shown(weETH=0, ETH=5), *bundle(STAKE | {"amount_out": None}, supply("4.8"))], False),
        # What accrued is no lack, nor are exchanges' accounts.
        ([shown(aWeETH=1), *bundle(step("COLLATERAL_WITHDRAWN", "weETH", 2, atoken_burned=2))],
         False),
    ],
)  # fmt: skip
def test_no_step_uses_what_is_not_there(events: list[Event], is_wrong: bool) -> None:
    assert [orders for orders, _ in judged(Bundles, *events).errors] == ([(2,)] if is_wrong else [])


def test_the_step_that_lacks_something_is_named() -> None:
    (found,) = judged(Bundles, shown(ETH=4), *bundle(WRAP, STAKE)).findings
    assert found.field == "ETH"
    assert "order 3 uses 1 ETH more than is there" in found.message


def test_live_what_a_step_may_use_is_not_judged_and_its_claims_are() -> None:
    events = [wrapper(debt=d("2.0")), STAKE, loan()]
    found = judged(Bundles, *events, mode=LIVE)
    assert found.errors == [((1,), "debt")]
    assert [orders for orders, _ in found.unjudged] == [(1,)]


def test_a_bundle_that_failed_claims_nothing() -> None:
    update = {"at": "2024-05-13T08:00:00Z", "status": "failed"}
    events = [wrapper(debt=d("2.0")) | {"updates": [update]}, loan()]
    assert judged(Bundles, *events, mode=LIVE).errors == []


def test_without_tolerance_a_claim_is_exact() -> None:
    events = [wrapper(collateral=d("50")), supply()]
    assert judged(Bundles, *events).errors == []
    assert judged(Bundles, *events, options=AuditOptions(tolerance=d("0"))).errors
