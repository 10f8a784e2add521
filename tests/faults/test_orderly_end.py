"""SIGTERM: the program ends in an orderly way, and what was logged is stored."""

from __future__ import annotations

import signal
import subprocess
import threading
from pathlib import Path

import pytest

from event_logger import EventLogger, LogConfigurationError, end_orderly_at_signals
from tests.commands import start
from tests.support import PATIENCE, log_amounts, numbered, start_program, stored, url_of

TERMINATED = 128 + signal.SIGTERM

IN_A_LOOP = """
from event_logger import end_orderly_at_signals
end_orderly_at_signals()
logger = EventLogger(store=sys.argv[1], commit_every=1_000_000)
n = 0
while True:
    n += 1
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", n)
    if n % 100 == 0:
        print(n, flush=True)
"""

SWALLOWING = """
import threading, time
from event_logger import LoggerClosedError, end_orderly_at_signals
end_orderly_at_signals()
logger = EventLogger(store=sys.argv[1], commit_every=1_000_000)
n = 0
while True:
    try:
        n += 1
        logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", n)
        if n % 100 == 0:
            print(n, flush=True)
    except LoggerClosedError:
        os._exit(143)
    except BaseException:
        n = logger.global_order
"""

IN_THREADS = """
import itertools, threading
from event_logger import LoggerClosedError, end_orderly_at_signals
end_orderly_at_signals()
logger = EventLogger(store=sys.argv[1], commit_every=1_000_000)
numbers, lock = itertools.count(1), threading.Lock()

def log():
    while True:
        with lock:
            n = next(numbers)
            try:
                logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", n)
            except LoggerClosedError:
                return
            if n % 100 == 0:
                print(n, flush=True)

threads = [threading.Thread(target=log) for _ in range(3)]
for one in threads:
    one.start()
for one in threads:
    one.join()
"""

IN_TASKS = """
import asyncio
from event_logger import AsyncEventLogger, end_orderly_at_signals
end_orderly_at_signals()

async def log(logger):
    n = 0
    while True:
        n += 1
        await logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", n)
        if n % 100 == 0:
            print(n, flush=True)

async def main():
    async with AsyncEventLogger(store=sys.argv[1], commit_every=1_000_000) as logger:
        await log(logger)

asyncio.run(main())
"""

NEVER_CLOSED = IN_TASKS.replace(
    "    async with AsyncEventLogger(store=sys.argv[1], commit_every=1_000_000) as logger:\n"
    "        await log(logger)",
    "    await log(AsyncEventLogger(store=sys.argv[1], commit_every=1_000_000))",
)


@pytest.mark.parametrize(
    "program",
    [IN_A_LOOP, SWALLOWING, IN_THREADS, IN_TASKS, NEVER_CLOSED],
    ids=["in a loop", "swallowing the exit", "in threads", "in tasks", "never closed"],
)
def test_a_backtest_s_pending_batch_is_stored(tmp_path: Path, program: str) -> None:
    path = tmp_path / "runs.db"
    with start_program(program, url_of(path)) as running:
        told = _some_lines(running)
        running.send_signal(signal.SIGTERM)
        rest, errors = running.communicate(timeout=PATIENCE)
    told += [int(line) for line in rest.split()]
    assert running.returncode == TERMINATED, errors
    assert errors == ""
    there = stored(path)
    assert there == numbered(len(there))
    assert len(there) >= max(told)
    with EventLogger(store=url_of(path)) as logger:
        assert log_amounts(logger, 0) == [len(there) + 1]


def test_signals_that_follow_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with start_program(IN_A_LOOP, url_of(path)) as running:
        told = _some_lines(running)
        for _ in range(20):
            running.send_signal(signal.SIGTERM)
        rest, errors = running.communicate(timeout=PATIENCE)
    assert (running.returncode, errors) == (TERMINATED, "")
    assert len(stored(path)) >= max([*told, *map(int, rest.split())])


def test_the_demo_ends_and_leaves_nothing_half_made(tmp_path: Path) -> None:
    with start("demo", "--folder", "run", folder=tmp_path) as running:
        while not any(tmp_path.glob(".run.*/*.lease")):
            assert running.poll() is None, running.communicate()
        running.send_signal(signal.SIGTERM)
        _, errors = running.communicate(timeout=PATIENCE)
    assert (running.returncode, "Traceback" in errors) == (TERMINATED, False)
    assert list(tmp_path.iterdir()) == []


def test_no_handler_is_there_unasked(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with EventLogger(store=url_of(tmp_path / "runs.db")) as logger:
        log_amounts(logger, 1)
        assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("number", [signal.SIGKILL, 0, 4711, "SIGTERM", None])
def test_what_is_no_signal_to_be_handled_is_refused(number: int) -> None:
    with pytest.raises(LogConfigurationError, match=r"name signal\.SIGTERM"):
        end_orderly_at_signals(number)


def test_another_thread_than_the_main_one_is_refused() -> None:
    raised: list[BaseException] = []

    def call() -> None:
        try:
            end_orderly_at_signals()
        except LogConfigurationError as error:
            raised.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert "in the main thread" in str(raised[0])


def _some_lines(running: subprocess.Popen[str]) -> list[int]:
    assert running.stdout is not None
    return [int(running.stdout.readline()) for _ in range(3)]


AT_THE_WORST_MOMENT = """
import asyncio, collections, signal
from event_logger import AsyncEventLogger, end_orderly_at_signals
end_orderly_at_signals()

class Ready(collections.deque):
    is_armed = False

    def popleft(self):
        handle = super().popleft()
        if Ready.is_armed:
            Ready.is_armed = False
            signal.raise_signal(signal.SIGTERM)
        return handle

def new_loop():
    loop = asyncio.SelectorEventLoop()
    loop._ready = Ready()
    return loop

async def main():
    async with AsyncEventLogger(store=sys.argv[1]) as logger:
        for n in (1, 2, 3):
            await logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", n)
        Ready.is_armed = True
        while True:
            await asyncio.sleep(0)

with asyncio.Runner(loop_factory=new_loop) as runner:
    runner.run(main())
"""

SWALLOWED = """
import signal
from event_logger import end_orderly_at_signals
end_orderly_at_signals()

class Dropped:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)

with EventLogger(store=sys.argv[1]) as logger:
    for n in (1, 2, 3):
        logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", n)
    Dropped()
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 4)
    while True:
        pass
"""


@pytest.mark.parametrize(
    "program", [AT_THE_WORST_MOMENT, SWALLOWED], ids=["between two callbacks", "in a finalizer"]
)
def test_a_moment_in_which_an_exception_would_be_lost(tmp_path: Path, program: str) -> None:
    path = tmp_path / "runs.db"
    with start_program(program, url_of(path)) as running:
        _, errors = running.communicate(timeout=PATIENCE)
    assert (running.returncode, errors) == (TERMINATED, "")
    assert stored(path)[:3] == numbered(3)
