"""`AsyncEventLogger`: callers cancelled, a store that is slow, held, full or failing."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import orjson
import pytest

from domain.errors import LogInUseError, StoreError
from event_logger import AsyncEventLogger, EventLogger, open_log
from event_logger.writing import group_commit
from infrastructure.stores.sqlite.reads import SQLiteReads
from tests.faults.commits import Room, slow_down
from tests.gate import Gate
from tests.support import HOUR, PATIENCE, start_program, url_of

Test = Callable[[AsyncEventLogger], Coroutine[Any, Any, None]]


@pytest.fixture
def store(tmp_path: Path) -> str:
    return url_of(tmp_path / "log.db")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every transaction that appends takes 0.3 s."""
    slow_down(monkeypatch, 0.3)


def run(store: str, test: Test, mode: str = "live", **options: Any) -> None:
    async def main() -> None:
        async with AsyncEventLogger(mode, store=store, redis=False, **options) as logger:
            await test(logger)

    asyncio.run(main())


def price(logger: AsyncEventLogger, amount: Any, **event_data: Any) -> Coroutine[Any, Any, int]:
    return logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", amount, **event_data)


def amounts(store: str) -> list[int]:
    with open_log(store) as reader:
        return [event["amount"] for event in reader.events]


async def log_two_hundred(logger: AsyncEventLogger) -> None:
    async def task(number: int) -> None:
        await price(logger, number)
        await price(logger, number + 100)

    await asyncio.gather(*(task(number) for number in range(100)))


async def the_loop_turns() -> None:
    """Other tasks get their turn, again and again."""
    for _ in range(100):
        await asyncio.sleep(0.001)


def test_a_slow_store_does_not_hold_up_the_loop(store: str, gate: Gate) -> None:
    async def test(logger: AsyncEventLogger) -> None:
        logging = asyncio.create_task(log_two_hundred(logger))
        await asyncio.to_thread(gate.reached.wait, PATIENCE)
        await the_loop_turns()
        assert not logging.done()
        gate.open()
        await logging

    run(store, test)
    assert sorted(amounts(store)) == list(range(200))


HOLDER = """
import sqlite3
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
"""


def test_a_store_that_another_process_holds_does_not_hold_up_the_loop(
    tmp_path: Path, store: str
) -> None:
    async def test(logger: AsyncEventLogger) -> None:
        await logger.flush()
        with start_program(HOLDER, tmp_path / "log.db") as holder:
            assert holder.stdout is not None
            assert await asyncio.to_thread(holder.stdout.readline) == "held\n"
            logging = asyncio.create_task(log_two_hundred(logger))
            await the_loop_turns()
            assert not logging.done()
            holder.communicate("\n")
        await logging

    run(store, test)
    assert sorted(amounts(store)) == list(range(200))


