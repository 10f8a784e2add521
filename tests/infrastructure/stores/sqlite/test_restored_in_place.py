"""A file copied over a store's own, beside the write-ahead log that the store left when killed."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from domain.errors import StoreError
from event_logger import EventLogger, open_log
from infrastructure.stores import back_up_store, open_store, upgrade_store
from infrastructure.stores.sqlite import belonging, checkpoints, connections
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


@pytest.mark.parametrize("left", [b"", b"no store at all " * 4096])
def test_a_file_that_was_emptied_does_not_cost_its_log(path: Path, left: bytes) -> None:
    with live(path) as logger:
        log_amounts(logger, 1, 2)
    run_program(KILLED, url_of(path), code=-9)
    original, log = path.read_bytes(), path.with_name("runs.db-wal")
    before = log.read_bytes()
    path.write_bytes(left)
    for opening in (
        lambda: open_log(url_of(path)),
        lambda: live(path),
        lambda: back_up_store(url_of(path), str(path.with_name("target"))),
        lambda: upgrade_store(url_of(path)),
    ):
        with pytest.raises(StoreError):
            opening()
        assert (path.read_bytes(), log.read_bytes()) == (left, before)
    path.write_bytes(original)
    with live(path) as logger:
        assert log_amounts(logger, 9) == [6]


def cp(source: Path, target: Path) -> None:
    # Not in this process, whose locks on a file end when any of its files of it is closed.
    subprocess.run(["cp", str(source), str(target)], check=True)


def other_store(path: Path) -> None:
    with live(path) as logger:
        log_amounts(logger, *range(1, 60))


def no_store(path: Path) -> None:
    path.write_bytes(b"no store at all " * 4096)


def nothing(path: Path) -> None:
    path.write_bytes(b"")


def unused_store(path: Path) -> None:
    open_store(url_of(path)).close()


def another_programs(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE theirs (it)")
        other.execute("INSERT INTO theirs VALUES (zeroblob(100000))")
        other.commit()


def shifted_store(path: Path) -> None:
    """One whose tables begin elsewhere."""
    unused_store(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE between_them (it)")
    other_store(path)


@pytest.mark.parametrize("taking_its_place", ["an earlier state", other_store, no_store, nothing])
def test_while_it_is_in_use_is_noticed_by_the_next_call(
    path: Path, taking_its_place: Callable[[Path], None] | str
) -> None:
    with live(path) as logger:
        log_amounts(logger, *range(1, 60))
    copy = path.with_name("copy")
    if callable(taking_its_place):
        taking_its_place(copy)
    else:
        shutil.copyfile(path, copy)
    with live(path) as logger, open_log(url_of(path)) as reader, live(path) as idle:
        assert log_amounts(idle, 60) == [60]
        assert log_amounts(logger, 61) == [61]
        assert len(reader.events) == 61
        original = path.with_name("original")
        cp(path, original)
        cp(copy, path)
        for call in (
            lambda: log_amounts(logger, 62),
            lambda: logger.update_event(1, {"reason": "it was"}),
            lambda: list(reader.events),
            lambda: log_amounts(logger, 62),
        ):
            with pytest.raises(StoreError, match=STRANGE):
                call()
        before = path.with_name("copy-wal")
        cp(path.with_name("runs.db-wal"), before)
    # Nobody mixes the two as it closes, so that nothing is lost that was acknowledged.
    assert path.read_bytes() == copy.read_bytes()
    assert path.with_name("runs.db-wal").read_bytes() == before.read_bytes()
    shutil.copyfile(original, path)
    with live(path) as logger:
        assert log_amounts(logger, 62) == [62]
    assert stored(path)[-3:] == [(60, 60), (61, 61), (62, 62)]


@pytest.mark.parametrize("taking_its_place", [unused_store, shifted_store, another_programs])
def test_one_with_other_tables_is_noticed_after_a_single_commit(
    path: Path, taking_its_place: Callable[[Path], None]
) -> None:
    with live(path) as logger:
        log_amounts(logger, *range(1, 60))
    copy = path.with_name("copy")
    taking_its_place(copy)
    with live(path) as logger:
        log_amounts(logger, 60)
        log, before = path.with_name("runs.db-wal"), path.with_name("copy-wal")
        cp(log, before)
        cp(copy, path)
        with pytest.raises(StoreError, match=STRANGE):
            log_amounts(logger, 61)
    assert (path.read_bytes(), log.read_bytes()) == (copy.read_bytes(), before.read_bytes())
    with pytest.raises(StoreError, match="another"):
        live(path)


def test_the_file_is_taken_as_it_stands_while_who_noticed_runs_on(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LOCK_TIMEOUT_SECONDS", 0.2)
    copy = path.with_name("copy")
    with live(path) as logger:
        log_amounts(logger, 1)
    back_up_store(url_of(path), str(copy))
    with live(path) as logger, open_log(url_of(path)):
        log_amounts(logger, 2)
        cp(copy, path)
    for suffix in ("-wal", "-shm"):
        path.with_name(f"runs.db{suffix}").unlink()
    with live(path) as logger:
        assert log_amounts(logger, 3) == [2]
    assert stored(path) == [(1, 1), (2, 3)]


def test_a_page_that_is_read_half_as_it_is_moved_refuses_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with live(path) as logger:
        log_amounts(logger, 0)
    reads, read = ["m1 m"], belonging.mark_alone
    monkeypatch.setattr(belonging, "mark_alone", lambda one: reads.pop() if reads else read(one))
    with live(path) as logger:
        assert log_amounts(logger, 1) == [2]
    assert not reads


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
