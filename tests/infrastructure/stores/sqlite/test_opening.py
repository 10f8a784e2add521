"""Which stores are opened, made."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from domain.errors import (
    LogInUseError,
    StoreError,
    StoreNotFoundError,
    StoreUrlError,
    UnknownLogError,
)
from event_logger import EventLogger, open_log
from infrastructure.audit_logs import AuditLogs
from infrastructure.stores import open_store
from infrastructure.stores.sqlite.location import APPLICATION_ID, FORMAT, location_of
from tests.support import HOUR, PATIENCE, log_amounts, numbered, start_program, stored, url_of


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.db"


def test_a_store_url_is_relative_to_the_current_folder_or_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert location_of("sqlite:///runs.db").path == tmp_path / "runs.db"
    assert location_of(f"sqlite:///{tmp_path}/runs.db").path == tmp_path / "runs.db"


@pytest.mark.parametrize("url", [":memory:", "sqlite://", "sqlite:///:memory:"])
def test_two_memory_stores_are_two(url: str) -> None:
    with EventLogger(store=url) as one, EventLogger(store=url) as two:
        log_amounts(one, 1, 2)
        assert (one.global_order, two.global_order) == (2, 0)


@pytest.mark.parametrize("name", ["a b.db", "a?mode=ro.db", "a#b.db", "100%25.db", "ä→b.db"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with EventLogger(store=url_of(path)) as logger:
        log_amounts(logger, 1, 2)
    assert stored(path) == numbered(2)
    assert [event["amount"] for event in open_log(url_of(path)).events] == [1, 2]


def test_a_name_that_no_file_can_have_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(StoreUrlError, match=r"names no file \(File name too long\)"):
        open_store(url_of(tmp_path / ("x" * 10_000)))
    (tmp_path / "link.db").symlink_to(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.db"))
    with pytest.raises(StoreUrlError, match="whose name is no valid Unicode"):
        open_store(url_of(tmp_path / "link.db"))
    assert os.listdir(tmp_path) == ["link.db"]


def test_a_name_too_long_for_what_is_made_beside_it_is_refused(tmp_path: Path) -> None:
    url = url_of(tmp_path / ("a" * 240))
    with pytest.raises(StoreError):
        open_log(url)
    with pytest.raises(StoreError, match="File name too long"):
        EventLogger(store=url)
    assert contents(tmp_path) == {}


def test_reading_makes_no_store_and_no_log(path: Path) -> None:
    with pytest.raises(StoreNotFoundError, match="there is no file"):
        open_log(url_of(path))
    assert contents(path.parent) == {}
    EventLogger(store=url_of(path), log="run-1").close()
    with pytest.raises(UnknownLogError, match=r"there is no log 'run-2' .* it holds 'run-1'"):
        open_log(url_of(path), "run-2")
    with pytest.raises(UnknownLogError, match=r"there is no log '\\udcff'"):
        open_log(url_of(path), "\udcff")
    with AuditLogs(url_of(path)) as logs:
        assert logs.names() == ["run-1"]


def test_what_is_proposed_in_place_of_a_missing_store_is_a_store(path: Path) -> None:
    connection = sqlite3.connect(path.with_name("runz.db"))
    connection.execute("CREATE TABLE strangers (x)")
    connection.close()
    path.with_name("runs.csv").write_text("timestamp,event_type,venue\n")
    path.with_name("runs.txt").write_bytes(b"SQLite format 3\0" + bytes(200))
    path.with_name("run.db").touch()
    with pytest.raises(StoreNotFoundError) as raised:
        open_log(url_of(path))
    assert "nearest" not in str(raised.value)
    EventLogger(store=url_of(path.with_name("old-runs-2.db"))).close()
    with pytest.raises(StoreNotFoundError) as raised:
        open_log(url_of(path))
    assert str(raised.value).endswith(f"; the nearest is {path.with_name('old-runs-2.db')}")


def test_a_new_store_says_whose_it_is_and_is_in_wal_mode(path: Path) -> None:
    EventLogger(store=url_of(path)).close()
    connection = sqlite3.connect(path)
    answers = [
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version", "journal_mode")
    ]
    connection.close()
    assert answers == [APPLICATION_ID, FORMAT, "wal"]


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    with EventLogger(store=url_of(path)) as logger:
        log_amounts(logger, 1)
    assert stored(path) == numbered(1)


def test_a_closed_store_is_one_file(path: Path) -> None:
    with EventLogger(store=url_of(path)) as logger:
        log_amounts(logger, 1)
    assert [name for name in contents(path.parent) if not name.endswith(".lease")] == ["runs.db"]


@pytest.mark.parametrize("spelling", ["link.db", "folder/../runs.db", "linked/runs.db"])
def test_another_spelling_leads_to_the_same_store(tmp_path: Path, spelling: str) -> None:
    path = tmp_path / "runs.db"
    with EventLogger(store=url_of(path)) as logger:
        log_amounts(logger, 1)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.db").symlink_to(path)
    (tmp_path / "linked").symlink_to(tmp_path)
    with AuditLogs(url_of(path)) as one, AuditLogs(url_of(tmp_path / spelling)) as other:
        log = one.get("default")
        assert one.lease(log)
        with pytest.raises(LogInUseError):
            other.lease(other.get("default"))
    assert [name for name in contents(tmp_path) if name.startswith("link.db-")] == []


def test_a_file_of_several_hard_links_is_refused_with_the_reason(path: Path) -> None:
    open_store(url_of(path)).close()
    path.with_name("other.db").hardlink_to(path)
    before = contents(path.parent)
    for opening in (open_store, open_log):
        with pytest.raises(StoreError, match=r"has 2 hard links, and .* remove the others"):
            opening(url_of(path))
    assert contents(path.parent) == before


@pytest.mark.parametrize("name", ["runs.db", "runs[1].db"])
def test_a_store_whose_making_was_cut_off_at_its_naming_is_opened(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    open_store(url_of(path)).close()
    path.with_name(f".{path.name}.0123.new").hardlink_to(path)
    open_store(url_of(path)).close()
    assert [name for name in contents(path.parent) if name.endswith(".new")] == []


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_store_that_is_moved_while_it_is_open_is_not_written_to(
    path: Path, is_replaced: bool
) -> None:
    moved = path.with_name("moved.db")
    with AuditLogs(url_of(path)) as logs:
        log = logs.open_or_create("run")
        log.log_event(HOUR, "STAKE_DEPOSIT", "LIDO")
        path.rename(moved)
        if is_replaced:
            path.write_bytes(moved.read_bytes())
        for _ in range(2):
            with pytest.raises(StoreError, match="was moved, deleted or replaced while it was"):
                logs.save(log)
        moved.rename(path)
        logs.save(log)
        assert logs.last_order(log) == 1


def test_a_lease_dies_with_its_process(path: Path) -> None:
    program = """
