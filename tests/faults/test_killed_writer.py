"""A writer that is killed: whole batches stay, no gaps, no lease."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from event_logger import EventLogger, open_log
from tests.support import PATIENCE, log_amounts, start_program, stored, url_of

BUNDLES_FOR_EVER = """
details = [{"event_type": "FLASH_BORROW", "venue": "BALANCER", "note": "x" * 400}] * 6
logger = EventLogger(store=sys.argv[1], commit_every=50)
while True:
    orders = logger.log_atomic_transaction(HOUR, "ENTRY", details)
    print(orders[-1], flush=True)
"""

BUNDLE = 7
BATCH = 56
"""Fifty events are reached with the eighth bundle of seven."""


@pytest.mark.parametrize("bundles", [1, 8, 300])
def test_whole_batches_stay_when_the_writer_is_killed(tmp_path: Path, bundles: int) -> None:
    path = tmp_path / "runs.db"
    with start_program(BUNDLES_FOR_EVER, url_of(path)) as writer:
        assert writer.stdout is not None
        for _ in range(bundles):
            reported = int(writer.stdout.readline())
        writer.kill()
        writer.communicate(timeout=PATIENCE)

    orders = [order for order, _ in stored(path)]
    assert orders == list(range(1, len(orders) + 1))
    assert len(orders) % BATCH == 0
    assert len(orders) >= reported - reported % BATCH

    reader = open_log(url_of(path))
    trees = list(reader.bundle_trees())
    assert len(trees) == len(orders) // BUNDLE
    assert all(len(tree["details"]) == BUNDLE - 1 for tree in trees)

    with EventLogger(store=url_of(path)) as logger:
        assert log_amounts(logger, 1) == [len(orders) + 1]
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


WITH_A_CHILD = """
logger = EventLogger(store=sys.argv[1])
logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 1)
logger.flush()
if os.fork() == 0:
    import time
    print("child", os.getpid(), flush=True)
    time.sleep(600)
    os._exit(0)
import signal
os.kill(os.getpid(), signal.SIGSTOP)
"""


def test_a_child_that_outlives_a_killed_writer_does_not_hold_its_lease(tmp_path: Path) -> None:
    import os
    import signal

    path = tmp_path / "runs.db"
    writer = start_program(WITH_A_CHILD, url_of(path))
    assert writer.stdout is not None
    child = int(writer.stdout.readline().split()[1])
    try:
        writer.kill()
        writer.wait(timeout=PATIENCE)
        with EventLogger(store=url_of(path)) as logger:
            assert log_amounts(logger, 2) == [2]
    finally:
        os.kill(child, signal.SIGKILL)
        writer.communicate(timeout=PATIENCE)
