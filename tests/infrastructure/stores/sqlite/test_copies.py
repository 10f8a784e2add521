"""A copy of a store's file alone: refused where it lacks what was committed, taken where it is
whole."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from domain.errors import StoreError
from event_logger import EventLogger, open_log
from infrastructure.stores import back_up_store, open_store, upgrade_store
from infrastructure.stores.sqlite import checkpoints
from tests.commands import run
from tests.support import log_amounts, run_program, stored, url_of

REFUSED = "without its write-ahead log.*event-logger backup TARGET"

KILLED = """
import datetime, os, signal, sys
from event_logger import EventLogger

logger = EventLogger("live", store=f"sqlite:///{sys.argv[1]}", redis=False)
for amount in range(1, 6):
    logger.log_event(datetime.datetime(2024, 5, 12, 12), "GAS_FEE_PAID", "ETHEREUM", "ETH", amount)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.db"


def copied(path: Path, *suffixes: str) -> Path:
    """What `cp` makes of the store's file, and of those beside it that are named."""
    copy = path.with_name("copy.db")
    for suffix in ("", *suffixes):
        shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
    return copy


def live(path: Path, log: str = "default") -> EventLogger:
    return EventLogger("live", store=url_of(path), log=log, redis=False)


@contextmanager
def a_live_log(path: Path) -> Iterator[None]:
    with live(path) as logger:
        log_amounts(logger, 1)
        yield


@contextmanager
def a_live_log_opened_again(path: Path) -> Iterator[None]:
    with live(path) as logger:
        log_amounts(logger, 1, 2)
    with a_live_log(path):
        yield


@contextmanager
def a_backtest(path: Path) -> Iterator[None]:
    with EventLogger(store=url_of(path)) as logger:
        log_amounts(logger, 1, 2)
        logger.flush()
        yield


