"""Two logs of one store: what of one is passed off as the other's is found."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from domain.audit_log import log_id
from event_logger import EventLogger
from tests.commands import run
from tests.support import log_amounts, url_of

A, B = log_id("a").hex, log_id("b").hex


def of(log: str, order: int) -> str:
    return f"originator_id='{log}' AND originator_version={order}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two")
    url, key = url_of(folder / "runs.db"), str(folder / "key")
    run("key", "new", key, "--prefix", "example.com/desk1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVENT_LOGGER_CHECKPOINTS", str(folder / "kept"))
        for log in ("a", "b"):
            with EventLogger(store=url, log=log) as logger:
                log_amounts(logger, 1, 2, 3)
            held = ("--key", key, "-o", str(folder / log))
            run("checkpoint", "--store", url, "--log", log, *held)
    return folder


class Desk:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = url_of(folder / "runs.db")

    def run_sql(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.folder / "runs.db")) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    def differs_from(self, log: str, code: int = 1) -> int | None:
        """The first order that differs from what was signed of a log."""
        held = ("--store", self.url, "--log", log, "--checkpoint", str(self.folder / log))
        found = json.loads(run("verify", *held, "--json", code=code).stdout)
        return found.get("first_order")  # type: ignore[no-any-return]

    def signs(self, log: str, code: int) -> str:
        key = ("--key", str(self.folder / "key"))
        return run("checkpoint", "--store", self.url, "--log", log, *key, code=code).stderr


@pytest.fixture
def desk(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("EVENT_LOGGER_CHECKPOINTS", str(tmp_path / "kept"))
    monkeypatch.delenv("EVENT_LOGGER_KEY", raising=False)
    return Desk(tmp_path)


def test_their_identities_swapped(desk: Desk) -> None:
    desk.run_sql(
        "CREATE TEMP TABLE was AS SELECT * FROM audit_logs",
        "UPDATE audit_logs SET identity=("
        "SELECT identity FROM was WHERE was.log_id<>audit_logs.log_id)",
    )
    for log in ("a", "b"):
        assert desk.differs_from(log) == 0
        assert "its entries say" in desk.signs(log, code=1)


def test_a_tail_that_is_cut_under_another_name_is_not_signed(desk: Desk) -> None:
    """Under a name that was never signed, nothing that is kept would speak against it."""
    desk.run_sql(
        f"DELETE FROM stored_events WHERE {of(A, 3)}",
        f"UPDATE audit_logs SET identity='00000000-0000-4000-8000-000000000000' WHERE log_id='{A}'",
    )
    assert "its entries say" in desk.signs("a", code=1)
    assert len(list((desk.folder / "kept").glob("*.checkpoint"))) == 2


def test_all_their_entries_swapped(desk: Desk) -> None:
    desk.run_sql(
        f"UPDATE stored_events SET originator_id='x' WHERE originator_id='{A}'",
        f"UPDATE stored_events SET originator_id='{A}' WHERE originator_id='{B}'",
        f"UPDATE stored_events SET originator_id='{B}' WHERE originator_id='x'",
        "DELETE FROM tiles",
    )
    for log in ("a", "b"):
        assert desk.differs_from(log) == 0
        desk.signs(log, code=1)


def test_an_entry_of_one_in_the_place_of_the_others(desk: Desk) -> None:
    desk.run_sql(
        f"DELETE FROM stored_events WHERE {of(A, 2)}",
        f"UPDATE stored_events SET originator_id='{A}' WHERE {of(B, 2)}",
    )
    assert (desk.differs_from("a"), desk.differs_from("b")) == (2, 2)


def test_an_entry_of_one_at_the_end_of_the_other(desk: Desk) -> None:
    desk.run_sql(
        f"UPDATE stored_events SET originator_id='{A}', originator_version=4 WHERE {of(B, 3)}"
    )
    assert desk.differs_from("b") == 3
    desk.signs("b", code=1)
    # What was signed of the other is all there: what came since is signed for as it is.
    assert desk.differs_from("a", code=0) is None


def test_a_checkpoint_of_the_one_says_nothing_of_the_other(desk: Desk) -> None:
    shutil.copy(desk.folder / "b", desk.folder / "a")
    held = ("--store", desk.url, "--log", "a", "--checkpoint", str(desk.folder / "a"))
    assert "has the identity" in run("verify", *held, code=1).stderr


def test_a_tail_that_is_cut_and_put_back_to_the_byte_is_what_it_was(desk: Desk) -> None:
    desk.run_sql(
        f"CREATE TABLE away AS SELECT * FROM stored_events WHERE {of(A, 3)}",
        f"DELETE FROM stored_events WHERE {of(A, 3)}",
    )
    assert desk.differs_from("a") == 3
    desk.signs("a", code=1)
    desk.run_sql("INSERT INTO stored_events SELECT * FROM away", "DROP TABLE away")
    assert desk.differs_from("a", code=0) is None
    desk.signs("a", code=0)
