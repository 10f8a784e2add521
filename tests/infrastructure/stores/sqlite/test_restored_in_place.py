"""A file copied over a store's own, beside the write-ahead log that the store left when killed."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from domain.errors import StoreError
from event_logger import EventLogger, open_log
from infrastructure.stores import back_up_store, upgrade_store
from infrastructure.stores.sqlite import checkpoints
from tests.commands import run
from tests.support import log_amounts, run_program, stored, url_of

STRANGE = "beside it the write-ahead log .*-wal of another state of it"

KILLED = """
logger = EventLogger("live", store=sys.argv[1], redis=False)
for amount in range(100, 103):
    logger.log_event(HOUR, "GAS_FEE_PAID", "ETHEREUM", "ETH", amount)
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.db"


def live(path: Path) -> EventLogger:
    return EventLogger("live", store=url_of(path), redis=False)


def by_cp(path: Path, copy: Path) -> None:
    shutil.copyfile(path, copy)


def by_backup(path: Path, copy: Path) -> None:
    back_up_store(url_of(path), str(copy))


def by_sqlite(path: Path, copy: Path) -> None:
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


@pytest.mark.parametrize("copied", [by_cp, by_backup, by_sqlite])
@pytest.mark.parametrize("sessions", [1, 2])
def test_is_not_mixed_with_it(
    path: Path, copied: Callable[[Path, Path], None], sessions: int
) -> None:
    copy = path.with_name("copy")
    with live(path) as logger:
        log_amounts(logger, 1, 2)
    copied(path, copy)
    for _ in range(sessions - 1):
        with live(path) as logger:
            log_amounts(logger, *range(3, 60))
    run_program(KILLED, url_of(path), code=-9)
    shutil.copyfile(copy, path)
    before = {one.name: one.read_bytes() for one in (path, path.with_name("runs.db-wal"))}
    for opening in (
        lambda: open_log(url_of(path)),
        lambda: live(path),
        lambda: EventLogger(store=url_of(path), log="another"),
        lambda: back_up_store(url_of(path), str(path.with_name("target"))),
        lambda: upgrade_store(url_of(path)),
    ):
        with pytest.raises(StoreError, match=STRANGE):
            opening()
    assert "move that -wal" in run("logs", "--store", url_of(path), code=1).stderr
    for name, content in before.items():
        assert path.with_name(name).read_bytes() == content
    for suffix in ("-wal", "-shm"):
        path.with_name(f"runs.db{suffix}").unlink()
    with live(path) as logger:
        assert log_amounts(logger, 9) == [3]
    assert stored(path) == [(1, 1), (2, 2), (3, 9)]


def test_while_it_is_in_use_is_noticed_by_the_next_checkpoint(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with live(path) as logger:
        log_amounts(logger, *range(1, 60))
    copy = path.with_name("copy")
    shutil.copyfile(path, copy)
    with live(path) as logger:
        log_amounts(logger, 60)
        shutil.copyfile(copy, path)
        monkeypatch.setattr(checkpoints, "LIMIT", 1)
        for _ in range(2):
            with pytest.raises(StoreError, match=STRANGE):
                log_amounts(logger, 61)


@pytest.mark.parametrize("limit", [1, 200_000])
def test_the_log_of_a_killed_writer_is_its_own(
    path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(checkpoints, "LIMIT", limit)
    for amount in range(1, 6):
        with live(path) as one, live(path) as other:
            log_amounts(one, *range(amount))
            log_amounts(other, *range(amount))
        run_program(KILLED, url_of(path), code=-9)
        with open_log(url_of(path)) as reader:
            assert len(reader.events) == sum(2 * n for n in range(1, amount + 1)) + 3 * amount