@contextmanager
def a_log_of_which_much_is_in_the_file(path: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, live(path) as logger:
        patch.setattr(checkpoints, "LIMIT", 200_000)
        log_amounts(logger, *range(1, 60))
        yield


@contextmanager
def one_of_two_writers(path: Path) -> Iterator[None]:
    with live(path) as one:
        with live(path) as other:
            log_amounts(one, 1)
            log_amounts(other, 2)
        yield


@contextmanager
def the_second_log(path: Path) -> Iterator[None]:
    with live(path, "a") as logger:
        log_amounts(logger, 1)
    with live(path, "b") as logger:
        log_amounts(logger, 1)
        yield


@contextmanager
def a_killed_writer(path: Path) -> Iterator[None]:
    run_program(KILLED, path, code=-9)
    yield


@contextmanager
def a_store_of_before(path: Path) -> Iterator[None]:
    with live(path) as logger:
        log_amounts(logger, 1)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE write_ahead_log")
    with a_live_log(path):
        yield


IN_USE = [
    a_live_log,
    a_live_log_opened_again,
    a_backtest,
    a_log_of_which_much_is_in_the_file,
    one_of_two_writers,
    the_second_log,
    a_killed_writer,
    a_store_of_before,
]


@pytest.mark.parametrize("in_use", IN_USE)
def test_the_file_alone_of_a_store_in_use_is_refused_by_whatever_opens_it(
    path: Path, in_use: Callable[[Path], Iterator[None]]
) -> None:
    with in_use(path):  # type: ignore[attr-defined]
        copy = copied(path)
    before = copy.read_bytes()
    url, target = url_of(copy), str(path.with_name("target.db"))
    for _ in range(2):
        for opening in (
            lambda: open_log(url),
            lambda: live(copy),
            lambda: EventLogger(store=url, log="another"),
            lambda: back_up_store(url, target),
            lambda: upgrade_store(url, target),
            lambda: upgrade_store(url),
        ):
            with pytest.raises(StoreError, match=REFUSED):
                opening()
        # As SQLite leaves it behind where it was only read.
        copy.with_name("copy.db-wal").touch()
    for command in ("logs", "events", "status", "stats", "health"):
        assert "write-ahead log" in run(command, "--store", url, code=1).stderr
    assert copy.read_bytes() == before
    assert not Path(target).exists()


@pytest.mark.parametrize("in_use", IN_USE)
def test_the_file_and_its_write_ahead_log_are_the_store(
    path: Path, in_use: Callable[[Path], Iterator[None]]
) -> None:
    with in_use(path):  # type: ignore[attr-defined]
        copy = copied(path, "-wal")
    assert stored(copy) == stored(path)
    with open_store(url_of(copy)):
        pass


@pytest.mark.parametrize("in_use", IN_USE)
def test_what_was_closed_or_merged_by_sqlite_itself_is_whole_without_it(
    path: Path, in_use: Callable[[Path], Iterator[None]]
) -> None:
    with in_use(path):  # type: ignore[attr-defined]
        with closing(sqlite3.connect(path)) as source:
            with closing(sqlite3.connect(path.with_name("by_sqlite.db"))) as target:
                source.backup(target)
            source.execute("VACUUM INTO ?", (str(path.with_name("vacuumed.db")),))
        back_up_store(url_of(path), str(path.with_name("backup.db")))
    # After kill -9 it is the sqlite3 shell that merges.
    with closing(sqlite3.connect(path)) as shell:
        shell.execute("SELECT COUNT(*) FROM stored_events").fetchone()
    assert not path.with_name("runs.db-wal").exists()
    for copy in (
        copied(path),
        *(path.with_name(f"{n}.db") for n in ("by_sqlite", "vacuumed", "backup")),
    ):
        assert stored(copy) == stored(path)
        with open_store(url_of(copy)):
            pass


CUT_OFF = """
import datetime, os, signal, sys
from event_logger import EventLogger
from infrastructure.stores.sqlite import checkpoints

logger = EventLogger("live", store=f"sqlite:///{sys.argv[1]}", redis=False)
noon = datetime.datetime(2024, 5, 12, 12)
logger.log_event(noon, "GAS_FEE_PAID", "ETHEREUM", "ETH", 1)
checkpoints._is_moved = lambda location: os.kill(os.getpid(), signal.SIGKILL)
checkpoints.LIMIT = 1
logger.log_event(noon, "GAS_FEE_PAID", "ETHEREUM", "ETH", 2)
"""


@pytest.mark.parametrize("reads", [True, False])
def test_what_a_killed_process_said_in_its_checkpoint_is_taken_back_by_the_last_that_closes(
    path: Path, reads: bool
) -> None:
    with live(path) as logger:
        log_amounts(logger, 1)
    with live(path) as logger:
        if not reads:
            log_amounts(logger, 2)
        run_program(CUT_OFF, path, code=-9)
    assert not path.with_name("runs.db-wal").exists()
    with live(path) as logger:
        assert log_amounts(logger, 3) == [3 if reads else 4]


def test_what_is_left_comes_out_when_asked_for(path: Path) -> None:
    with live(path) as logger:
        log_amounts(logger, 1, 2)
    with live(path) as logger:
        log_amounts(logger, 3)
        copy = copied(path)
    target = path.with_name("rest.db")
    out = run("backup", str(target), "--store", url_of(copy), "--incomplete").stdout
    assert out.endswith("rest.db: 1 log with 2 events\n")
    with live(target) as logger:
        assert log_amounts(logger, 9) == [3]


def test_every_copy_made_while_others_log_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "LIMIT", 200_000)
    loggers = [live(path) for _ in range(2)]
    for logger in loggers:
        log_amounts(logger, 0)
    done = threading.Event()

    def log(logger: EventLogger) -> None:
        while not done.is_set():
            log_amounts(logger, 1)

    threads = [threading.Thread(target=log, args=(logger,)) for logger in loggers]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            copy = copied(path)
            with pytest.raises(StoreError):
                open_log(url_of(copy))
    finally:
        done.set()
        for thread in threads:
            thread.join()
    with open_log(url_of(path)) as reader:
        assert len(reader.events) == loggers[0].global_order
    for logger in loggers:
        logger.close()
    assert len(open_log(url_of(copied(path))).events) == len(open_log(url_of(path)).events)
