"""What the tests of the migration stand on: the former code runs, and its store is as it left it.

Nothing here but the archive, SQLite and the JSON, so that it holds whatever the code of today is.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.infrastructure.stores.sqlite.former import (
    FORMER_VERSION,
    GOLDEN,
    format_1,
    format_1_store,
    run_former,
)

WRITES = """
import domain, event_logger, infrastructure, projections
with EventLogger("live", store=sys.argv[1], log="live", redis=False) as logger:
    order = logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 1)
    logger.update_event(order, {"status": "submitted", "tx_hash": "0xa"})
with EventLogger(store=sys.argv[1], log="past") as logger:
    logger.log_atomic_transaction(HOUR, "ENTRY", [{"event_type": "STAKE_DEPOSIT", "venue": "LIDO"}])
    assert len(logger.events) == 2
for package in (domain, event_logger, infrastructure, projections):
    print(package.__file__)
for name, module in sys.modules.items():
    if name.partition(".")[0] in ("domain", "event_logger", "infrastructure", "projections"):
        assert module.__file__.startswith(sys.argv[2]), module.__file__
"""

DESCRIBES = """
from runpy import run_path
run_path(sys.argv.pop(1), run_name="__main__")
"""


def selected(path: Path, statement: str) -> list[list[Any]]:
    """The rows in a store's file, which is not touched, nor is anything made beside it."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        return [list(row) for row in connection.execute(statement)]


def test_the_former_code_writes_a_store_of_format_1(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    printed = run_former(WRITES, f"sqlite:///{path}", FORMER_VERSION)
    packages = ("domain", "event_logger", "infrastructure", "projections")
    assert printed.splitlines() == [f"{FORMER_VERSION}/{name}/__init__.py" for name in packages]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        rows = connection.execute("SELECT topic FROM stored_events ORDER BY rowid").fetchall()
    assert [topic for (topic,) in rows] == [
        "audit-log.opened",
        "audit-log.event-logged",
        "event-lifecycle.started",
        "audit-log.opened",
        "audit-log.event-logged",
        "audit-log.event-logged",
    ]


def test_the_golden_store_is_whole_and_alone() -> None:
    path = GOLDEN / "format_1.db"
    assert selected(path, "PRAGMA integrity_check") == [["ok"]]
    assert selected(path, "PRAGMA user_version") == [[1]]
    assert [beside.name for beside in GOLDEN.glob("format_1.db*")] == ["format_1.db"]


def test_the_golden_store_holds_the_rows_that_the_json_names() -> None:
    rows = selected(
        GOLDEN / "format_1.db",
        "SELECT rowid, originator_id, originator_version, topic, CAST(state AS TEXT)"
        " FROM stored_events ORDER BY rowid",
    )
    assert rows == format_1()["stored_events"]
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))


@pytest.mark.parametrize("table", format_1()["tables"])
def test_the_golden_store_holds_the_indexes_that_the_json_names(table: str) -> None:
    rows = selected(GOLDEN / "format_1.db", f"SELECT * FROM {table}")
    assert rows
    assert sorted(map(repr, rows)) == sorted(map(repr, format_1()["tables"][table]))


def test_the_former_code_reads_the_golden_store_as_the_json_says(tmp_path: Path) -> None:
    target = tmp_path / "described.json"
    run_former(DESCRIBES, GOLDEN / "describe_format_1.py", format_1_store(tmp_path), target)
    assert json.loads(target.read_text(encoding="utf-8")) == format_1()
