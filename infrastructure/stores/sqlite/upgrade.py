"""From format 1 to format 2, in one transaction that touches no stored topic or state.

`kill -9` at any moment leaves the one format or the other, whole.
"""

from __future__ import annotations

import sqlite3
from uuid import UUID

import orjson

from domain.audit_log import AuditLog
from domain.lifecycle import EventLifecycle
from infrastructure.codec import derived_identity
from infrastructure.stores.sqlite import checkpoints
from infrastructure.stores.sqlite.corrections import add_corrections
from infrastructure.stores.sqlite.holding import begin_immediate
from infrastructure.stores.sqlite.location import FORMAT
from infrastructure.stores.sqlite.schema import (
    FOLLOWER_TABLES,
    INDEX_TABLES,
    LOCK_TIMEOUT_SECONDS,
    LOG_TABLES,
)

_TRANSITION_TOPICS = (EventLifecycle.Started.TOPIC, EventLifecycle.Updated.TOPIC)
_NOTIFIER = "redis"
_FORMER_BOARD = ("status_counts", "open_events", "confirmation_times", "confirmation_quantiles")


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring the store to the present format unless it has it; waits for writers of the former one.

    Raises `sqlite3.Error`; the store then is what it was.
    """
    try:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        begin_immediate(connection.execute, LOCK_TIMEOUT_SECONDS)
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version < FORMAT:
            _from_format_1(connection)
            connection.execute(f"PRAGMA user_version = {FORMAT}")
        add_corrections(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _from_format_1(connection: sqlite3.Connection) -> None:
    run = connection.execute
    for column in ("committed_at", "writer", "number"):
        run(f"ALTER TABLE stored_events ADD COLUMN {column} INTEGER")
    _move(connection, "audit_logs", LOG_TABLES)
    _move(connection, "event_ids", INDEX_TABLES)
    _move(connection, "follower_positions", ())
    for table in _FORMER_BOARD:
        run(f"DROP TABLE IF EXISTS {table}")
    for statement in (*FOLLOWER_TABLES, checkpoints.TABLE):
        run(statement)
    for log_id, name in run("SELECT log_id, name FROM former_audit_logs").fetchall():
        (state,) = run(
            "SELECT state FROM stored_events WHERE originator_id=? AND originator_version=0",
            (log_id,),
        ).fetchone()
        run("INSERT INTO audit_logs VALUES (?,?,?)", (log_id, name, derived_identity(state)))
    run("INSERT INTO event_ids SELECT log_id, event_id, first_order FROM former_event_ids")
    _number_transitions(connection)
    _index_hashes(connection)
    _move_notifiers(connection)
    for table in ("audit_logs", "event_ids", "follower_positions"):
        run(f"DROP TABLE IF EXISTS former_{table}")


def _move(connection: sqlite3.Connection, table: str, statements: tuple[str, ...]) -> None:
    there = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type='table' AND name=?", (table,)
    ).fetchone()
    if there:
        connection.execute(f"ALTER TABLE {table} RENAME TO former_{table}")
    for statement in statements:
        connection.execute(statement)


def _number_transitions(connection: sqlite3.Connection) -> None:
    """Number each log's transitions in the order of their rowids, in which they were committed."""
    logs = dict(connection.execute("SELECT name, log_id FROM audit_logs").fetchall())
    known = set(logs.values())
    last_order = dict.fromkeys(known, 0)
    last_number = dict.fromkeys(known, 0)
    numbers: list[tuple[int, int]] = []
    transitions: list[tuple[str, int, int, int, str, int]] = []
    rows = connection.execute(
        "SELECT rowid, originator_id, originator_version,"
        " CASE WHEN topic IN (?,?) THEN CAST(state AS TEXT) END"
        " FROM stored_events ORDER BY rowid",
        _TRANSITION_TOPICS,
    )
    for rowid, originator, version, state in rows:
        if originator in known:
            last_order[originator] = version
        elif state is not None:
            transition = orjson.loads(state)
            log_id = logs[transition["log"]]
            number = last_number[log_id] = last_number[log_id] + 1
            numbers.append((number, rowid))
            row = (log_id, number, last_order[log_id], transition["order"], originator, version)
            transitions.append(row)
    connection.executemany("UPDATE stored_events SET number=? WHERE rowid=?", numbers)
    connection.executemany("INSERT INTO transitions VALUES (?,?,?,?,?,?)", transitions)


def _index_hashes(connection: sqlite3.Connection) -> None:
    # Not by json_extract, which cuts a text at a NUL.
    rows = connection.execute(
        "SELECT originator_id, CAST(state AS TEXT), originator_version FROM stored_events"
        " WHERE topic=? AND instr(state, CAST('\"tx_hash\"' AS BLOB))"
        " UNION ALL SELECT t.log_id, CAST(s.state AS TEXT), t.event_order FROM transitions t"
        " JOIN stored_events s ON s.originator_id=t.lifecycle_id"
        " AND s.originator_version=t.version",
        (AuditLog.EventLogged.TOPIC,),
    )
    hashes = (
        (log_id, tx_hash, order)
        for log_id, state, order in rows
        if (tx_hash := orjson.loads(state).get("tx_hash")) is not None
    )
    connection.executemany("INSERT OR IGNORE INTO transaction_hashes VALUES (?,?,?)", hashes)


def _move_notifiers(connection: sqlite3.Connection) -> None:
    """Positions of the notifiers, which were rowids of the store, as horizons of their logs."""
    there = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE name='former_follower_positions'"
    ).fetchone()
    if not there:
        return
    rows = connection.execute("SELECT follower, position FROM former_follower_positions").fetchall()
    for follower, position in rows:
        kind, _, name = follower.partition(":")
        if kind != _NOTIFIER:
            continue
        log_id = UUID(name).hex
        connection.execute(
            "INSERT INTO follower_positions SELECT ?1, ?2,"
            " (SELECT COALESCE(MAX(originator_version), 0) FROM stored_events"
            "  WHERE originator_id=?2 AND rowid<=?3),"
            " (SELECT COALESCE(MAX(t.number), 0) FROM transitions t JOIN stored_events s"
            "  ON s.originator_id=t.lifecycle_id AND s.originator_version=t.version"
            "  WHERE t.log_id=?2 AND s.rowid<=?3)",
            (_NOTIFIER, log_id, position),
        )
