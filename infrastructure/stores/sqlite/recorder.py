"""The eventsourcing library's recorder on our connections: its aggregates, its notifications.

The one file that leans on parts of the library which it does not document: a datastore's
`transaction`, `single_row_tracking` and `originator_id_type`, a recorder's
`insert_events_statement`. `tests` names them; the upper pin of the library is there because of
them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from eventsourcing import persistence
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor, SQLiteDatastore

from infrastructure.stores.sqlite.connections import Connections, Superseded, Turn
from infrastructure.stores.sqlite.schema import TABLES


class Datastore(SQLiteDatastore):
    """The library's datastore, which opens nothing of its own."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self.single_row_tracking = True
        self.originator_id_type = "uuid"

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        """A transaction of the library's; one that writes holds the store meanwhile."""
        with _library_errors():
            if not commit:
                with self._connections.reading() as connection:
                    yield _cursor(connection)
                return
            with self._connections.lock:
                turn = Turn(self._connections)
                self._connections.library_writes += 1
                with turn.connection:
                    turn.begin()
                    yield _cursor(turn.connection)
                    turn.run("COMMIT")

    def close(self) -> None:
        """The connections are the store's to close."""

    def __del__(self) -> None:
        return


class Recorder(SQLiteApplicationRecorder):
    """Notification ids are SQLite's rowids: writers take turns, so that they rise with the commits,
    and nothing is ever deleted, so that they have no gaps.
    """

    def __init__(self, datastore: SQLiteDatastore) -> None:
        super().__init__(datastore, "stored_events")
        self.insert_events_statement = (
            "INSERT INTO stored_events (originator_id, originator_version, topic, state,"
            " committed_at) VALUES (?1,?2,?3,?4, MAX("
            "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER), COALESCE((SELECT"
            " committed_at FROM stored_events WHERE originator_id=?1"
            " ORDER BY originator_version DESC LIMIT 1), 0)))"
        )

    def construct_create_table_statements(self) -> list[str]:
        """Our tables."""
        return list(TABLES)


def _cursor(connection: sqlite3.Connection) -> SQLiteCursor:
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    return SQLiteCursor(cursor)


@contextmanager
def _library_errors() -> Iterator[None]:
    """SQLite's errors as the library's, by the same names."""
    try:
        yield
    except Superseded:
        raise persistence.OperationalError("another transaction was begun meanwhile") from None
    except sqlite3.Error as error:
        name = type(error).__name__
        kind = getattr(persistence, "PersistenceError" if name == "Error" else name)
        raise kind(error) from error
