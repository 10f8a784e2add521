"""Another process holds the store's write lock: who waits for it, and who does not."""

from __future__ import annotations

import gc
import logging
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from event_logger import EventLogger, StoreError, open_log
from infrastructure.stores.sqlite import appends, connections
from infrastructure.stores.sqlite.schema import LOCK_TIMEOUT_SECONDS
from tests.support import PATIENCE, ROOT, log_amounts, numbered, start_program, stored, url_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@contextmanager
def held(path: Path) -> Iterator[sqlite3.Connection]:
    """The lock is a stranger's for the time of the block, unless it is given back before."""
    stranger = sqlite3.connect(path, isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    try:
        yield stranger
    finally:
        stranger.close()


class Waiting:
    """A thread that logs an amount, and what came of it."""

    def __init__(self, logger: EventLogger, amount: int) -> None:
        self.orders: list[int] = []
        self.error: StoreError | None = None
        self._thread = threading.Thread(target=self._log, args=(logger, amount))
        self._thread.start()
        time.sleep(0.3)
        assert self._thread.is_alive()

    def _log(self, logger: EventLogger, amount: int) -> None:
        try:
            self.orders = log_amounts(logger, amount)
        except StoreError as error:
            self.error = error

    def join(self) -> None:
        self._thread.join(PATIENCE)


def test_closing_does_not_wait_and_the_call_that_does_is_told_that_it_is_not_stored(
    path: Path,
) -> None:
    logger = EventLogger("live", store=url_of(path), redis=False)
    log_amounts(logger, 1)
    with held(path) as stranger:
        waiting = Waiting(logger, 2)
        logger.close()
        assert stranger.in_transaction
        waiting.join()
    assert waiting.error is not None
    assert "nothing of this is stored" in str(waiting.error)
    assert stored(path) == numbered(1)


def test_a_backtest_s_pending_batch_waits_and_is_stored(path: Path) -> None:
    logger = EventLogger(store=url_of(path))
    log_amounts(logger, 1, 2)
    with held(path) as stranger:
        closing = threading.Thread(target=logger.close)
        closing.start()
        time.sleep(0.3)
        assert closing.is_alive()
        stranger.execute("ROLLBACK")
    closing.join(PATIENCE)
    assert stored(path) == numbered(2)


def test_a_backtest_with_nothing_pending_closes_at_once(path: Path) -> None:
    logger = EventLogger(store=url_of(path))
    log_amounts(logger, 1)
    logger.flush()
    with held(path) as stranger:
        logger.close()
        assert stranger.in_transaction
    assert stored(path) == numbered(1)


def test_reading_does_not_wait(path: Path) -> None:
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        log_amounts(logger, 1, 2)
        with held(path), open_log(url_of(path)) as reader:
            assert len(list(reader.events)) == len(logger.get_all_events()) == 2
            assert logger.live_status()["counts"] == reader.live_status()["counts"]


LIVE = """
from event_logger import end_orderly_at_signals
end_orderly_at_signals()
with EventLogger("live", store=sys.argv[1], redis=False) as logger:
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 1)
    print("logged", flush=True)
    sys.stdin.readline()
    print("waits", flush=True)
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 2)
"""


def test_signals_are_heard_while_a_call_waits(path: Path) -> None:
    with start_program(LIVE, url_of(path)) as program:
        assert program.stdout is not None
        assert program.stdin is not None
        assert program.stdout.readline() == "logged\n"
        with held(path) as stranger:
            program.stdin.write("\n")
            program.stdin.flush()
            assert program.stdout.readline() == "waits\n"
            time.sleep(0.3)
            program.send_signal(signal.SIGTERM)
            _, errors = program.communicate(timeout=PATIENCE)
            assert stranger.in_transaction
        assert (program.returncode, errors) == (128 + signal.SIGTERM, "")
    assert stored(path) == numbered(1)


def test_one_that_is_collected_is_closed_however_long_the_stranger_stays(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    EventLogger(store=url_of(path)).close()
    logger = EventLogger(store=url_of(path))
    log_amounts(logger, 1, 2, 3)
    for module in (appends, connections):
        monkeypatch.setattr(module, "LOCK_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(appends.SQLiteAppends._in_turn, "__defaults__", (0.2,), raising=True)
    with held(path), caplog.at_level(logging.WARNING, "event_logger"):
        del logger
        gc.collect()
        deadline = time.monotonic() + PATIENCE
        while not caplog.records and time.monotonic() < deadline:
            time.sleep(0.02)
        assert "closed when that is over" in caplog.text
        time.sleep(0.5)
        assert len(caplog.records) == 1
    while stored(path) != numbered(3):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_command_that_waits_to_rebuild_ends_at_a_signal(path: Path) -> None:
    with EventLogger(store=url_of(path)) as logger:
        log_amounts(logger, 1)
    command = [sys.executable, "-m", "event_logger.cli", "rebuild", "--store", url_of(path)]
    with (
        held(path),
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as program,
    ):
        # It has begun to wait, and says nothing until it is over.
        with pytest.raises(subprocess.TimeoutExpired):
            program.wait(4)
        program.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert program.wait(PATIENCE) == 143
        assert time.monotonic() - began < LOCK_TIMEOUT_SECONDS / 2
    assert stored(path) == numbered(1)
