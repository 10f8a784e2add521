"""`event-logger upgrade`: in place, or into a new file that leaves the former one as it is."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from domain.audit_log import log_id
from domain.errors import EventLoggerError, NewerStoreError, StoreNotFoundError, StoreUrlError
from event_logger import open_log
from infrastructure.stores import open_store
from tests.commands import invoke
from tests.infrastructure.stores.sqlite.former import format_1, format_1_store
from tests.support import url_of

EVENTS = sum(len(log["events"]) for log in format_1()["logs"])
HOLDS = f"{len(format_1()['logs'])} logs with {EVENTS} events"


def run(*arguments: object) -> Result:
    return invoke(arguments)


def upgraded(*arguments: object) -> str:
    result = run("upgrade", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*arguments: object) -> EventLoggerError:
    """The error whose one sentence is on stderr."""
    result = run("upgrade", *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    error: BaseException | None = result.exception
    while error is not None and not isinstance(error, EventLoggerError):
        error = error.__cause__ or error.__context__
    assert error is not None, repr(result.exception)
    assert result.stderr == f"event-logger: {error}\n"
    return error


def contents(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def counted(path: Path) -> int:
    found = 0
    for log in format_1()["logs"]:
        with open_log(url_of(path), log["name"]) as reader:
            found += len(reader.events)
    return found


def test_a_store_is_upgraded_where_it_is(tmp_path: Path) -> None:
    path = format_1_store(tmp_path)
    url = url_of(path)
    assert upgraded("--store", url) == f"{url}: from format 1 to 2, {HOLDS}\n"
    assert counted(path) == EVENTS
    before = contents(tmp_path)[path.name]
    assert upgraded("--store", url) == f"{url} has format 2 already: {HOLDS}\n"
    assert contents(tmp_path)[path.name] == before


@pytest.mark.parametrize("spelled", [str, url_of])
def test_a_copy_is_upgraded_and_the_store_stays_as_it_is(
    tmp_path: Path, spelled: Callable[[Path], str]
) -> None:
    path = format_1_store(tmp_path)
    before = contents(tmp_path)
    target = tmp_path / "present.db"
    printed = upgraded("--store", url_of(path), "--to", spelled(target))
    assert printed == f"{url_of(target)}: from format 1 to 2, {HOLDS}\n"
    assert {
        name: text for name, text in contents(tmp_path).items() if name != target.name
    } == before
    assert counted(target) == EVENTS


def test_a_program_reads_what_was_done(tmp_path: Path) -> None:
    url = url_of(format_1_store(tmp_path))
    assert json.loads(upgraded("--store", url, "--json")) == {
        "url": url,
        "from_format": 1,
        "to_format": 2,
        "logs": len(format_1()["logs"]),
        "events": EVENTS,
    }


def test_what_a_writer_has_not_moved_into_the_file_yet_is_copied(tmp_path: Path) -> None:
    path, target = format_1_store(tmp_path), tmp_path / "present.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("DELETE FROM follower_positions")
    connection.commit()
    assert path.with_name(f"{path.name}-wal").stat().st_size > 0
    upgraded("--store", url_of(path), "--to", target)
    connection.close()
    with open_store(url_of(target), must_exist=True) as store:
        for opened in store.reads.logs():
            assert store.followers.position("redis", log_id(opened.name)) is None


def test_a_target_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path, target = format_1_store(tmp_path), tmp_path / "notes.txt"
    target.write_text("mine")
    before = contents(tmp_path)
    for name in (target, path):
        error = refused("--store", url_of(path), "--to", name)
        assert f"there is a file {name} already; name another target" in str(error)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("nowhere/present.db", "nowhere does not exist; create it"),
        (":memory:", "is no target; name a file"),
        ("postgresql://localhost/runs", "is no store URL"),
        ("sqlite:///", "is no store URL"),
        ("a\0b", "holds a NUL character"),
        ("a" * 240, "File name too long"),
        ("a" * 300, "File name too long"),
    ],
)
def test_a_target_that_cannot_be_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, sentence: str
) -> None:
    path = format_1_store(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = contents(tmp_path)
    assert sentence in str(refused("--store", url_of(path), "--to", target))
    assert contents(tmp_path) == before


@pytest.mark.parametrize("to", [(), ("--to", "present.db")])
def test_a_store_that_cannot_be_upgraded_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    missing = refused("--store", "sqlite:///runs.db", *to)
    assert isinstance(missing, StoreNotFoundError)
    assert isinstance(refused("--store", ":memory:", *to), StoreUrlError)
    assert isinstance(refused("--store", "http://localhost/runs", *to), StoreUrlError)
    path = format_1_store(tmp_path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 3")
    connection.close()
    before = contents(tmp_path)
    assert isinstance(refused("--store", url_of(path), *to), NewerStoreError)
    assert contents(tmp_path) == before


def test_a_copy_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from infrastructure.stores.sqlite import upgrade

    path = format_1_store(tmp_path)
    before = contents(tmp_path)

    def failing(connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(upgrade, "_move_notifiers", failing)
    error = refused("--store", url_of(path), "--to", tmp_path / "present.db")
    assert "failed (disk I/O error)" in str(error)
    assert contents(tmp_path) == before


def test_a_reader_of_a_store_of_before_is_told_the_command(tmp_path: Path) -> None:
    url = url_of(format_1_store(tmp_path))
    for command in ("events", "stats", "logs"):
        result = run(command, "--store", url)
        assert result.exit_code == 1
        assert f"event-logger upgrade --store {url}" in result.stderr
