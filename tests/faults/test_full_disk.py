"""A disk that is full: SQLite's own answer, and a real limit that the system puts on files."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from domain.errors import StoreError
from event_logger import EventLogger
from tests.faults.commits import Room
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

PADDING = "x" * 2_000


def test_a_full_store_refuses_the_event_and_keeps_the_earlier_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "runs.db"
    logger = EventLogger(store=url_of(path), commit_every=20)
    room = Room(monkeypatch)
    room.pages = 40
    order = 0
    with pytest.raises(StoreError, match="database or disk is full"):
        while True:
            order = logger.log_event(
                HOUR, "PRICE_UPDATE", "BINANCE", "ETH", order + 1, padding=PADDING
            )
    assert order % 20 == 19
    assert stored(path) == numbered(order - 19)
    room.pages = Room.NO_MORE
    with pytest.raises(StoreError, match="database or disk is full"):
        logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 999, padding=PADDING)
    with pytest.raises(StoreError, match="database or disk is full"):
        logger.flush()

    room.pages = Room.ALL
    assert log_amounts(logger, order + 1) == [order + 1]
    assert stored(path) == numbered(order + 1)
    logger.close()


ON_A_LIMITED_DISK = """
import resource, signal
from domain.errors import StoreError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
def log(amount):
    return logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", amount, padding="x" * 500)
logger = EventLogger(store=sys.argv[1], commit_every=100)
"""

FILL_AND_FREE = """
limit(1_000_000)
order, errors = 0, []
while len(errors) < 3:
    try:
        order = log(order + 1)
    except StoreError as error:
        errors.append(str(error))
print(order)
print(len(set(errors)), errors[0])
limit(resource.RLIM_INFINITY)
print(log(order + 1))
logger.close()
"""

FILL_AND_CLOSE = """
log(1), logger.flush()
limit(os.path.getsize(sys.argv[2] + "-wal"))
log(2)
try:
    logger.close()
except StoreError as error:
    print(type(error).__name__)
limit(resource.RLIM_INFINITY)
logger.close()
"""


def test_a_file_that_may_not_grow_refuses_the_event_and_keeps_the_earlier_ones(
    tmp_path: Path,
) -> None:
    path = tmp_path / "runs.db"
    printed = run_program(ON_A_LIMITED_DISK + FILL_AND_FREE, url_of(path)).splitlines()
    last, error, after = int(printed[0]), printed[1], int(printed[2])
    assert last > 100
    assert last % 100 == 99
    assert error.startswith(f"1 store {url_of(path)}: failed (")
    assert after == last + 1
    assert stored(path) == numbered(after)


def test_a_close_on_a_full_disk_raises_and_may_be_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    printed = run_program(ON_A_LIMITED_DISK + FILL_AND_CLOSE, url_of(path), path)
    assert printed == "StoreError\n"
    assert stored(path) == numbered(2)


def test_a_full_disk_at_exit_is_said_and_whole_batches_stay(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    program = """
for n in range(1, 101): log(n)
limit(os.path.getsize(sys.argv[2] + "-wal"))
log(101)
"""
    with start_program(ON_A_LIMITED_DISK + program, url_of(path), path) as running:
        _, complaint = running.communicate(timeout=PATIENCE)
    assert complaint.startswith(f"store {url_of(path)}: failed (")
    assert "1 event that it held is not stored" in complaint
    assert stored(path) == numbered(100)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
