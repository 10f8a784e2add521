"""A bundle built step by step: logged whole when its block ends, or not at all."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

from domain.errors import InvalidAmountError, InvalidEventError, LogInUseError, UnknownOrderError
from event_logger import EventLogger
from event_logger.order import Orders
from tests.support import HOUR


@pytest.fixture
def logger() -> Iterator[EventLogger]:
    with EventLogger() as logger:
        yield logger


def test_the_steps_are_logged_when_the_block_ends(logger: EventLogger) -> None:
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
    with logger.bundle(HOUR, "ENTRY", net_result={"debt": 88.7}) as bundle:
        borrow = bundle.log_flash_borrow(HOUR, "BALANCER", "WETH", 100)
        stake = bundle.log_stake(HOUR, "ETHERFI", 100, 99.6, 1.004, related_events=[borrow, 1])
        assert logger.global_order == 1
        assert bundle.orders is None
    orders: Orders | None = bundle.orders
    assert orders == [2, 3, 4]
    assert orders is not None
    assert (orders[borrow], orders[stake]) == (3, 4)
    wrapper, flash, staked = logger.events[1:]
    assert (wrapper["bundle_name"], wrapper["net_result"]) == ("ENTRY", {"debt": 88.7})
    assert (wrapper["detail_orders"], wrapper["detail_count"]) == ([3, 4], 2)
    assert (flash["event_type"], flash["parent_event"]) == ("FLASH_BORROW", 2)
    assert sorted(staked["related_events"]) == [1, 3]


def test_it_equals_the_bundle_logged_at_once(logger: EventLogger) -> None:
    later = pd.Timestamp("2024-05-12 15:00", tz="UTC")
    with logger.bundle(HOUR, "ENTRY", {"debt": 1}, {"wallet": {}}, iteration=2) as bundle:
        bundle.log_event(None, "FLASH_BORROW", "BALANCER", "WETH", 100, note="x")
        with bundle.bundle(None, "LOOP") as loop:
            loop.log_event(later, "STAKE_DEPOSIT", "ETHERFI", position_snapshot={"wallet": {}})
    logger.log_atomic_transaction(
        HOUR,
        "ENTRY",
        [
            {
                "event_type": "FLASH_BORROW",
                "venue": "BALANCER",
                "token": "WETH",
                "amount": 100,
                "note": "x",
            },
            {
                "event_type": "ATOMIC_TRANSACTION",
                "venue": "INSTADAPP",
                "token": "COMPOSITE",
                "amount": 1,
                "bundle_name": "LOOP",
                "net_result": None,
                "purpose": "Atomic transaction: LOOP",
                "transaction_type": "ATOMIC_BUNDLE",
                "detail_events": [
                    {
                        "timestamp": later,
                        "event_type": "STAKE_DEPOSIT",
                        "venue": "ETHERFI",
                        "position_snapshot": {"wallet": {}},
                    }
                ],
            },
        ],
        {"debt": 1},
        {"wallet": {}},
        iteration=2,
    )
    assert len(logger.events) == 8
    links = ("order", "parent_event", "detail_orders", "recorded_at")
    built, at_once = (
        [{k: v for k, v in event.items() if k not in links} for event in half]
        for half in (logger.events[:4], logger.events[4:])
    )
    assert built == at_once
    assert [event["parent_event"] for event in logger.events] == [
        None,
        1,
        1,
        3,
        None,
        5,
        5,
        7,
    ]


def test_an_exception_inside_stores_nothing(logger: EventLogger) -> None:
    with pytest.raises(ZeroDivisionError), logger.bundle(HOUR, "ENTRY") as bundle:
        bundle.log_event(HOUR, "FLASH_BORROW", "BALANCER")
        raise ZeroDivisionError
    assert bundle.orders is None
    assert logger.global_order == 0
    assert logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE") == 1


def test_an_exception_in_an_inner_bundle_that_is_handled_leaves_the_outer(
    logger: EventLogger,
) -> None:
    with logger.bundle(HOUR, "ENTRY") as bundle:
        first = bundle.log_event(HOUR, "FLASH_BORROW", "BALANCER")
        with pytest.raises(ZeroDivisionError), bundle.bundle(HOUR, "LOOP") as loop:
            loop.log_event(HOUR, "STAKE_DEPOSIT", "LIDO")
            raise ZeroDivisionError
        last = bundle.log_event(HOUR, "FLASH_REPAID", "BALANCER", related_events=[first])
    assert bundle.orders == [1, 2, 3]
    assert bundle.orders[last] == 3
    assert [event["event_type"] for event in logger.events] == [
        "ATOMIC_TRANSACTION",
        "FLASH_BORROW",
        "FLASH_REPAID",
    ]
    assert logger.events[2]["related_events"] == [2]


def test_a_step_is_captured_when_it_is_logged(logger: EventLogger) -> None:
    snapshot, extra = {"wallet": {"ETH": 1}}, ["a"]
    with logger.bundle(HOUR, "ENTRY") as bundle:
        bundle.log_event(HOUR, "FLASH_BORROW", "BALANCER", position_snapshot=snapshot, notes=extra)
        snapshot["wallet"]["ETH"] = 2
        extra.append("b")
    detail = logger.events[1]
    assert detail["wallet_balance_after"] == {"wallet": {"ETH": 1}}
    assert detail["notes"] == ["a"]


def test_a_step_that_cannot_be_logged_is_refused_at_once(logger: EventLogger) -> None:
    with logger.bundle(HOUR, "ENTRY") as bundle:
        with pytest.raises(InvalidAmountError, match="amount must be a finite number"):
            bundle.log_event(HOUR, "FLASH_BORROW", "BALANCER", "WETH", float("inf"))
        bundle.log_event(HOUR, "FLASH_BORROW", "BALANCER", "WETH", 1)
    assert bundle.orders == [1, 2]


def test_an_order_that_does_not_exist_refuses_the_whole_bundle(logger: EventLogger) -> None:
    with pytest.raises(UnknownOrderError), logger.bundle(HOUR, "ENTRY") as bundle:
        bundle.log_event(HOUR, "FLASH_BORROW", "BALANCER", related_events=[99])
    assert logger.global_order == 0


def test_steps_outside_their_block_are_refused(logger: EventLogger) -> None:
    with logger.bundle(HOUR, "ENTRY") as bundle:
        with bundle.bundle(HOUR, "LOOP") as loop:
            with pytest.raises(InvalidEventError, match="'LOOP' is still open inside"):
                bundle.log_event(HOUR, "FLASH_BORROW", "BALANCER")
        with pytest.raises(InvalidEventError, match="has ended; log its steps inside"):
            loop.log_event(HOUR, "FLASH_BORROW", "BALANCER")
    with pytest.raises(InvalidEventError, match="has ended; log its steps inside"):
        bundle.log_event(HOUR, "FLASH_BORROW", "BALANCER")
    assert logger.global_order == 2


def test_a_built_bundle_is_refused_to_a_second_writer(tmp_path) -> None:  # type: ignore[no-untyped-def]
    url = f"sqlite:///{tmp_path}/runs.db"
    with EventLogger(store=url) as first, EventLogger(store=url) as second:
        first.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
        with pytest.raises(LogInUseError), second.bundle(HOUR, "ENTRY") as bundle:
            bundle.log_event(HOUR, "FLASH_BORROW", "BALANCER")
        assert first.global_order == 1


def test_the_same_event_id_gives_the_first_orders(logger: EventLogger) -> None:
    for _ in range(2):
        with logger.bundle(HOUR, "ENTRY", event_id="entry") as bundle:
            bundle.log_event(HOUR, "FLASH_BORROW", "BALANCER")
        assert bundle.orders == [1, 2]
    assert logger.global_order == 2
