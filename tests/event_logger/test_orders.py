"""Results that are plain ints and lists, and can be awaited."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
from collections.abc import Iterator

import pytest

from event_logger import EventLogger
from event_logger.order import Order, Orders
from tests.support import HOUR

DETAILS = [
    {"event_type": "FLASH_BORROW", "venue": "BALANCER"},
    {"event_type": "STAKE_DEPOSIT", "venue": "ETHERFI"},
]


@pytest.fixture
def logger() -> Iterator[EventLogger]:
    with EventLogger() as logger:
        yield logger


def test_an_order_is_an_int(logger: EventLogger) -> None:
    order = logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO")
    assert isinstance(order, int)
    assert (order, order + 1, f"{order}", json.dumps(order)) == (1, 2, "1", "1")
    by_order: dict[int, str] = {order: "x"}
    assert by_order[1] == "x"


def test_an_order_can_be_awaited_as_often_as_one_likes(logger: EventLogger) -> None:
    async def strategy() -> list[int]:
        first = logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO")
        return [await first, await first, await logger.log_stake(HOUR, "LIDO", 1, 1, 1)]

    assert asyncio.run(strategy()) == [1, 1, 2]


def test_the_orders_of_a_bundle_are_a_list_that_can_be_awaited(logger: EventLogger) -> None:
    async def strategy() -> Orders:
        return await logger.log_atomic_transaction(HOUR, "ENTRY", DETAILS)

    plain = logger.log_atomic_transaction(HOUR, "ENTRY", DETAILS)
    awaited = asyncio.run(strategy())
    assert isinstance(plain, list)
    assert (plain, awaited) == ([1, 2, 3], [4, 5, 6])
    assert json.dumps(plain) == "[1, 2, 3]"
    assert all(type(order) is Order for order in [*plain, *awaited])


def test_gather_and_wait_for_take_them(logger: EventLogger) -> None:
    async def strategy() -> tuple[list[object], int, list[Order]]:
        gathered = await asyncio.gather(
            logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO"),
            logger.log_atomic_transaction(HOUR, "ENTRY", DETAILS),
            logger.log_atomic_transaction(HOUR, "ENTRY", DETAILS),
            logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO"),
        )
        one = await asyncio.wait_for(logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO"), 1)
        many = await asyncio.wait_for(logger.log_atomic_transaction(HOUR, "EXIT", DETAILS), 1)
        return list(gathered), one, many

    gathered, one, many = asyncio.run(strategy())
    assert gathered == [1, [2, 3, 4], [5, 6, 7], 8]
    assert (one, many) == (9, [10, 11, 12])


def test_awaiting_never_yields_to_the_loop(logger: EventLogger) -> None:
    ran: list[str] = []

    async def other() -> None:
        ran.append("other")

    async def strategy() -> None:
        task = asyncio.ensure_future(other())
        await logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO")
        await logger.log_atomic_transaction(HOUR, "ENTRY", DETAILS)
        assert ran == []
        await task

    asyncio.run(strategy())
    assert ran == ["other"]


def test_equal_bundles_are_two_in_a_set() -> None:
    one, other = Orders([Order(1)]), Orders([Order(1)])
    assert one == other
    assert len({one, other}) == 2


@pytest.mark.parametrize("value", [Order(7), Orders([Order(7), Order(8)])])
def test_they_can_be_copied_and_pickled(value: Order | Orders) -> None:
    for other in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert other == value
        assert type(other) is type(value)
