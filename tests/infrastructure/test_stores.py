"""Which stores are opened, made, or refused untouched."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from domain.errors import (
    NewerStoreError,
    NotAnAuditStoreError,
    StoreError,
    StoreNotFoundError,
    StoreUrlError,
    UnknownLogError,
)
from event_logger import EventLogger
from event_logger.reader import open_log
from infrastructure.application import AuditLogs
from infrastructure.stores import APPLICATION_ID, SCHEMA_VERSION, parse_store
from tests.support import HOUR, log_amounts, numbered, stored, url_of


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def database(path: Path, *, journal: str = "DELETE", **pragmas: int) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA journal_mode={journal}")
    for name, value in pragmas.items():
        connection.execute(f"PRAGMA {name}={value}")
    connection.execute("CREATE TABLE trades (id INTEGER PRIMARY KEY, price REAL)")
    connection.execute("INSERT INTO trades VALUES (1, 2.5)")
    connection.commit()
    connection.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.db"


def text_file(path: Path) -> None:
    path.write_text("timestamp,order,status\n" * 20)


def short_file(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\x00")


def another_programs(path: Path) -> None:
    database(path)


def another_programs_in_wal_mode(path: Path) -> None:
    database(path, journal="WAL")


def another_programs_with_id(path: Path) -> None:
    database(path, application_id=0x47504B47)


def newer(path: Path) -> None:
    database(path, application_id=APPLICATION_ID, user_version=SCHEMA_VERSION + 1)


REFUSED = [
    (text_file, NotAnAuditStoreError, "is no database; name another file"),
    (short_file, NotAnAuditStoreError, "is no database; name another file"),
    (another_programs, NotAnAuditStoreError, "is another program's database; name another file"),
    (another_programs_in_wal_mode, NotAnAuditStoreError, "is another program's database"),
    (another_programs_with_id, NotAnAuditStoreError, "is another program's database"),
    (newer, NewerStoreError, f"has format {SCHEMA_VERSION + 1}, and this version reads up to"),
]


@pytest.mark.parametrize("opening", [lambda url: EventLogger(store=url), open_log, AuditLogs])
@pytest.mark.parametrize(("make", "error", "sentence"), REFUSED)
def test_a_file_that_is_not_ours_is_refused_and_left_untouched(
    path: Path,
    make: Callable[[Path], None],
    error: type[StoreError],
    sentence: str,
    opening: Callable[[str], object],
) -> None:
    make(path)
    before, modified = contents(path.parent), path.stat().st_mtime_ns
    with pytest.raises(error) as refused:
        opening(url_of(path))
    assert sentence in str(refused.value)
    assert str(path) in str(refused.value)
    assert contents(path.parent) == before
    assert path.stat().st_mtime_ns == modified


@pytest.mark.parametrize("opening", [lambda url: EventLogger(store=url), open_log])
def test_a_directory_is_no_store(tmp_path: Path, opening: Callable[[str], object]) -> None:
    with pytest.raises(NotAnAuditStoreError, match="is not a file"):
        opening(url_of(tmp_path))
    assert contents(tmp_path) == {}


def test_a_folder_that_does_not_exist_is_named_and_not_made(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    with pytest.raises(StoreError, match=f"the folder {missing} does not exist; create it"):
        EventLogger(store=url_of(missing / "runs.db"))
    assert not missing.exists()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://localhost/runs", "the scheme 'postgresql' is not supported"),
        ("redis://localhost:6379/0", "the scheme 'redis' is not supported"),
        ("http://localhost/runs.db", "the scheme 'http' is not supported"),
        ("sqlite://runs.db", "write sqlite:///runs.db or :memory:"),
        ("sqlite:///", "write sqlite:///runs.db or :memory:"),
        ("runs.db", "for the file runs.db write sqlite:///runs.db"),
        ("sqlite:///~no-such-user/runs.db", "~no-such-user"),
        ("sqlite:///runs\0.db", "holds a NUL character"),
        ("", "is no store URL"),
        (7, "is no store URL"),
    ],
)
def test_a_url_that_names_no_store_is_refused(
    url: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreUrlError) as refused:
        EventLogger(store=url)
    assert sentence in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_store_url_is_relative_to_the_current_folder_or_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_store("sqlite:///runs.db").path == tmp_path / "runs.db"
    assert parse_store(f"sqlite:///{tmp_path}/runs.db").path == tmp_path / "runs.db"


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


def test_reading_makes_no_store_and_no_log(path: Path) -> None:
    with pytest.raises(StoreNotFoundError, match="there is no file"):
        open_log(url_of(path))
    assert contents(path.parent) == {}
    EventLogger(store=url_of(path), log="run-1").close()
    with pytest.raises(UnknownLogError, match=r"there is no log 'run-2' .* it holds 'run-1'"):
        open_log(url_of(path), "run-2")
    with AuditLogs(url_of(path)) as logs:
        assert logs.names() == ["run-1"]


def test_a_new_store_says_whose_it_is_and_is_in_wal_mode(path: Path) -> None:
    EventLogger(store=url_of(path)).close()
    connection = sqlite3.connect(path)
    answers = [
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version", "journal_mode")
    ]
    connection.close()
    assert answers == [APPLICATION_ID, SCHEMA_VERSION, "wal"]


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    with EventLogger(store=url_of(path)) as logger:
        log_amounts(logger, 1)
    assert stored(path) == numbered(1)


def test_a_closed_store_is_one_file(path: Path) -> None:
    with EventLogger(store=url_of(path)) as logger:
        log_amounts(logger, 1)
    assert [name for name in contents(path.parent) if not name.endswith(".lease")] == ["runs.db"]


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
