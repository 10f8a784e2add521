"""`AsyncEventLogger` from its making to its closing, in several loops, threads and processes."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from domain.errors import LogConfigurationError, LoggerClosedError, StoreError
from event_logger import AsyncEventLogger
from event_logger.writing import group_commit
from event_logger.writing.buffer import BufferedWriter
from tests.faults.commits import slow_down
from tests.gate import Gate
from tests.support import HOUR, PATIENCE, numbered, run_program, stored, url_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every transaction that appends takes 0.3 s."""
    slow_down(monkeypatch, 0.3)


def live(path: Path, **options: Any) -> AsyncEventLogger:
    return AsyncEventLogger("live", store=url_of(path), redis=False, **options)


def price(logger: AsyncEventLogger, amount: Any) -> Coroutine[Any, Any, int]:
    return logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", amount)


async def called(logger: AsyncEventLogger, *numbers: int) -> list[asyncio.Task[int]]:
    """Calls that were made and are not answered yet."""
    calls = [asyncio.create_task(price(logger, n)) for n in numbers]
    await asyncio.sleep(0)
    return calls


def begun_since(before: set[threading.Thread]) -> set[threading.Thread]:
    """The threads that are there and were not; one of an earlier test may have ended meanwhile."""
    return {*threading.enumerate()} - before


async def until_no_thread_is_left(before: set[threading.Thread]) -> None:
    deadline = time.monotonic() + PATIENCE
    while begun_since(before) and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    assert begun_since(before) == set()


def test_the_constructor_opens_nothing(tmp_path: Path) -> None:
    path = tmp_path / "gone" / "log.db"

    async def main() -> None:
        logger = AsyncEventLogger(store=url_of(path))
        with pytest.raises(StoreError, match="does not exist; create it"):
            await price(logger, 1)
        with pytest.raises(StoreError, match="does not exist; create it"):
            await logger.global_order
        path.parent.mkdir()
        assert await price(logger, 1) == 1
        await logger.aclose()

    before = {*threading.enumerate()}
    live(path)
    assert begun_since(before) == set()
    asyncio.run(main())


@pytest.mark.parametrize(
    "options", [{"execution_mode": "paper"}, {"log": " "}, {"metadata": [1]}], ids=str
)
def test_what_needs_no_store_to_be_refused_is_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(LogConfigurationError):
        AsyncEventLogger(**options)


