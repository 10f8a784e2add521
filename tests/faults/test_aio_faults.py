"""`AsyncEventLogger`: callers cancelled, a store that is slow or fails, nobody who closes it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

import event_logger.aio
from domain.errors import (
    ForkedLoggerError,
    LogConfigurationError,
    LoggerClosedError,
    StoreError,
)
from event_logger import AsyncEventLogger, EventLogger
from event_logger.reader import open_log
from infrastructure.live_recorder import LiveRecorder
from tests.support import HOUR, run_program, url_of

Test = Callable[[AsyncEventLogger], Coroutine[Any, Any, None]]


@pytest.fixture
def store(tmp_path: Path) -> str:
    return url_of(tmp_path / "log.db")


def run(store: str, test: Test, mode: str = "live", **options: Any) -> None:
    async def main() -> None:
        async with AsyncEventLogger(mode, store=store, redis=False, **options) as logger:
            await test(logger)

    asyncio.run(main())


def price(logger: AsyncEventLogger, amount: Any, **event_data: Any) -> Coroutine[Any, Any, int]:
    return logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", amount, **event_data)


def test_the_loop_is_never_blocked(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at_the_end = LiveRecorder.at_the_end

    def slow(*arguments: Any) -> Any:
        time.sleep(0.3)
        return at_the_end(*arguments)

    async def test(logger: AsyncEventLogger) -> None:
        await logger.flush()
        monkeypatch.setattr(LiveRecorder, "at_the_end", slow)
        longest = 0.0

        async def watch() -> None:
            nonlocal longest
            while True:
                before = time.monotonic()
                await asyncio.sleep(0.001)
                longest = max(longest, time.monotonic() - before)

        watching = asyncio.create_task(watch())
        await asyncio.gather(*(price(logger, n) for n in range(100)))
        watching.cancel()
        assert longest < 0.25

    run(store, test)


@pytest.mark.parametrize("room", [3, 10_000])
def test_a_cancelled_caller_neither_loses_nor_doubles_its_event(
    store: str, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr(event_logger.aio, "WAITING_CALLS", room)

    async def test(logger: AsyncEventLogger) -> None:
        calls = [asyncio.create_task(price(logger, n)) for n in range(50)]
        await asyncio.sleep(0)
        for call in calls[::3]:
            call.cancel()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        await logger.flush()
        amounts = [event["amount"] async for event in logger.events]
        assert len(amounts) == len(set(amounts))
        for n, outcome in enumerate(outcomes):
            if isinstance(outcome, int):
                assert amounts[outcome - 1] == n
        if room > 50:
            assert amounts == list(range(50))

    run(store, test)


def test_a_full_queue_makes_callers_wait_their_turn(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_logger.aio, "WAITING_CALLS", 2)

    async def test(logger: AsyncEventLogger) -> None:
        orders = await asyncio.gather(*(price(logger, n) for n in range(100)))
        assert orders == list(range(1, 101))

    run(store, test)


def test_closing_commits_what_waits_and_takes_nothing_more(store: str) -> None:
    async def main() -> None:
        logger = AsyncEventLogger("live", store=store, redis=False)
        calls = [asyncio.create_task(price(logger, n)) for n in range(50)]
        await asyncio.sleep(0)
        await logger.aclose()
        assert await asyncio.gather(*calls) == list(range(1, 51))
        with pytest.raises(LoggerClosedError):
            await price(logger, 1)
        with pytest.raises(LoggerClosedError):
            await logger.get_all_events()
        await logger.aclose()

    asyncio.run(main())
    with open_log(store) as reader:
        assert reader.global_order == 50


def test_the_constructor_opens_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        logger = AsyncEventLogger(store=url_of(tmp_path / "gone" / "log.db"))
        with pytest.raises(StoreError, match="does not exist; create it"):
            await price(logger, 1)
        (tmp_path / "gone").mkdir()
        assert await price(logger, 1) == 1
        await logger.aclose()

    asyncio.run(main())
    with pytest.raises(LogConfigurationError):
        AsyncEventLogger("paper")


def test_a_failing_store_fails_every_caller_and_the_next_are_served(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any) -> Any:
        raise StoreError(store, "failed (disk I/O error)")

    async def test(logger: AsyncEventLogger) -> None:
        assert await price(logger, 0) == 1
        with monkeypatch.context() as patch:
            patch.setattr("infrastructure.live_logs.insert_logged", failing)
            outcomes = await asyncio.gather(
                *(price(logger, n) for n in range(20)), return_exceptions=True
            )
            assert {type(outcome) for outcome in outcomes} == {StoreError}
        assert await asyncio.gather(*(price(logger, n) for n in range(20))) == list(range(2, 22))

    run(store, test)


NEVER_CLOSED = """
import asyncio
from event_logger import AsyncEventLogger
async def main():
    logger = AsyncEventLogger("live", store=sys.argv[1], redis=False)
    await logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
    asyncio.create_task(logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE"))
    await asyncio.sleep(0)
    return logger
logger = asyncio.run(main())
print("ended")
"""


def test_a_program_that_never_closes_its_logger_exits(store: str) -> None:
    assert run_program(NEVER_CLOSED, store) == "ended\n"
    with EventLogger("live", store=store, redis=False) as logger:
        assert logger.global_order in (1, 2)


def test_a_forked_child_is_refused(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(logger: AsyncEventLogger) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("os.getpid", lambda: -1)
            with pytest.raises(ForkedLoggerError):
                await price(logger, 1)

    run(store, test)
