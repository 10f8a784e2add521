"""`rebuild`: what is kept beside the events is made anew from them, and what differed is said."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from event_logger import CorruptLogError, EventLogger, open_log
from infrastructure.audit_logs import AuditLogs
from infrastructure.followers.board import StatusBoard
from infrastructure.rebuilding import rebuild
from tests.commands import run
from tests.small_log import fill
from tests.support import HOUR, url_of

RIGHT = "log 'default': indexes and status board are what the events give, nothing changed\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "runs.db"
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        fill(logger)
        logger.log_correction(HOUR, 1, {"amount": 2}, "typed wrongly")
    with AuditLogs(url_of(path)) as logs:
        StatusBoard(logs.store, logs.get("default")).catch_up()
    return path


def run_sql(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def derived_tables(path: Path) -> list[list[tuple[object, ...]]]:
    tables = ("event_ids", "transaction_hashes", "late_details", "corrections")
    # A count that came down to nothing stands there until the board is folded anew.
    board = ("status_counts WHERE events<>0", "open_events", "follower_positions")
    with closing(sqlite3.connect(path)) as connection:
        return [
            sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
            for table in (*tables, *board)
        ]


PLANTED: dict[str, tuple[str, str]] = {
    "an id lost": (
        "DELETE FROM event_ids",
        "index of event ids: 1 row added, 0 removed (orders 1)",
    ),
    "an id that leads elsewhere": (
        "UPDATE event_ids SET event_order=3",
        "index of event ids: 1 row added, 1 removed (orders 1, 3)",
    ),
    "an id that nothing has": (
        "INSERT INTO event_ids SELECT log_id, 'x', 4 FROM event_ids",
        "index of event ids: 0 rows added, 1 removed (orders 4)",
    ),
    "a hash of a transition": (
        "DELETE FROM transaction_hashes WHERE tx_hash='0xc'",
        "index of transaction hashes: 1 row added, 0 removed (orders 1)",
    ),
    "late details lost": (
        "DELETE FROM late_details",
        "index of late details: 1 row added, 0 removed (orders 8)",
    ),
    "corrections lost": (
        "DELETE FROM corrections",
        "index of corrections: 1 row added, 0 removed (orders 11)",
    ),
    "a count": (
        "UPDATE status_counts SET events=events+1",
        "status board: was not what the events give, folded anew up to 11+5",
    ),
    "who is open": (
        "UPDATE open_events SET status='submitted' WHERE status='pending'",
        "status board: was not what the events give, folded anew up to 11+5",
    ),
    "how long it took": (
        "UPDATE confirmation_quantiles SET microseconds=microseconds+1000000",
        "status board: was not what the events give, folded anew up to 11+5",
    ),
    "a board from beyond the end": (
        "UPDATE follower_positions SET event_order=99",
        "status board: was not what the events give, folded anew up to 11+5",
    ),
}


@pytest.mark.parametrize("what", PLANTED)
def test_what_is_not_what_the_events_give_is_mended_and_said(path: Path, what: str) -> None:
    statement, sentence = PLANTED[what]
    before = derived_tables(path)
    run_sql(path, statement)
    assert run("rebuild", "--store", url_of(path)).stdout == f"{sentence}\n"
    assert derived_tables(path) == before
    assert run("rebuild", "--store", url_of(path)).stdout == RIGHT
    with open_log(url_of(path)) as reader:
        assert {one.rule: one.errors for one in reader.audit().results}["derived"] == 0


def test_a_program_reads_what_was_done(path: Path) -> None:
    run_sql(path, "DELETE FROM transaction_hashes", "UPDATE status_counts SET events=7")
    done = run("rebuild", "--store", url_of(path), "--json")
    assert json.loads(done.stdout) == {
        "indexes": [{"name": "transaction_hashes", "added": 4, "removed": 0, "orders": [1, 2, 9]}],
        "board": "11+5",
    }
    assert run("rebuild", "--store", url_of(path), "--json").stdout == (
        '{"indexes":[],"board":null}\n'
    )


def test_a_board_that_was_never_folded_is_not_wrong(path: Path) -> None:
    with AuditLogs(url_of(path)) as logs:
        log = logs.get("default")
        logs.store.board.clear(log.id)
        assert not rebuild(logs.store, log).is_changed
        assert logs.store.board.read(log.id).horizon == logs.horizon(log)


def test_a_backtest_has_indexes_and_no_board(tmp_path: Path) -> None:
    url = url_of(tmp_path / "runs.db")
    with EventLogger(store=url) as logger:
        fill(logger)
    run_sql(tmp_path / "runs.db", "DELETE FROM event_ids")
    assert run("rebuild", "--store", url).stdout.startswith("index of event ids: 1 row added")
    assert run("rebuild", "--store", url).stdout == RIGHT


def test_it_goes_on_while_the_log_is_written(path: Path) -> None:
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        order = logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 1, event_id="mine")
        run_sql(path, "DELETE FROM event_ids")
        run("rebuild", "--store", url_of(path))
        assert logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 1, event_id="mine") == order
        assert logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 1) == order + 1


DAMAGE = {
    "a row that is missing": "DELETE FROM stored_events WHERE originator_version=4",
    "bytes that are no record": "UPDATE stored_events SET state=x'00' WHERE originator_version=4",
}


@pytest.mark.parametrize("what", DAMAGE)
def test_nothing_is_made_of_a_damaged_log(path: Path, what: str) -> None:
    run_sql(path, DAMAGE[what], "DELETE FROM event_ids")
    before = derived_tables(path)
    with AuditLogs(url_of(path)) as logs, pytest.raises(CorruptLogError) as caught:
        rebuild(logs.store, logs.get("default"))
    assert caught.value.order == 4
    assert derived_tables(path) == before
    assert "is damaged at order" in run("rebuild", "--store", url_of(path), code=1).stderr


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    missing = tmp_path / "none.db"
    run("rebuild", "--store", url_of(missing), code=1)
    assert not missing.exists()
