"""What live mode asks of the SQLite recorder: appending at the end, transitions, following."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import orjson
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from domain.audit_log import AuditLog
from domain.lifecycle import EventLifecycle
from infrastructure.commit_signal import CommitSignals
from infrastructure.sqlite_datastore import AuditDatastore

LIVE_TABLES = (
    "CREATE TABLE IF NOT EXISTS follower_positions ("
    "follower TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS status_counts ("
    "log_id TEXT, venue TEXT, event_type TEXT, status TEXT, events INTEGER NOT NULL, "
    "PRIMARY KEY (log_id, venue, event_type, status)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS open_events ("
    "log_id TEXT, event_order INTEGER, event_type TEXT NOT NULL, venue TEXT NOT NULL, "
    "status TEXT NOT NULL, tx_hash TEXT, since TEXT NOT NULL, "
    "PRIMARY KEY (log_id, event_order)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS confirmation_times ("
    "log_id TEXT, microseconds INTEGER, position INTEGER, "
    "PRIMARY KEY (log_id, microseconds, position)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS confirmation_quantiles ("
    "log_id TEXT, name TEXT, times INTEGER NOT NULL, place INTEGER NOT NULL, "
    "microseconds INTEGER NOT NULL, position INTEGER NOT NULL, "
    "PRIMARY KEY (log_id, name)) WITHOUT ROWID",
)
"""How far each follower has come, and the status board: all can be rebuilt from the events."""

TRANSITION_TOPICS = (EventLifecycle.Started.TOPIC, EventLifecycle.Updated.TOPIC)
FOLLOWED_FIELDS = {
    "recorded_at": "$.recorded_at",
    "timestamp": "$.timestamp",
    "event_type": "$.event_type",
    "venue": "$.venue",
    "tx_hash": "$.tx_hash",
    "detail_orders": "$.detail_orders",
    "bundle_name": "$.extra.bundle_name",
}
"""What followers are told of an event, and where it stands in its record."""

# One row for a whole page: SQLite takes the fields out of the records while the threads that log
# have the interpreter, and does not ask for it row by row.
_COMMITTED = f"""
SELECT json_group_array(json_array(id, version, topic,
  CASE topic WHEN ? THEN json_extract(state, {", ".join(map(repr, FOLLOWED_FIELDS.values()))})
  ELSE json(state) END))
FROM (SELECT rowid AS id, originator_version AS version, topic, CAST(state AS TEXT) AS state
  FROM stored_events WHERE rowid>? AND (originator_id=? OR topic IN (?,?)) ORDER BY rowid LIMIT ?)
"""

_IDS_PER_STATEMENT = 500
_NO_END = 2**63 - 1


class LiveRecorder(SQLiteApplicationRecorder):
    """Notification ids are SQLite's rowids: writers take turns, so that they rise with the commits,
    and nothing is ever deleted, so that they have no gaps (and VACUUM leaves them as they are).
    """

    datastore: AuditDatastore

    def __init__(
        self, datastore: SQLiteDatastore, events_table_name: str = "stored_events"
    ) -> None:
        super().__init__(datastore, events_table_name)
        self.commits = CommitSignals()

    @contextmanager
    def at_the_end(self, log_id: UUID) -> Iterator[tuple[Any, int]]:
        """A write transaction: its cursor, and the log's last version, which stays that until then.

        What the block inserted is on the disk when it ends; an exception inserts nothing.
        """
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(
                "SELECT MAX(originator_version) FROM stored_events WHERE originator_id=?",
                (log_id.hex,),
            )
            yield cursor, cursor.fetchone()[0] or 0

    def transitions(
        self, lifecycle_ids: Sequence[UUID], until: int | None = None
    ) -> dict[UUID, list[bytes]]:
        """The states of the transitions of each of these lifecycles that has any, oldest first.

        `until` is the last notification id that is looked at.
        """
        found: dict[UUID, list[bytes]] = {}
        with self.datastore.transaction(commit=False) as cursor:
            for start in range(0, len(lifecycle_ids), _IDS_PER_STATEMENT):
                ids = [one.hex for one in lifecycle_ids[start : start + _IDS_PER_STATEMENT]]
                cursor.execute(
                    "SELECT originator_id, state FROM stored_events WHERE originator_id IN"
                    f" ({','.join('?' * len(ids))}) AND rowid<=?"
                    " ORDER BY originator_id, originator_version",
                    (*ids, _NO_END if until is None else until),
                )
                for row in cursor.fetchall():
                    found.setdefault(UUID(row[0]), []).append(row[1])
        return found

    def committed(
        self, log_id: UUID, after: int, limit: int
    ) -> tuple[list[tuple[int, int, str, Any]], int]:
        """Up to `limit` (notification id, version, topic, fields) after a notification id.

        They are the log's events and all transitions; and the id up to which there are no others.
        The fields of an event are the values of `FOLLOWED_FIELDS`, those of a transition its state.
        """
        with self.datastore.transaction(commit=False) as cursor:
            parameters = (AuditLog.EventLogged.TOPIC, after, log_id.hex, *TRANSITION_TOPICS, limit)
            cursor.execute(_COMMITTED, parameters)
            rows = [tuple(row) for row in orjson.loads(cursor.fetchone()[0])]
            if rows:
                return rows, rows[-1][0]
            cursor.execute("SELECT MAX(rowid) FROM stored_events")
            return [], max(after, cursor.fetchone()[0] or 0)

    def opened_at(self, log_id: UUID) -> int:
        """The notification id of the log's opening."""
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute(
                "SELECT rowid FROM stored_events WHERE originator_id=? AND originator_version=?",
                (log_id.hex, AuditLog.INITIAL_VERSION),
            )
            row = cursor.fetchone()
            return 0 if row is None else int(row[0])

    def position(self, follower: str) -> int | None:
        """Up to which notification id the follower has come; None when it never stored one."""
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute("SELECT position FROM follower_positions WHERE follower=?", (follower,))
            row = cursor.fetchone()
            return None if row is None else int(row[0])

    def store_position(self, follower: str, position: int) -> None:
        """Remember how far the follower has come; a position never goes back."""
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(
                "INSERT INTO follower_positions VALUES (?1,?2) ON CONFLICT (follower) DO UPDATE"
                " SET position=?2 WHERE position<?2",
                (follower, position),
            )