from infrastructure.audit_logs import AuditLogs
logs = AuditLogs(sys.argv[1])
log = logs.open_or_create("run")
logs.lease(log)
print("held", flush=True)
sys.stdin.readline()
"""
    with start_program(program, url_of(path)) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with AuditLogs(url_of(path)) as logs:
            log = logs.get("run")
            with pytest.raises(LogInUseError):
                logs.lease(log)
            holder.kill()
            holder.wait(PATIENCE)
            assert logs.lease(log)


def test_a_damaged_store_is_an_error_of_the_store(path: Path) -> None:
    with EventLogger(store=url_of(path)) as logger:
        log_amounts(logger, *range(1000))
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * (path.stat().st_size - 100))
    with pytest.raises(StoreError, match=r"failed \("):
        open_log(url_of(path))
    with pytest.raises(StoreError, match=r"failed \("):
        EventLogger(store=url_of(path))


def test_a_new_store_may_be_opened_by_many_at_once(path: Path) -> None:
    failures: list[BaseException] = []
    together = threading.Barrier(8)

    def run(name: str) -> None:
        try:
            together.wait()
            with EventLogger(store=url_of(path), log=name, commit_every=7) as logger:
                log_amounts(logger, *range(1, 51))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(f"run-{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for n in range(8):
        assert stored(path, f"run-{n}") == numbered(50)


def test_an_application_opened_for_reading_logs_nothing(path: Path) -> None:
    EventLogger(store=url_of(path), log="run").close()
    with AuditLogs(url_of(path), must_exist=True) as logs:
        log = logs.get("run")
        log.log_event(HOUR, "STAKE_DEPOSIT", "LIDO")
        with pytest.raises(StoreError, match="was opened for reading; nothing is logged"):
            logs.save(log)
    assert stored(path, "run") == []


def test_a_stray_row_whose_order_is_no_number_is_not_taken_for_the_last_event(path: Path) -> None:
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        log_amounts(logger, 1, 2)
    with closing(sqlite3.connect(path)) as store:
        store.execute(
            "INSERT INTO stored_events SELECT originator_id, 'stray', topic, state, committed_at,"
            " 9, number FROM stored_events WHERE originator_version=2"
        )
        store.execute(
            "INSERT INTO follower_positions SELECT 'continued', log_id, 0, 0 FROM audit_logs"
        )
        store.commit()
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        assert log_amounts(logger, 3) == [3]
