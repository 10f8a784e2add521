"""Flash loans: repaid in the same bundle, to the same lender, in the same token, with the fee."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.audit.planting import BACKTEST, LIVE, Event
from tests.projections.audit.tables import Found, bundle, found, logged, stake, updates


def borrow(amount: Any = 100, token: str = "WETH", venue: str = "BALANCER", **data: Any) -> Event:
    return logged(1, "FLASH_BORROW", venue, token, amount, **data)


def repay(amount: Any = 100, token: str = "WETH", venue: str = "BALANCER", **data: Any) -> Event:
    return logged(1, "FLASH_REPAID", venue, token, amount, **data)


FEE: dict[str, Any] = {"fee_bps": 5}
WITH_FEE = Decimal("100.05")
WRONG: Found = [("error", (2, 3))]

TABLE: list[tuple[str, list[Event], Found]] = [
    ("repaid", [bundle(1, borrow(), repay())], []),
    ("with other steps between", [bundle(1, stake(1), borrow(), stake(1), repay(), stake(1))], []),
    ("with the fee beside it", [bundle(1, borrow(**FEE), repay(fee_paid=Decimal("0.05")))], []),
    ("with the fee in the amount", [bundle(1, borrow(**FEE), repay(WITH_FEE))], []),
    (
        "with the fee in the amount, and named",
        [bundle(1, borrow(**FEE), repay(WITH_FEE, fee_paid=Decimal("0.05")))],
        [],
    ),
    ("with a fee that nobody told beforehand", [bundle(1, borrow(), repay(fee_paid=3))], []),
    ("a fee of a float", [bundle(1, borrow(99.7, **FEE), repay(99.7, fee_paid=0.04985))], []),
    (
        "a fee that is rounded to the wei",
        [
            bundle(
                1,
                borrow(Decimal("1E-16"), **FEE),
                repay(Decimal("1E-16"), fee_paid=Decimal("1E-18")),
            )
        ],
        [],
    ),
    ("without its fee", [bundle(1, borrow(**FEE), repay())], WRONG),
    ("with a fee that is not due", [bundle(1, borrow(fee_bps=0), repay(fee_paid=3))], WRONG),
    ("with half of the fee", [bundle(1, borrow(**FEE), repay(fee_paid=Decimal("0.025")))], WRONG),
    ("with less", [bundle(1, borrow(), repay(Decimal("99.999999999999999999")))], WRONG),
    ("with more", [bundle(1, borrow(), repay(101))], WRONG),
    ("to another lender", [bundle(1, borrow(), repay(venue="AAVE"))], WRONG),
    ("to the same, written otherwise", [bundle(1, borrow(), repay(venue="balancer"))], []),
    ("in another token", [bundle(1, borrow(), repay(token="ETH"))], WRONG),
    ("not at all", [bundle(1, borrow(), stake(1))], [("error", (2,))]),
    ("never taken", [bundle(1, stake(1), repay())], [("error", (3,))]),
    ("in two parts", [bundle(1, borrow(), repay(40), repay(60))], []),
    ("two loans at once", [bundle(1, borrow(), borrow(5, "USDC"), repay(5, "USDC"), repay())], []),
    (
        "one of two",
        [bundle(1, borrow(), borrow(5, "USDC", "AAVE"), repay())],
        [("error", (3,))],
    ),
    ("in another transaction", [bundle(1, borrow(), stake(1)), repay()], [("error", (2, 4))]),
    ("step by step, in no bundle", [borrow(), repay()], [("error", (1, 2))]),
    ("step by step in one transaction", [borrow(tx_hash="0x1"), repay(tx_hash="0x1")], []),
    (
        "step by step in one transaction, with less",
        [borrow(tx_hash="0x1"), repay(99, tx_hash="0x1")],
        [("error", (1, 2))],
    ),
    (
        "two faults are two",
        [bundle(1, borrow(), repay(99)), bundle(2, borrow(), stake(2))],
        [("error", (2, 3)), ("error", (5,))],
    ),
]


@pytest.mark.parametrize(("case", "events", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_a_flash_loan_is_repaid(case: str, events: list[Event], expected: Found) -> None:
    assert found("flash_loans", events, BACKTEST) == expected
    assert found("flash_loans", events, LIVE) == expected


def test_what_failed_was_never_borrowed() -> None:
    failed = updates(1, "failed")
    assert found("flash_loans", [bundle(1, borrow(), stake(1)) | failed], LIVE) == []
