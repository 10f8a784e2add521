"""The indexes of ids, hashes and late details, as they follow from a log's events.

A look at both ends of a log, whenever it is opened, finds indexes that were emptied, lost or belong
to another state of the store; an audit compares them whole.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson

from domain.audit_log import AuditLog
from domain.corrections import corrected_by
from infrastructure.stores.sqlite.corrections import HAS_CORRECTIONS
from infrastructure.stores.sqlite.schema import FOLLOWER_TABLES, INDEX_TABLES

_log = logging.getLogger("event_logger")

_LOOKED_AT = 50
"""Events and transitions at either end of a log."""

_NEEDLES = (
    b'"event_id"',
    b'"tx_hash"',
    b'"parent_event"',
    b'"detail_orders"',
    b'"event_type":"CORRECTION"',
)
_EVENTS = (
    "SELECT originator_version, state FROM stored_events WHERE originator_id=?1 AND topic=?2"
    " AND originator_version BETWEEN ?3 AND ?4 ORDER BY originator_version"
)
_TRANSITIONS = (
    "SELECT t.event_order, s.state FROM transitions t JOIN stored_events s"
    " ON s.originator_id=t.lifecycle_id AND s.originator_version=t.version"
    " WHERE t.log_id=? AND t.number BETWEEN ? AND ?"
)
_LAST_ORDER = "SELECT MAX(originator_version) FROM stored_events WHERE originator_id=?"
_LAST = 2**63 - 1


class Indexed(NamedTuple):
    """A row of an index: which, the key, and the order that it leads to."""

    table: str
    key: str | int
    order: int


def derived(connection: sqlite3.Connection, log_id: str) -> Iterator[Indexed]:
    """Every row that the log's indexes are to have, by a scan of all of it."""
    topic = AuditLog.EventLogged.TOPIC
    parents: dict[int, int] = {}
    for order, record in _records(connection.execute(_EVENTS, (log_id, topic, 1, _LAST))):
        yield from _of_event(order, record, parents.pop(order, None))
        parents |= dict.fromkeys(_details_of(record), order)
    for order, record in _records(connection.execute(_TRANSITIONS, (log_id, 1, _LAST))):
        yield from _of_transition(order, record)


def are_sound(connection: sqlite3.Connection, log_id: str) -> bool:
    """Whether the indexes lead to what was logged first and last; False where a table is gone.

    Those of a log that is damaged itself are left as they are: they may say what it was.
    """
    try:
        if not _has_no_gaps(connection, log_id):
            return True
        # Stores from before there was an index of corrections are read without it.
        has_corrections = connection.execute(HAS_CORRECTIONS).fetchone() is not None
        return all(
            _is_there(connection, log_id, row)
            for row in _at_the_ends(connection, log_id)
            if has_corrections or row.table != "corrections"
        )
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return False
        raise


def make_anew(connection: sqlite3.Connection, log_id: str, name: str) -> None:
    """Replace the log's indexes; in a transaction that writes."""
    for table in _COLUMNS:
        connection.execute(f"DELETE FROM {table} WHERE log_id=?", (log_id,))
    for table, key, order in list(derived(connection, log_id)):
        connection.execute(f"INSERT OR IGNORE INTO {table} VALUES (?,?,?)", (log_id, key, order))
    _log.warning("log %r: its indexes did not lead to its events, and were made anew", name)


def make_lost_tables(connection: sqlite3.Connection) -> None:
    """Make those tables anew that follow from the others, where they are gone."""
    # `transitions`, the first, holds what does not follow.
    for statement in (*INDEX_TABLES[1:], *FOLLOWER_TABLES):
        connection.execute(statement)


def _at_the_ends(connection: sqlite3.Connection, log_id: str) -> Iterator[Indexed]:
    topic = AuditLog.EventLogged.TOPIC
    for first, last in _ends(connection.execute(_LAST_ORDER, (log_id,)).fetchone()[0]):
        rows = connection.execute(_EVENTS, (log_id, topic, first, last)).fetchall()
        for order, record in _records(rows):
            parent = record.get("parent_event")
            is_inside = type(parent) is int and order in _details_at(connection, log_id, parent)
            yield from _of_event(order, record, parent if is_inside else None)
    ends = "SELECT MAX(number) FROM transitions WHERE log_id=?"
    for first, last in _ends(connection.execute(ends, (log_id,)).fetchone()[0]):
        rows = connection.execute(_TRANSITIONS, (log_id, first, last)).fetchall()
        for order, record in _records(rows):
            yield from _of_transition(order, record)


def _has_no_gaps(connection: sqlite3.Connection, log_id: str) -> bool:
    """Whether no order is missing at the ends of the log."""
    (last,) = connection.execute(_LAST_ORDER, (log_id,)).fetchone()
    return all(
        connection.execute(
            "SELECT COUNT(*) FROM stored_events WHERE originator_id=?1 AND topic=?2"
            " AND originator_version BETWEEN ?3 AND ?4",
            (log_id, AuditLog.EventLogged.TOPIC, first, upto),
        ).fetchone()[0]
        == max(0, min(upto, last or 0) - first + 1)
        for first, upto in _ends(last)
    )


def _ends(last: int | None) -> Iterable[tuple[int, int]]:
    last = last or 0
    return (1, _LOOKED_AT), (max(_LOOKED_AT + 1, last - _LOOKED_AT + 1), last)


def _records(rows: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Those that may be indexed; what is no record is for whoever reads it to say."""
    for order, state in rows:
        if isinstance(state, bytes) and any(needle in state for needle in _NEEDLES):
            try:
                record = orjson.loads(state)
            except orjson.JSONDecodeError:
                continue
            if isinstance(record, dict):
                yield order, record


def _of_event(order: int, record: dict[str, Any], wrapper: int | None) -> Iterator[Indexed]:
    event_id, tx_hash, parent = map(record.get, ("event_id", "tx_hash", "parent_event"))
    if isinstance(event_id, str):
        yield Indexed("event_ids", event_id, order)
    if isinstance(tx_hash, str):
        yield Indexed("transaction_hashes", tx_hash, order)
    if type(parent) is int and parent != wrapper:
        yield Indexed("late_details", parent, order)
    corrected = corrected_by(record)
    if corrected is not None:
        yield Indexed("corrections", corrected, order)


def _of_transition(order: int, record: dict[str, Any]) -> Iterator[Indexed]:
    changes = record.get("changes")
    tx_hash = changes.get("tx_hash") if isinstance(changes, dict) else None
    if isinstance(tx_hash, str):
        yield Indexed("transaction_hashes", tx_hash, order)


def _details_of(record: dict[str, Any]) -> list[int]:
    details = record.get("detail_orders")
    return details if isinstance(details, list) else []


def _details_at(connection: sqlite3.Connection, log_id: str, parent: Any) -> list[int]:
    rows = connection.execute(_EVENTS, (log_id, AuditLog.EventLogged.TOPIC, parent, parent))
    return next((_details_of(record) for _, record in _records(rows.fetchall())), [])


_COLUMNS = {
    "event_ids": ("event_id", "event_order"),
    "transaction_hashes": ("tx_hash", "event_order"),
    "late_details": ("parent_order", "detail_order"),
    "corrections": ("corrected_order", "correction_order"),
}


def _is_there(connection: sqlite3.Connection, log_id: str, row: Indexed) -> bool:
    key, order = _COLUMNS[row.table]
    statement = f"SELECT 1 FROM {row.table} WHERE log_id=? AND {key}=? AND {order}=?"
    return connection.execute(statement, (log_id, row.key, row.order)).fetchone() is not None
