"""What cannot be compared is refused in a sentence: usage, what is not there, damage."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from event_logger import (
    CorruptLogError,
    EventLogFileError,
    EventLogger,
    EventLoggerError,
    LogConfigurationError,
    StoreNotFoundError,
    StoreUrlError,
    UnknownLogError,
    compare,
    open_log,
)
from tests.commands import run
from tests.event_logger.compared_runs import made_in, trade
from tests.support import url_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_in(tmp_path_factory.mktemp("compared"))


USAGE = [
    (("base",), "B: is missing"),
    (("", "base.csv"), "an empty name"),
    ((), "A: is missing"),
    (("base", "again"), "no log without --store"),
    (("a.csv", "b.csv", "--window", "soon"), "--window: must be a time"),
    (("a.csv", "b.csv", "--tolerance", "-1"), "--tolerance: must be a fraction"),
    (("--all-against", "base"), "--store: is missing"),
    (("x", "--all-against", "base"), "not given beside --all-against"),
    (("base.csv", "base.csv", "--nothing"), "No such option"),
]


@pytest.mark.parametrize(("arguments", "says"), USAGE)
def test_usage_exits_2(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], says: str
) -> None:
    monkeypatch.chdir(folder)
    assert says in run("compare", *arguments, code=2).stderr


def test_a_name_that_is_both_a_log_and_a_file_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("base").write_text("x")
    store = f"{url_of(folder / 'runs.db')}"
    assert (
        "is a log of the store and a file"
        in run("compare", "base", "again", "--store", store, code=2).stderr
    )
    assert run("compare", f"{store}#base", "again", "--store", store).code == 0


REFUSED: list[tuple[Any, type[EventLoggerError], str]] = [
    ("sqlite:///runs.db#bass", UnknownLogError, "the nearest is 'base'"),
    ("sqlite:///run.db#base", StoreNotFoundError, "run.db"),
    ("sqlite:///runs.db", LogConfigurationError, "holds 4 logs: 'a#b', 'again', 'base', 'dear'"),
    ("mysql://host/db#x", StoreUrlError, "not supported"),
    ("bass.csv", EventLogFileError, "the nearest export there is 'base.csv'"),
    ("runs.db", EventLogFileError, "is a store, and no export; write sqlite:///runs.db#NAME"),
    ("empty.csv", EventLogFileError, "no column"),
    ("no.csv", EventLogFileError, "no.csv, row 0"),
    ("no.jsonl", EventLogFileError, "its format is 1"),
    (".", EventLogFileError, "cannot be read"),
    ("a\0b.csv", EventLogFileError, "NUL"),
    (7, LogConfigurationError, "a reader, a log as URL#NAME, or the path of an export"),
    (None, LogConfigurationError, "and not None"),
]


@pytest.mark.parametrize(("other", "error", "says"), REFUSED)
def test_what_cannot_be_compared_is_refused_in_a_sentence(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    other: Any,
    error: type[EventLoggerError],
    says: str,
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(error) as raised:
        compare("base.csv", other)
    assert says in str(raised.value)
    if isinstance(other, str) and "\0" not in other:
        assert says in run("compare", "base.csv", other, code=1).stderr


def _cut(text: str) -> str:
    return text[: len(text) // 2]


def _without_a_row(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(lines[:4] + lines[5:])


DAMAGE: list[tuple[str, Callable[[str], str], str]] = [
    ("base.csv", _without_a_row, "order 5 is not 4"),
    ("base.csv", lambda text: text.replace("2024-05-12T12:00:00Z", "noon", 1), "row 1"),
    ("base.csv", lambda text: text.replace("2024-05-12T12:00:00Z", "", 1), "timestamp is missing"),
    ("base.csv", lambda text: text.replace(",GAS_FEE_PAID,", ",,", 1), "event_type is missing"),
    ("base.jsonl", _without_a_row, "base.jsonl"),
    ("base.jsonl", _cut, "base.jsonl"),
    ("live.jsonl", lambda text: text.replace('"transition":1', '"transition":2'), "live.jsonl"),
]


@pytest.mark.parametrize(("name", "damaged", "says"), DAMAGE)
def test_a_damaged_export_is_never_compared_as_if_it_were_whole(
    folder: Path, tmp_path: Path, name: str, damaged: Callable[[str], str], says: str
) -> None:
    path = tmp_path / name
    text = (folder / name).read_text()
    path.write_text(damaged(text))
    assert path.read_text() != text
    with pytest.raises(EventLogFileError) as raised:
        compare(folder / "again.csv", path)
    assert says in str(raised.value)


def test_a_damaged_log_is_never_compared_as_if_it_were_whole(tmp_path: Path) -> None:
    store = tmp_path / "runs.db"
    with EventLogger(store=url_of(store)) as logger:
        trade(logger)
    with sqlite3.connect(store) as connection:
        connection.execute("DELETE FROM stored_events WHERE originator_version = 4")
    connection.close()
    with open_log(url_of(store)) as reader, pytest.raises(CorruptLogError) as raised:
        compare(reader, reader)
    assert raised.value.order == 4
    assert "order 4" in run("compare", url_of(store), url_of(store), code=1).stderr


def test_a_bad_option_is_refused_before_anything_is_read() -> None:
    for options in ({"window": "soon"}, {"window": -1}, {"tolerance": "x"}, {"tolerance": -1}):
        with pytest.raises(LogConfigurationError):
            compare("nothing.csv", "nothing.csv", **options)
