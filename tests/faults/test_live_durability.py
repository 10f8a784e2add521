"""What a live call acknowledged survives a kill -9 at any moment, forty times."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from event_logger import open_log
from event_logger.reader import LogReader
from tests.support import PATIENCE, start_program, url_of

KILLS = 24
UNDER_LOAD = """
def tell(*words):
    # One write, so that a kill leaves no half line; print() makes several when unbuffered.
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

def live(log):
    logger = EventLogger("live", store=sys.argv[1], log=log, redis=False)
    tell("ready", os.getpid())
    for n in range(100_000):
        if n % 7 == 3:
            details = [{"event_type": "STAKE_DEPOSIT", "venue": "LIDO"}] * 3
            orders = logger.log_atomic_transaction(HOUR, f"bundle-{n}", details)
            tell("bundle", *orders)
        else:
            order = logger.log_event(HOUR, "TRADE_EXECUTED", "BINANCE", "ETH", n)
            tell("event", order)
            if n % 3 == 0:
                logger.update_event(order, {"status": "submitted", "tx_hash": f"0x{order}"})
                tell("submitted", order)

# The imports are paid for once: every logger lives in a forked child.
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            live(line.strip())
        finally:
            os._exit(1)
    os.waitpid(child, 0)
    tell("done")
"""


@pytest.fixture
def store(tmp_path: Path) -> str:
    return url_of(tmp_path / "live.db")


def test_what_was_acknowledged_is_there(store: str) -> None:
    chance = random.Random(4711)
    acknowledged: dict[str, list[list[str]]] = {f"log-{n}": [] for n in range(4)}
    with start_program(UNDER_LOAD, store) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        for kill in range(KILLS):
            log = f"log-{kill % 4}"
            print(log, file=program.stdin, flush=True)
            _, child = program.stdout.readline().split()
            for _ in range(chance.randint(2, 14)):
                acknowledged[log].append(program.stdout.readline().split())
            time.sleep(chance.random() * 0.006)
            os.kill(int(child), signal.SIGKILL)
            while (line := program.stdout.readline()) and line != "done\n":
                acknowledged[log].append(line.split())
            assert line, program.stderr and program.stderr.read()
            with open_log(store, log) as reader:
                _check(reader, acknowledged[log])
        program.stdin.close()
        assert program.wait(timeout=PATIENCE) == 0
    assert sum(map(len, acknowledged.values())) >= 5 * KILLS


def _check(reader: LogReader, acknowledged: list[list[str]]) -> None:
    events = reader.get_all_events()
    assert [event["order"] for event in events] == list(range(1, len(events) + 1))
    for what, *orders in acknowledged:
        named = [events[int(order) - 1] for order in orders]
        if what == "submitted":
            assert [event["status"] for event in named] == ["submitted"]
            assert named[0]["tx_hash"] == f"0x{orders[0]}"
        elif what == "bundle":
            assert named[0]["detail_orders"] == [int(order) for order in orders[1:]]
        else:
            assert named[0]["event_type"] == "TRADE_EXECUTED"
    for event in events:
        if "detail_orders" in event:
            details = events[event["order"] : event["order"] + event["detail_count"]]
            assert [detail["parent_event"] for detail in details] == [event["order"]] * 3
