"""The specification's own tests, as it has them, run twice: called plainly, and awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pandas as pd
import pytest

from event_logger import EventLogger

T = TypeVar("T")
Read = Callable[[Any], Any]

timestamp = pd.Timestamp("2024-05-12 14:00:00", tz="UTC")


def plainly(result: T) -> T:
    return result


def awaited(result: Awaitable[T]) -> T:
    async def wait() -> T:
        return await result

    return asyncio.run(wait())


@pytest.fixture(params=[plainly, awaited])
def read(request: pytest.FixtureRequest) -> Read:
    result: Read = request.param
    return result


def test_global_order_unique(read: Read) -> None:
    """Test each event gets unique order."""
    logger = EventLogger()

    order1 = read(logger.log_event(timestamp, "GAS_FEE_PAID", "ETHEREUM"))
    order2 = read(logger.log_event(timestamp, "STAKE_DEPOSIT", "ETHERFI"))

    assert order1 == 1
    assert order2 == 2
    assert order1 != order2


def test_atomic_bundle_logging(read: Read) -> None:
    """Test wrapper + detail events for atomic transactions."""
    logger = EventLogger()

    orders = read(
        logger.log_atomic_transaction(
            timestamp=timestamp,
            bundle_name="ATOMIC_LEVERAGE_ENTRY",
            detail_events=[
                {
                    "event_type": "FLASH_BORROW",
                    "venue": "BALANCER",
                    "token": "WETH",
                    "amount": 88.7,
                },
                {"event_type": "STAKE_DEPOSIT", "venue": "ETHERFI", "token": "ETH", "amount": 98.9},
                {"event_type": "COLLATERAL_SUPPLIED", "venue": "AAVE", "token": "weETH"},
                {"event_type": "LOAN_CREATED", "venue": "AAVE", "token": "WETH", "amount": 88.7},
                {"event_type": "FLASH_REPAID", "venue": "BALANCER", "token": "WETH"},
                {"event_type": "GAS_FEE_PAID", "venue": "ETHEREUM", "token": "ETH"},
            ],
            net_result={"collateral": 95.24, "debt": 88.7},
        )
    )

    # 1 wrapper + 6 details = 7 events
    assert len(orders) == 7
    assert logger.events[0]["event_type"] == "ATOMIC_TRANSACTION"
    assert logger.events[1]["parent_event"] == orders[0]


def test_balance_snapshots_included(read: Read) -> None:
    """Test position snapshots included in events."""
    logger = EventLogger(include_balance_snapshots=True)

    snapshot = {
        "wallet": {"ETH": 49.9965, "aWeETH": 95.24},
        "cex_accounts": {"binance": {"USDT": 24992.50}},
    }

    order = read(
        logger.log_event(
            timestamp=timestamp,
            event_type="GAS_FEE_PAID",
            venue="ETHEREUM",
            position_snapshot=snapshot,
        )
    )

    event = logger.events[0]
    assert order == 1
    assert event["wallet_balance_after"] == snapshot  # Full Position Monitor output
    assert event["cex_balance_after"] == snapshot["cex_accounts"]


def test_balance_snapshots_left_out(read: Read) -> None:
    logger = EventLogger(include_balance_snapshots=False)

    read(logger.log_event(timestamp, "GAS_FEE_PAID", "ETHEREUM", position_snapshot={"wallet": {}}))

    event = logger.events[0]
    assert event["wallet_balance_after"] is None
    assert event["cex_balance_after"] is None
    assert event["aave_position_after"] is None


def test_the_event_structure_has_every_field_of_the_spec(read: Read) -> None:
    logger = EventLogger()

    read(logger.log_event(timestamp, "GAS_FEE_PAID", "ETHEREUM", note="extra"))

    event = logger.events[0]
    assert list(event)[:10] == [
        "timestamp",
        "order",
        "status",
        "event_type",
        "event_id",
        "venue",
        "token",
        "amount",
        "wallet_balance_after",
        "cex_balance_after",
    ]
    assert event["status"] == "completed"
    assert event["completion_timestamp"] is None
    assert event["tx_hash"] is None
    assert event["confirmation_blocks"] is None
    assert list(event)[26:] == [
        "recorded_at",
        "nonce",
        "chain_id",
        "sender",
        "block_number",
        "block_hash",
        "exchange_order_id",
        "filled_amount",
        "average_price",
        "fee",
        "fee_token",
        "note",
    ]
