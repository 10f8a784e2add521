"""Interruptions one right after the other, as by somebody who holds Ctrl-C down: the second comes
while the first is being answered."""

from __future__ import annotations

import gc
import random
import signal
import sqlite3
from pathlib import Path

import pytest

from event_logger import EventLogger
from tests.support import log_amounts, url_of

INTERRUPTED_CALLS = 300


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


class Interruptible:
    """A block that an interruption ends.

    A second one while the first is on its way out of `os.stat`, Python 3.11.2 makes a
    SystemError of, caused by the first: "returned a result with an exception set".
    """

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        """Whether it was an interruption that ended it."""
        while isinstance(error, SystemError):
            error = error.__cause__
        return isinstance(error, KeyboardInterrupt)


def storm(logger: EventLogger, amount: int, chance: random.Random) -> int | None:
    """Log one event among interruptions; its order, None where the call was interrupted."""
    order: int | None = None
    with Interruptible():
        try:
            first = chance.uniform(1e-6, 0.002)
            signal.setitimer(signal.ITIMER_REAL, first, chance.uniform(3e-5, 3e-4))
            (order,) = log_amounts(logger, amount)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    with Interruptible():
        signal.setitimer(signal.ITIMER_REAL, 0)
    return order


@pytest.mark.parametrize("mode", ["backtest", "live"])
def test_the_store_is_let_go_and_every_order_told_names_its_event(
    tmp_path: Path, mode: str
) -> None:
    path = tmp_path / "log.db"
    chance = random.Random(11)
    told: dict[int, int] = {}
    before = signal.signal(signal.SIGALRM, interrupt)
    # A collection amid a call would have the interruption raised in another's finaliser, where the
    # interpreter can only report it.
    gc.collect()
    gc.disable()
    try:
        with EventLogger(mode, store=url_of(path), redis=False, commit_every=2) as logger:
            log_amounts(logger, 0)
            stranger = sqlite3.connect(path, isolation_level=None, timeout=20)
            interrupted = amount = 0
            while interrupted < INTERRUPTED_CALLS:
                amount += 1
                order = storm(logger, amount, chance)
                if order is not None:
                    told[order] = amount
                    continue
                interrupted += 1
                # Waits for a follower at most; a lock that was left is there until the next call.
                stranger.execute("BEGIN IMMEDIATE")
                stranger.execute("ROLLBACK")
            stranger.close()
            stored = {event["order"]: event["amount"] for event in logger.events}
    finally:
        gc.enable()
        signal.signal(signal.SIGALRM, before)
    assert list(stored) == list(range(1, len(stored) + 1))
    assert len(set(stored.values())) == len(stored)
    assert told.items() <= stored.items()
