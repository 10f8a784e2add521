"""Text that is no store URL is refused, and a password in it is shown nowhere."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from event_logger import EventLogger, StoreUrlError, open_log
from infrastructure.stores import open_store, upgrade_store
from tests.commands import run

WAYS: list[Callable[[Any], object]] = [
    open_store,
    open_log,
    upgrade_store,
    lambda url: EventLogger(store=url),
    lambda url: EventLogger("live", store=url, redis=False),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("mysql+driver://:secret@host", "mysql+driver"),
        ("sqlite://user:secret@host/db", "***"),
        ("sqlite:user:secret@host", "host"),
        ("postgresql:/user:secret@host/db", "***"),
        ("postgresql:user:secret@host/db", "host/db"),
        ("user:secret@postgresql://host/db", "***"),
        ("user:secret@host", "host"),
        ("user:p@secret@host", "***"),
        ("//user:secret@host/db", "***"),
        ("host=h password=secret", "***"),
        ("runs.db?key=secret", "runs.db?***"),
        ("user%3Asecret%40host", "***"),
        (b"postgresql://user:secret@host/db", "bytes"),
        (["postgresql://user:secret@host/db"], "list"),
    ],
)
def test_a_password_is_shown_nowhere(way: Callable[[Any], object], url: Any, place: str) -> None:
    with pytest.raises(StoreUrlError) as refused:
        way(url)
    error = refused.value
    assert error.store == place
    again = pickle.loads(pickle.dumps(error))
    for one in (error, again):
        assert "secret" not in f"{one} {one!r} {vars(one)}"
    assert "secret" not in "".join(
        line for line in traceback.format_exception_only(error) if "raise" not in line
    )


def test_nor_on_the_command_line(tmp_path: Path) -> None:
    url = "postgres:/user:secret@host/db"
    target = "mongodb://user:secret@host/db"
    EventLogger(store=f"sqlite:///{tmp_path}/a.db").close()
    done = run("stats", "--store", url, code=1)
    assert "secret" not in done.stderr + done.stdout
    done = run("upgrade", "--store", f"sqlite:///{tmp_path}/a.db", "--to", target, code=1)
    assert "secret" not in done.stderr + done.stdout


def test_a_plain_path_is_told_how_to_be_written() -> None:
    with pytest.raises(StoreUrlError, match=r"for the file runs\.db write sqlite:///runs\.db"):
        open_store("runs.db")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["new/", "there/", "new//"])
def test_what_ends_as_a_folder_s_name_makes_no_file(
    tmp_path: Path, way: Callable[[Any], object], name: str
) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(StoreUrlError, match="names a folder; write the name of a file in it"):
        way(f"sqlite:///{tmp_path}/{name}")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
