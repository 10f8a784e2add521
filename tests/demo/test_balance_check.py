"""The balance check notices what the events do not explain."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from projections.balances import check_balances

Events = list[dict[str, Any]]

MOVES_MONEY = (
    "VENUE_TRANSFER", "SPOT_TRADE", "TRADE_EXECUTED", "STAKE_DEPOSIT", "STAKE_WITHDRAWAL",
    "COLLATERAL_SUPPLIED", "COLLATERAL_WITHDRAWN", "LOAN_CREATED", "LOAN_REPAID", "FLASH_BORROW",
    "FLASH_REPAID", "GAS_FEE_PAID",
)  # fmt: skip


def first_of(events: Events, event_type: str) -> int:
    return next(i for i, event in enumerate(events) if event["event_type"] == event_type)


@pytest.mark.parametrize("event_type", MOVES_MONEY)
def test_an_amount_off_by_a_millionth_is_noticed(events: Events, event_type: str) -> None:
    place = first_of(events, event_type)
    wrong = events[place] | {"amount": events[place]["amount"] + Decimal("1e-6")}
    differences = check_balances([*events[:place], wrong, *events[place + 1 :]])
    assert differences
    assert differences[0].order == events[place]["order"]


@pytest.mark.parametrize("event_type", [*MOVES_MONEY, "FUNDING_PAYMENT"])
def test_an_event_left_out_is_noticed(events: Events, event_type: str) -> None:
    place = first_of(events, event_type)
    assert check_balances(events[:place] + events[place + 1 :])


def test_a_snapshot_that_is_one_wei_off_is_noticed(events: Events) -> None:
    last = events[-1]
    snapshot = last["wallet_balance_after"]
    wallet = snapshot["wallet"] | {"ETH": snapshot["wallet"]["ETH"] + Decimal("1e-18")}
    wrong = last | {"wallet_balance_after": snapshot | {"wallet": wallet}}
    (difference,) = check_balances([*events[:-1], wrong])
    assert (difference.order, difference.balance) == (last["order"], "WALLET.ETH")
