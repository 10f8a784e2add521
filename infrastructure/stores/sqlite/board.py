"""The status boards of a SQLite store's logs, in tables that follow from the events."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import orjson

from domain.horizon import START, Horizon
from infrastructure.stored import BoardRows
from infrastructure.stores.running_quantiles import Time, quantiles
from infrastructure.stores.sqlite.confirmation_times import ConfirmationTimes
from infrastructure.stores.sqlite.connections import Connections
from infrastructure.stores.sqlite.errors import store_errors
from infrastructure.stores.sqlite.followers import sound_position
from infrastructure.stores.sqlite.housekeeping import Housekeeping
from projections.status_board import LiveStatus, OpenEvent

FOLLOWER = "status-board"

_OPEN_COLUMNS = "event_order, event_type, venue, status, tx_hash, since, since_commit"
_DELETE_SETTLED = (
    "DELETE FROM open_events WHERE log_id=?"
    " AND event_order IN (SELECT value FROM json_each(CAST(? AS TEXT)))"
)
_REPLACE_OPEN = (
    "INSERT OR REPLACE INTO open_events SELECT ?, "
    + ", ".join(f"json_extract(value, '$[{i}]')" for i in range(7))
    + " FROM json_each(CAST(? AS TEXT))"
)
_NUL = rb"\u0000"
_BOARD_TABLES = ("status_counts", "open_events", "confirmation_times", "confirmation_quantiles")


class SQLiteBoard:
    """`infrastructure.store.Board` on SQLite."""

    def __init__(self, connections: Connections, housekeeping: Housekeeping) -> None:
        self._connections = connections
        self._housekeeping = housekeeping
        self._url = connections.location.url

    def read(self, log_id: UUID) -> BoardRows:
        """See `Board.read`."""
        with store_errors(self._url), self._connections.reading() as connection:
            counts = connection.execute(
                "SELECT venue, event_type, status, events FROM status_counts WHERE log_id=?",
                (log_id.hex,),
            )
            rows = connection.execute(
                f"SELECT {_OPEN_COLUMNS} FROM open_events WHERE log_id=?", (log_id.hex,)
            )
            return BoardRows(
                _horizon(connection, log_id) or START,
                Counter({(row[0], row[1], row[2]): row[3] for row in counts.fetchall()}),
                {row[0]: OpenEvent(*row) for row in rows.fetchall()},
                ConfirmationTimes(connection, log_id).add_up(),
            )

    def quantiles(
        self, log_id: UUID, further: Sequence[Time]
    ) -> tuple[Horizon, dict[str, float | None]]:
        """See `Board.quantiles`."""
        with store_errors(self._url), self._connections.reading() as connection:
            times = quantiles(ConfirmationTimes(connection, log_id), further)
            return _horizon(connection, log_id) or START, times

    def open_rows(self, log_id: UUID, orders: Sequence[int]) -> dict[int, OpenEvent]:
        """See `Board.open_rows`."""
        with store_errors(self._url), self._connections.reading() as connection:
            rows = connection.execute(
                f"SELECT {_OPEN_COLUMNS} FROM open_events WHERE log_id=?"
                " AND event_order IN (SELECT value FROM json_each(CAST(? AS TEXT)))",
                (log_id.hex, orjson.dumps(list(orders))),
            )
            return {row[0]: OpenEvent(*row) for row in rows.fetchall()}

    def fold(self, log_id: UUID, changes: LiveStatus, after: Horizon, upto: Horizon) -> bool:
        """See `Board.fold`."""
        with self._housekeeping.writing() as connection:
            if (_horizon(connection, log_id) or START) != after:
                return False
            connection.execute(
                "INSERT OR REPLACE INTO follower_positions VALUES (?,?,?,?)",
                (FOLLOWER, log_id.hex, *upto),
            )
            _apply(connection, log_id, changes)
        return True

    def clear(self, log_id: UUID) -> None:
        """See `Board.clear`."""
        with self._housekeeping.writing() as connection:
            clear_board(connection, log_id.hex)


def clear_board(connection: sqlite3.Connection, log_id: str) -> None:
    """Empty the log's board and let it be folded from the start."""
    for table in _BOARD_TABLES:
        connection.execute(f"DELETE FROM {table} WHERE log_id=?", (log_id,))
    connection.execute(
        "DELETE FROM follower_positions WHERE follower=? AND log_id=?", (FOLLOWER, log_id)
    )


def _horizon(connection: sqlite3.Connection, log_id: UUID) -> Horizon | None:
    row = connection.execute(
        "SELECT event_order, transition FROM follower_positions WHERE follower=? AND log_id=?",
        (FOLLOWER, log_id.hex),
    ).fetchone()
    return sound_position(row)


def _apply(connection: sqlite3.Connection, log_id: UUID, changes: LiveStatus) -> None:
    connection.executemany(
        "INSERT INTO status_counts VALUES (?,?,?,?,?) ON CONFLICT DO UPDATE"
        " SET events=events+excluded.events",
        [(log_id.hex, *kind, count) for kind, count in changes.counts.items() if count],
    )
    # One statement for all: each further one gives the threads that log a chance to hold this one
    # up while it holds the store.
    settled = [order for order, event in changes.open.items() if event is None]
    connection.execute(_DELETE_SETTLED, (log_id.hex, orjson.dumps(settled)))
    waiting = [tuple(event) for event in changes.open.values() if event is not None]
    encoded = orjson.dumps(waiting)
    if _NUL in encoded:
        # Which SQLite's json_extract would cut texts at.
        rows = [(log_id.hex, *row) for row in waiting]
        connection.executemany("INSERT OR REPLACE INTO open_events VALUES (?,?,?,?,?,?,?,?)", rows)
    else:
        connection.execute(_REPLACE_OPEN, (log_id.hex, encoded))
    ConfirmationTimes(connection, log_id).add(changes.confirmations)
