"""What is the same before and after an upgrade: rows, and a log's entries as leaves of a tree."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

from domain.horizon import Horizon
from domain.lifecycle import EventLifecycle
from domain.values import decode
from infrastructure.stores import open_store
from projections.entries import TransitionEntry
from tests.infrastructure.stores.sqlite.former import format_1, format_1_store
from tests.support import url_of

LOGS = {log["name"]: log for log in format_1()["logs"]}
LIVE = [name for name, log in LOGS.items() if log["mode"] == "live"]
TRANSITIONS = {EventLifecycle.Started.TOPIC, EventLifecycle.Updated.TOPIC}

Row = tuple[int, str, int, str, bytes]
Leaf = tuple[str, int, str, bytes]
"""Kind, number, topic, and state."""


def upgraded_store(tmp_path: Path) -> Path:
    """A golden store, brought to the present format."""
    path = format_1_store(tmp_path)
    open_store(url_of(path)).close()
    return path


def rows_of(path: Path) -> list[Row]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT rowid, originator_id, originator_version, topic, state"
            " FROM stored_events ORDER BY rowid"
        ).fetchall()


def format_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        return version


def golden_rows() -> list[Row]:
    return [(*row[:4], row[4].encode()) for row in format_1()["stored_events"]]


def former_leaves(log: dict[str, Any]) -> list[Leaf]:
    """A log's entries in the order of their commit, which in format 1 is that of the rowids."""
    leaves: list[Leaf] = []
    numbers = 0
    for _, originator, version, topic, state in golden_rows():
        if originator == UUID(log["id"]).hex:
            leaves.append(("event", version, topic, state))
        elif topic in TRANSITIONS and decode(state, str)["log"] == log["name"]:
            numbers += 1
            leaves.append(("transition", numbers, topic, state))
    return leaves


def present_leaves(path: Path, log: dict[str, Any]) -> list[Leaf]:
    """The same as the store gives it today: by position, the transitions by their numbers."""
    one = UUID(log["id"])
    with open_store(url_of(path), must_exist=True) as store:
        entries = store.reads.entries(one, Horizon(0), 10_000)
    with closing(sqlite3.connect(path)) as connection:
        opened = connection.execute(
            "SELECT topic, state FROM stored_events WHERE originator_id=? AND originator_version=0",
            (one.hex,),
        ).fetchone()
        leaves: list[Leaf] = [("event", 0, *opened)]
        for entry in entries:
            if isinstance(entry, TransitionEntry):
                kind, number = "transition", entry.number
                statement = (
                    "SELECT s.topic, s.state FROM stored_events s JOIN transitions t"
                    " ON s.originator_id=t.lifecycle_id AND s.originator_version=t.version"
                    " WHERE t.log_id=? AND t.number=? AND s.number=t.number"
                )
            else:
                kind, number = "event", entry.order
                statement = (
                    "SELECT topic, state FROM stored_events"
                    " WHERE originator_id=? AND originator_version=?"
                )
            row = connection.execute(statement, (one.hex, number)).fetchone()
            leaves.append((kind, number, *row))
            assert entry.position == len(leaves) - 1
    return leaves