@pytest.mark.parametrize("room", [3, 10_000])
def test_closing_commits_what_was_called_before_and_takes_nothing_more(
    path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr(group_commit, "WAITING_CALLS", room)

    async def main() -> None:
        logger = live(path)
        calls = await called(logger, *range(1, 51))
        closing = asyncio.create_task(logger.aclose())
        await asyncio.sleep(0)
        with pytest.raises(LoggerClosedError):
            await price(logger, 51)
        await closing
        assert await asyncio.gather(*calls) == list(range(1, 51))
        for refused in (
            price(logger, 52),
            logger.log_atomic_transaction(HOUR, "ENTRY", []),
            logger.update_event(1, {"status": "confirmed"}),
            logger.flush(),
            logger.get_all_events(),
        ):
            with pytest.raises(LoggerClosedError):
                await refused
        with pytest.raises(LoggerClosedError):
            logger.bundle(HOUR, "ENTRY")
        await logger.aclose()

    asyncio.run(main())
    assert stored(path) == numbered(50)


def test_each_that_closes_returns_when_all_is_committed(path: Path, gate: Gate) -> None:
    async def main() -> None:
        logger = live(path)
        calls = await called(logger, 1, 2)
        cancelled, *others = [asyncio.create_task(logger.aclose()) for _ in range(3)]
        await asyncio.sleep(0)
        cancelled.cancel()
        gate.open()
        for closing in others:
            await closing
            assert stored(path) == numbered(2)
        assert await asyncio.gather(*calls) == [1, 2]

    asyncio.run(main())


def test_who_stops_waiting_for_the_close_does_not_stop_it(path: Path, gate: Gate) -> None:
    before = {*threading.enumerate()}

    async def main() -> None:
        logger = live(path)
        (call,) = await called(logger, 1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(logger.aclose(), 0.05)
        gate.open()
        assert await call == 1
        await until_no_thread_is_left(before)

    asyncio.run(main())


def test_closing_may_be_tried_again_when_the_store_failed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_: BufferedWriter) -> int:
        raise StoreError("here", "failed (disk I/O error)")

    async def main() -> None:
        logger = AsyncEventLogger(store=url_of(path))
        await price(logger, 1)
        with monkeypatch.context() as patch:
            patch.setattr(BufferedWriter, "flush", failing)
            with pytest.raises(StoreError, match="disk I/O error"):
                await logger.aclose()
        await logger.aclose()
        async with AsyncEventLogger(store=url_of(path)) as another:
            assert await price(another, 2) == 2

    asyncio.run(main())


def test_a_logger_that_was_never_used_is_closed_without_opening_the_store(path: Path) -> None:
    asyncio.run(live(path).aclose())
    assert not path.exists()


def test_a_logger_that_is_dropped_lets_go_of_threads_and_store(path: Path) -> None:
    before = {*threading.enumerate()}

    async def main() -> None:
        logger = AsyncEventLogger(store=url_of(path))
        await price(logger, 1)
        del logger
        gc.collect()
        await until_no_thread_is_left(before)
        async with AsyncEventLogger(store=url_of(path)) as another:
            assert await price(another, 2) == 2

    asyncio.run(main())


def test_a_loop_that_ended_while_events_waited_does_no_harm(path: Path, gate: Gate) -> None:
    logger = live(path)

    async def leave() -> None:
        await called(logger, 1, 2, 3)
        await asyncio.to_thread(gate.reached.wait, PATIENCE)

    async def go_on() -> None:
        assert list(await asyncio.gather(price(logger, 4), price(logger, 5))) == [4, 5]
        await logger.aclose()

    asyncio.run(leave())
    gate.open()
    asyncio.run(go_on())
    assert stored(path) == numbered(5)


def test_several_loops_may_share_a_logger(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "WAITING_CALLS", 5)
    logger = live(path)
    orders: list[int] = []

    async def log(start: int) -> None:
        orders.extend(await asyncio.gather(*(price(logger, start + n) for n in range(100))))

    def run(start: int) -> None:
        asyncio.run(log(start))

    threads = [threading.Thread(target=run, args=(start,)) for start in (0, 1000, 2000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(logger.aclose())
    assert sorted(orders) == list(range(1, 301))
    assert len({amount for _, amount in stored(path)}) == 300


NEVER_CLOSED = """
import asyncio
from event_logger import AsyncEventLogger
async def main():
    logger = AsyncEventLogger("live", store=sys.argv[1], redis=False)
    await logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 1)
    asyncio.create_task(logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 2))
    await asyncio.sleep(0)
    return logger
logger = asyncio.run(main())
print("ended")
"""


def test_a_program_that_never_closes_its_logger_exits(path: Path) -> None:
    assert run_program(NEVER_CLOSED, url_of(path)) == "ended\n"
    assert stored(path) in (numbered(1), numbered(2))


FORK = """
import asyncio, gc
from event_logger import AsyncEventLogger
from domain.errors import ForkedLoggerError

def log(amount):
    return logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", amount)

async def refused(call):
    try:
        await call()
    except ForkedLoggerError as error:
        return str(error)

async def child():
    global logger
    print(len({
        await refused(lambda: log(9)),
        await refused(lambda: logger.log_atomic_transaction(HOUR, "ENTRY", [])),
        await refused(lambda: logger.update_event(1, {"status": "confirmed"})),
        await refused(lambda: logger.get_all_events()),
        await refused(lambda: logger.global_order),
        await refused(lambda: logger.flush()),
    }), await refused(lambda: log(9)), flush=True)
    await logger.aclose()
    del logger
    gc.collect()

logger = AsyncEventLogger("live", store=sys.argv[1], redis=False)
asyncio.run(log(1))
pid = os.fork()
if pid == 0:
    asyncio.run(child())
    sys.exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
asyncio.run(log(2))
asyncio.run(logger.aclose())
"""


def test_a_forked_child_is_refused_and_the_parent_goes_on(path: Path) -> None:
    sentence = "the logger of log 'default' was opened before this process was forked; open one"
    assert run_program(FORK, url_of(path)) == f"1 {sentence} here\n"
    assert stored(path) == numbered(2)
