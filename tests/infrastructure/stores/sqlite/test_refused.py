"""What is no store of ours is refused with one sentence, and left as it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from domain.errors import (
    NewerStoreError,
    NotAnAuditStoreError,
    StoreError,
    StoreUrlError,
)
from event_logger import EventLogger, open_log
from infrastructure.audit_logs import AuditLogs
from infrastructure.stores import open_store
from infrastructure.stores.sqlite.location import APPLICATION_ID, FORMAT
from tests.support import url_of


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
    database(path, application_id=APPLICATION_ID, user_version=FORMAT + 1)


def newer_in_wal_mode(path: Path) -> None:
    database(path, journal="WAL", application_id=APPLICATION_ID, user_version=FORMAT + 1)


REFUSED = [
    (text_file, NotAnAuditStoreError, "is no database; name another file"),
    (short_file, NotAnAuditStoreError, "is no database; name another file"),
    (another_programs, NotAnAuditStoreError, "is another program's database; name another file"),
    (another_programs_in_wal_mode, NotAnAuditStoreError, "is another program's database"),
    (another_programs_with_id, NotAnAuditStoreError, "is another program's database"),
    (newer, NewerStoreError, f"has format {FORMAT + 1}, and this version reads up to {FORMAT}"),
    (newer_in_wal_mode, NewerStoreError, f"has format {FORMAT + 1}, and this version reads"),
]


@pytest.mark.parametrize(
    "opening", [lambda url: EventLogger(store=url), open_log, AuditLogs, open_store]
)
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
        ("mysql://localhost/runs", "the scheme 'mysql' is not supported"),
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
