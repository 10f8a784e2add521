"""The recorder of the SQLite store: the library's, and what appending a million events needs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteFactory

from domain.audit_log import AuditLog
from infrastructure.live_recorder import LIVE_TABLES, LiveRecorder
from infrastructure.sqlite_datastore import AuditDatastore

_ROWS_PER_STATEMENT = 100
"""Rows per INSERT: a statement per hundred costs a third less than one per row (measured), and each
statement gives another thread the chance to hold this one up. SQLite's module keeps 128 prepared.
"""

LOG_TABLES = (
    "CREATE TABLE IF NOT EXISTS audit_logs ("
    "log_id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS event_ids ("
    "log_id TEXT, event_id TEXT, first_order INTEGER NOT NULL, bundle_size INTEGER NOT NULL, "
    "fingerprint TEXT NOT NULL, PRIMARY KEY (log_id, event_id)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS late_details ("
    "log_id TEXT, parent_order INTEGER, detail_order INTEGER, "
    "PRIMARY KEY (log_id, parent_order, detail_order)) WITHOUT ROWID",
    *LIVE_TABLES,
)
"""Indexes that are written in the same transaction as the events they are derived from."""


@dataclass(frozen=True)
class Claim:
    """What was logged under an event_id: the orders `first_order` … + `bundle_size` - 1."""

    first_order: int
    bundle_size: int
    fingerprint: str


@cache
def _insert_rows(rows: int) -> str:
    values = ",".join(f"(?1,?2+{row},?3,?{row + 4})" for row in range(rows))
    return f"INSERT INTO stored_events VALUES {values}"


class AuditLogRecorder(LiveRecorder):
    """Records the events of audit logs beside those of any other aggregate of the store.

    Every method is one transaction; what it inserted is on the disk when it returns. A unique key
    that is taken raises `eventsourcing.persistence.IntegrityError`, and nothing is inserted.
    """

    def construct_create_table_statements(self) -> list[str]:
        """The library's table of stored events, and ours."""
        return [*super().construct_create_table_statements(), *LOG_TABLES]

    def append(
        self,
        log_id: UUID,
        batches: Iterable[Sequence[AuditLog.EventLogged]],
        opened: StoredEvent | None = None,
        name: str = "",
    ) -> None:
        """Insert events with consecutive versions; `opened` goes before them for a new log.

        The batches are drawn inside the transaction; an exception from them inserts nothing.
        """
        with self.datastore.transaction(commit=True) as cursor:
            if opened is not None:
                self._insert_events(cursor, [opened])
                cursor.execute("INSERT INTO audit_logs VALUES (?,?)", (log_id.hex, name))
            for events in batches:
                insert_logged(cursor, log_id, events)

    def last_version(self, log_id: UUID) -> int | None:
        """The version of the log's last event; None when there is no such log."""
        row = self._row(
            "SELECT MAX(originator_version) FROM stored_events WHERE originator_id=?", log_id.hex
        )
        return None if row is None else row[0]

    def records(self, log_id: UUID, first: int, last: int, limit: int) -> list[tuple[int, bytes]]:
        """The (order, state) of up to `limit` events from order `first` to `last`."""
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute(
                "SELECT originator_version, state FROM stored_events WHERE originator_id=?"
                " AND originator_version BETWEEN ? AND ? ORDER BY originator_version LIMIT ?",
                (log_id.hex, first, last, limit),
            )
            return [(row[0], row[1]) for row in cursor.fetchall()]

    def holds(self, log_id: UUID, events: Sequence[AuditLog.EventLogged]) -> bool:
        """Whether these very events are stored: a record names the microsecond of its logging."""
        expected = [(event.originator_version, event.record) for event in events]
        if not expected:
            return False
        return self.records(log_id, expected[0][0], expected[-1][0], len(expected)) == expected

    def claim(self, log_id: UUID, event_id: str) -> Claim | None:
        """What was logged under this event_id."""
        row = self._row(
            "SELECT first_order, bundle_size, fingerprint FROM event_ids"
            " WHERE log_id=? AND event_id=?",
            log_id.hex,
            event_id,
        )
        return None if row is None else Claim(*row)

    def late_details(self, log_id: UUID) -> list[tuple[int, int]]:
        """The (parent, detail) orders of details that were logged after their parent's bundle."""
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute(
                "SELECT parent_order, detail_order FROM late_details WHERE log_id=?"
                " ORDER BY detail_order",
                (log_id.hex,),
            )
            return [(row[0], row[1]) for row in cursor.fetchall()]

    def log_names(self) -> list[str]:
        """The names of the store's logs, sorted."""
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute("SELECT name FROM audit_logs ORDER BY name")
            return [row[0] for row in cursor.fetchall()]

    def _row(self, statement: str, *parameters: Any) -> sqlite3.Row | None:
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute(statement, parameters)
            row: sqlite3.Row | None = cursor.fetchone()
            return row


def insert_logged(cursor: Any, log_id: UUID, events: Sequence[AuditLog.EventLogged]) -> None:
    """Insert logged events with consecutive versions, and what is indexed of them."""
    log_hex, topic = log_id.hex, AuditLog.EventLogged.TOPIC
    states = [event.record for event in events]
    version = events[0].originator_version if events else 0
    for start in range(0, len(states), _ROWS_PER_STATEMENT):
        rows = states[start : start + _ROWS_PER_STATEMENT]
        cursor.execute(_insert_rows(len(rows)), (log_hex, version + start, topic, *rows))
    for event in events:
        if event.event_id is not None:
            order, size = event.originator_version, event.bundle_size
            row = (log_hex, event.event_id, order, size, event.fingerprint)
            cursor.execute("INSERT INTO event_ids VALUES (?,?,?,?,?)", row)
        if event.late_parent is not None:
            link = (log_hex, event.late_parent, event.originator_version)
            cursor.execute("INSERT INTO late_details VALUES (?,?,?)", link)


class AuditLogFactory(SQLiteFactory):
    """Makes the library's parts for one SQLite store."""

    application_recorder_class = AuditLogRecorder
    READ_ONLY = "READ_ONLY"

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        database = self.env["SQLITE_DBNAME"]
        self.datastore = AuditDatastore(database, read_only=self.READ_ONLY in self.env)
