"""A program with an asynchronous logger ends: what was taken on is stored, whatever ended it."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from pathlib import Path

import pytest

from event_logger import AsyncEventLogger, EventLogger
from tests.support import (
    HOUR,
    PATIENCE,
    log_amounts,
    numbered,
    run_program,
    start_program,
    stored,
    url_of,
)

ENDING = """
import asyncio
from event_logger import AsyncEventLogger

def log(logger, n):
    return logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", n)

async def main():
    logger = AsyncEventLogger(sys.argv[2], store=sys.argv[1], redis=False)
    if sys.argv[3] == "closed":
        async with logger:
            calls = [asyncio.create_task(log(logger, n)) for n in range(1, 3001)]
            await asyncio.sleep(0)
            raise KeyError
    calls = [asyncio.create_task(log(logger, n)) for n in range(1, 3001)]
    await asyncio.sleep(0)
    if sys.argv[3] == "cancelled":
        for call in calls:
            call.cancel()
    return logger

try:
    kept = asyncio.run(main())
except KeyError:
    pass
"""


@pytest.mark.parametrize(
    ("mode", "way"), [("live", "never closed"), ("backtest", "cancelled"), ("live", "closed")]
)
def test_all_of_three_thousand_that_were_taken_on_are_stored(
    tmp_path: Path, mode: str, way: str
) -> None:
    path = tmp_path / "runs.db"
    run_program(ENDING, url_of(path), mode, way)
    assert stored(path) == numbered(3000)


def test_calls_beyond_ten_thousand_waiting_are_not_overtaken() -> None:
    async def test() -> list[int]:
        async with AsyncEventLogger() as logger:
            last = 10_200
            calls: list[asyncio.Task[int]] = []

            def log(n: int, *_: object) -> None:
                call = asyncio.ensure_future(
                    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", n)
                )
                calls.append(call)
                if n == 1:
                    # Whoever asks as places get free is behind those who stand in line.
                    call.add_done_callback(lambda _: log(last + 1))

            for n in range(1, last + 1):
                log(n)
            while len(calls) <= last:
                await asyncio.sleep(0)
            return await asyncio.gather(*calls)

    assert asyncio.run(test()) == list(range(1, 10_202))


IN_TASKS = """
import asyncio, signal
from event_logger import AsyncEventLogger, end_orderly_at_signals
if sys.argv[2] == "SIGTERM":
    end_orderly_at_signals()
acknowledged = os.open(sys.argv[3], os.O_WRONLY | os.O_CREAT | os.O_APPEND)

async def log(logger, first):
    for n in range(first, first + 1_000_000):
        order = await logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", n)
        os.write(acknowledged, f"{order} {n}\\n".encode())

async def main():
    async with AsyncEventLogger("live", store=sys.argv[1], redis=False) as logger:
        await asyncio.gather(*(log(logger, first * 1_000_000) for first in range(20)))

print("begun", flush=True)
try:
    asyncio.run(main())
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_what_was_acknowledged_when_a_signal_came_is_there_once(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    path, told = tmp_path / "runs.db", tmp_path / "told"
    chance = random.Random(number)
    for _ in range(2):
        with start_program(IN_TASKS, url_of(path), number.name, told) as program:
            assert program.stdout is not None
            program.stdout.readline()
            time.sleep(chance.uniform(0.0, 0.4))
            program.send_signal(number)
            _, errors = program.communicate(timeout=PATIENCE)
        assert (program.returncode, errors) == (code, "")
    there = stored(path)
    pairs = [tuple(map(int, line.split())) for line in told.read_text().splitlines()]
    assert len(set(pairs)) == len(pairs)
    assert set(pairs) <= set(there)
    assert [order for order, _ in there] == list(range(1, len(there) + 1))
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        assert log_amounts(logger, 0) == [len(there) + 1]
