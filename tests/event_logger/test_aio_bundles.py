"""Bundles built in asynchronous code: nested, awaited, cancelled, by several tasks at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from domain.bundle import Step
from domain.errors import InvalidAmountError, InvalidEventError
from event_logger import AsyncEventLogger, EventLogger, open_log
from event_logger.bundle_builder import BundleBuilder
from tests.support import HOUR, url_of

Test = Callable[[AsyncEventLogger], Coroutine[Any, Any, None]]
Open = Callable[[BundleBuilder], Any]


@pytest.fixture
def store(tmp_path: Path) -> str:
    return url_of(tmp_path / "log.db")


def run(store: str, test: Test) -> None:
    async def main() -> None:
        async with AsyncEventLogger("live", store=store, redis=False) as logger:
            await test(logger)

    asyncio.run(main())


@contextmanager
def refused(problem: str) -> Iterator[None]:
    with pytest.raises(InvalidEventError, match=problem):
        yield


@asynccontextmanager
async def plainly(builder: BundleBuilder) -> AsyncIterator[BundleBuilder]:
    with builder as bundle:
        yield bundle


@asynccontextmanager
async def awaited(builder: BundleBuilder) -> AsyncIterator[BundleBuilder]:
    async with builder as bundle:
        yield bundle


inner_blocks = pytest.mark.parametrize("opened", [plainly, awaited])


@inner_blocks
def test_a_bundle_inside_a_bundle(store: str, opened: Open) -> None:
    async def test(logger: AsyncEventLogger) -> None:
        async with logger.bundle(HOUR, "ENTRY") as bundle:
            async with opened(bundle.bundle(HOUR, "LOOP")) as loop:
                stake = loop.log_stake(HOUR, "LIDO", 10, 9.9, 1.01)
            bundle.log_price_update(HOUR, "BINANCE", "ETH", 2500, related_events=[stake])
        assert bundle.orders == [1, 2, 3, 4]
        assert (await logger.events[3])["related_events"] == [3]
        (tree,) = [tree async for tree in logger.bundle_trees()]
        assert [one["event"]["order"] for one in tree["details"]] == [2, 4]

    run(store, test)


@inner_blocks
def test_bundles_nest_as_deep_as_they_are_opened(store: str, opened: Open) -> None:
    async def nest(bundle: BundleBuilder, depth: int) -> None:
        await bundle.log_price_update(HOUR, "BINANCE", "ETH", depth)
        if depth < 5:
            async with opened(bundle.bundle(None, f"LEVEL_{depth}")) as inner:
                await asyncio.sleep(0)
                await nest(inner, depth + 1)

    async def test(logger: AsyncEventLogger) -> None:
        async with logger.bundle(HOUR, "OUTER") as bundle:
            await nest(bundle, 0)
        assert bundle.orders == list(range(1, 13))
        parents = [event["parent_event"] async for event in logger.events]
        assert parents == [None, 1, 1, 3, 3, 5, 5, 7, 7, 9, 9, 11]

    run(store, test)


@inner_blocks
def test_an_inner_bundle_that_fails_leaves_the_outer(store: str, opened: Open) -> None:
    async def test(logger: AsyncEventLogger) -> None:
        async with logger.bundle(HOUR, "ENTRY") as bundle:
            loan = bundle.log_flash_borrow(HOUR, "BALANCER", "WETH", 20)
            with pytest.raises(InvalidAmountError):
                async with opened(bundle.bundle(HOUR, "LOOP")) as loop:
                    loop.log_price_update(HOUR, "BINANCE", "ETH", float("nan"))
            repaid = bundle.log_flash_repay(
                HOUR, "BALANCER", "WETH", 20, related_events=[await loan]
            )
        assert bundle.orders == [1, 2, 3]
        assert bundle.orders[repaid] == 3
        assert (await logger.events[2])["related_events"] == [2]

    run(store, test)


def test_an_inner_bundle_keeps_its_outer_waiting(store: str) -> None:
    async def test(logger: AsyncEventLogger) -> None:
        async with logger.bundle(HOUR, "ENTRY") as bundle:
            async with bundle.bundle(HOUR, "LOOP") as loop:
                with refused("'LOOP' is still open inside this bundle; end its with block first"):
                    bundle.log_price_update(HOUR, "BINANCE", "ETH", 1)
                with refused("'LOOP' is still open inside this bundle"):
                    bundle.bundle(HOUR, "SECOND")
            with refused("'LOOP' has ended"):
                loop.log_price_update(HOUR, "BINANCE", "ETH", 1)
        assert await logger.global_order == 2

    run(store, test)


def test_a_step_awaited_is_the_step(store: str) -> None:
    async def test(logger: AsyncEventLogger) -> None:
        async with logger.bundle(HOUR, "ENTRY") as bundle:
            loan = await bundle.log_flash_borrow(HOUR, "BALANCER", "WETH", 20)
            others = await asyncio.gather(
                bundle.log_stake(HOUR, "LIDO", 10, 9.9, 1.01, related_events=[loan]),
                asyncio.wait_for(bundle.log_price_update(HOUR, "BINANCE", "ETH", 1), 10),
            )
            assert await logger.global_order == 0
        assert [type(step) for step in (loan, *others)] == [Step] * 3
        assert bundle.orders is not None
        assert [bundle.orders[step] for step in (loan, *others)] == [2, 3, 4]
        assert (await logger.events[2])["related_events"] == [2]

    run(store, test)


def test_bundles_are_built_step_by_step_by_several_tasks(store: str) -> None:
    async def build(logger: AsyncEventLogger, name: str) -> Any:
        async with logger.bundle(HOUR, name) as bundle:
            loan = bundle.log_flash_borrow(HOUR, "BALANCER", "WETH", 20)
            await asyncio.sleep(0)
            bundle.log_flash_repay(HOUR, "BALANCER", "WETH", 20, related_events=[loan])
        return bundle.orders

    async def test(logger: AsyncEventLogger) -> None:
        built = await asyncio.gather(*(build(logger, f"B{n}") for n in range(10)))
        assert sorted(order for orders in built for order in orders) == list(range(1, 31))
        for orders in built:
            assert (await logger.events[orders[2] - 1])["related_events"] == [orders[1]]

    run(store, test)


def test_a_plain_with_is_refused_before_anything_is_done_in_it(store: str) -> None:
    async def test(logger: AsyncEventLogger) -> None:
        done = []
        with refused("needs `async with`; nothing is logged"):
            with logger.bundle(HOUR, "PLAIN"):
                done.append("a loan taken")
        assert done == []
        assert await logger.global_order == 0

    run(store, test)


def test_a_block_that_fails_or_is_cancelled_logs_nothing(store: str) -> None:
    async def wait_inside(logger: AsyncEventLogger, entered: asyncio.Event) -> None:
        async with logger.bundle(HOUR, "OUTER") as bundle:
            async with bundle.bundle(HOUR, "INNER") as inner:
                inner.log_price_update(HOUR, "BINANCE", "ETH", 1)
                entered.set()
                await asyncio.Event().wait()

    async def test(logger: AsyncEventLogger) -> None:
        with pytest.raises(ZeroDivisionError):
            async with logger.bundle(HOUR, "FAILED") as bundle:
                bundle.log_price_update(HOUR, "BINANCE", "ETH", 1 / 0)
        entered = asyncio.Event()
        task = asyncio.create_task(wait_inside(logger, entered))
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await logger.global_order == 0

    run(store, test)


def test_the_plain_logger_takes_the_same_code(store: str) -> None:
    async def main() -> None:
        with EventLogger("live", store=store, redis=False) as logger:
            async with logger.bundle(HOUR, "ENTRY") as bundle:
                loan = await bundle.log_flash_borrow(HOUR, "BALANCER", "WETH", 20)
                async with bundle.bundle(HOUR, "LOOP") as loop:
                    await loop.log_stake(HOUR, "LIDO", 10, 9.9, 1.01, related_events=[loan])
            with pytest.raises(ZeroDivisionError):
                async with logger.bundle(HOUR, "FAILED") as failed:
                    failed.log_price_update(HOUR, "BINANCE", "ETH", 1 / 0)
            assert failed.orders is None
        assert bundle.orders == [1, 2, 3, 4]

    asyncio.run(main())
    with open_log(store) as reader:
        assert [event["parent_event"] for event in reader.events] == [None, 1, 1, 3]