def test_what_waits_together_is_committed_and_handed_over_together(
    store: str, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(logger: AsyncEventLogger) -> None:
        loop = asyncio.get_running_loop()
        handed_over: list[int] = []
        hand_over = loop.call_soon_threadsafe

        def counted(callback: Any, *arguments: Any, **options: Any) -> Any:
            handed_over.append(len(arguments[0]))
            return hand_over(callback, *arguments, **options)

        first = asyncio.create_task(price(logger, 0))
        await asyncio.to_thread(gate.reached.wait, PATIENCE)
        further = [asyncio.create_task(price(logger, n)) for n in range(1, 700)]
        await asyncio.sleep(0)
        with monkeypatch.context() as patch:
            patch.setattr(loop, "call_soon_threadsafe", counted)
            gate.open()
            await asyncio.gather(first, *further)
        assert handed_over == [1, 500, 199]

    run(store, test)


@pytest.mark.parametrize("room", [1, 7, 10_000])
@pytest.mark.parametrize("seed", range(5))
def test_a_cancelled_call_is_logged_once_if_it_was_taken_on_and_else_never(
    store: str, monkeypatch: pytest.MonkeyPatch, room: int, seed: int
) -> None:
    monkeypatch.setattr(group_commit, "WAITING_CALLS", room)
    chance = random.Random(seed)
    taken_on: list[int] = []
    waiting = group_commit._Waiting

    def noted(work: Any, *others: Any) -> Any:
        if not callable(work):
            taken_on.append(orjson.loads(work)["amount"])
        return waiting(work, *others)

    monkeypatch.setattr(group_commit, "_Waiting", noted)

    async def test(logger: AsyncEventLogger) -> None:
        calls = [asyncio.create_task(price(logger, number)) for number in range(200)]
        cancelled = chance.sample(range(200), 80)
        for victim in cancelled:
            if chance.random() < 0.3:
                await asyncio.sleep(chance.choice((0, 0.0005)))
            calls[victim].cancel()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        await logger.flush()
        logged = await logger.get_all_events()
        assert [event["amount"] for event in logged] == taken_on
        assert len(set(taken_on)) == len(taken_on)
        for number, outcome in enumerate(outcomes):
            if isinstance(outcome, int):
                assert taken_on[outcome - 1] == number
            else:
                assert isinstance(outcome, asyncio.CancelledError)
                assert number in cancelled
        # Nobody who was cancelled has kept a place.
        assert await asyncio.gather(*(price(logger, n) for n in range(200, 220)))

    run(store, test)


def test_a_call_that_is_cancelled_in_line_is_not_logged(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "WAITING_CALLS", 2)

    async def test(logger: AsyncEventLogger) -> None:
        calls = [asyncio.create_task(price(logger, n)) for n in range(6)]
        await asyncio.sleep(0)
        for call in calls[1:4]:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert [event["amount"] async for event in logger.events] == [0, 1, 4, 5]

    run(store, test)


@pytest.mark.usefixtures("slow")
def test_a_place_is_not_lost_with_the_caller_who_was_cancelled_as_it_got_it(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "WAITING_CALLS", 1)

    async def test(logger: AsyncEventLogger) -> None:
        first = asyncio.create_task(price(logger, 0))
        await asyncio.sleep(0)
        second, third = (asyncio.create_task(price(logger, n)) for n in (1, 2))
        await asyncio.sleep(0)
        places = logger._commits._places[asyncio.get_running_loop()]
        places.give_back(1)
        second.cancel()
        assert await asyncio.wait_for(third, 5) == 2
        assert (await first, second.cancelled()) == (1, True)

    run(store, test)
    assert amounts(store) == [0, 2]


def failing(*_: Any) -> Any:
    raise StoreError("here", "failed (disk I/O error)")


@pytest.mark.parametrize("mode", ["live", "backtest"])
def test_a_failing_store_fails_every_caller_and_the_next_are_served(
    store: str, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    async def test(logger: AsyncEventLogger) -> None:
        assert await price(logger, 0) == 1
        with monkeypatch.context() as patch:
            patch.setattr("infrastructure.stores.sqlite.appends.insert_events", failing)
            outcomes = await asyncio.gather(
                *(price(logger, n) for n in range(20)), return_exceptions=True
            )
        # Each caller raises an error of its own, so that no traceback is another's.
        assert len({id(outcome) for outcome in outcomes}) == 20
        for outcome in outcomes:
            assert isinstance(outcome, StoreError)
            assert str(outcome) == "store here: failed (disk I/O error)"
            assert (outcome.store, outcome.problem) == ("here", "failed (disk I/O error)")
        assert await asyncio.gather(*(price(logger, n) for n in range(20))) == list(range(2, 22))

    run(store, test, mode)
    assert amounts(store) == [0, *range(20)]


def test_a_full_disk_fails_the_group_and_room_lets_it_go_on(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room(monkeypatch)

    async def test(logger: AsyncEventLogger) -> None:
        await price(logger, 0)
        room.pages = Room.NO_MORE
        outcomes = await asyncio.gather(
            *(price(logger, n, padding="x" * 2000) for n in range(50)), return_exceptions=True
        )
        assert {type(outcome) for outcome in outcomes} == {StoreError}
        assert "disk is full" in str(outcomes[-1])
        room.pages = Room.ALL
        assert await asyncio.gather(*(price(logger, n) for n in (1, 2))) == [2, 3]

    run(store, test)
    assert amounts(store) == [0, 1, 2]


def test_a_second_writer_of_a_backtest_is_told_and_serves_when_the_first_has_gone(
    store: str,
) -> None:
    async def test(logger: AsyncEventLogger) -> None:
        with EventLogger(store=store) as first:
            first.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 1)
            outcomes = await asyncio.gather(
                *(price(logger, n) for n in range(3)), return_exceptions=True
            )
            assert {type(outcome) for outcome in outcomes} == {LogInUseError}
        assert await price(logger, 2) == 2

    run(store, test, "backtest")


def test_a_look_up_that_fails_leaves_nothing_pending_of_what_was_refused(
    store: str, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*_: object) -> None:
        raise StoreError(store, "cannot be read")

    async def test(logger: AsyncEventLogger) -> None:
        gate.open()
        await price(logger, 0)
        monkeypatch.setattr(SQLiteReads, "order_of", unreadable)
        calls = (price(logger, 1), price(logger, 2, event_id="a"), price(logger, 3))
        told = await asyncio.gather(*calls, return_exceptions=True)
        monkeypatch.undo()
        assert await logger.global_order == len([one for one in told if isinstance(one, int)]) + 1
        for amount, one in enumerate(told, 1):
            if isinstance(one, int):
                assert (await logger.events[one - 1])["amount"] == amount

    run(store, test, "backtest")
