"""The indexes of a SQLite store's logs, made anew from the entries that they follow from."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from uuid import UUID

from domain.horizon import START
from infrastructure.derived_store import RowsOf
from infrastructure.stored import IndexChange
from infrastructure.stores.sqlite.connections import Connections
from infrastructure.stores.sqlite.entries import select_stored_entries
from infrastructure.stores.sqlite.errors import store_errors
from infrastructure.stores.sqlite.housekeeping import Housekeeping
from projections.indexed import INDEXES

_PAGE = 250
_SHOWN = 10

_COLUMNS = {
    "event_ids": "event_id, event_order",
    "transaction_hashes": "tx_hash, event_order",
    "late_details": "parent_order, detail_order",
    "corrections": "corrected_order, correction_order",
}


class SQLiteIndexes:
    """`infrastructure.store.Indexes` on SQLite."""

    def __init__(self, connections: Connections, housekeeping: Housekeeping) -> None:
        self._housekeeping = housekeeping
        self._url = connections.location.url

    def rebuild(self, log_id: UUID, begin: Callable[[], RowsOf]) -> list[IndexChange]:
        """See `Indexes.rebuild`."""
        with self._housekeeping.writing() as connection, store_errors(self._url):
            # Kept in a file of SQLite's own where they are many.
            connection.execute("CREATE TEMP TABLE expected (index_name, key, event_order)")
            _expect(connection, log_id.hex, begin())
            changes = [_brought_to(connection, log_id.hex, index) for index in INDEXES]
            connection.execute("DROP TABLE temp.expected")
        return [change for change in changes if change.added or change.removed]


def _expect(connection: sqlite3.Connection, log_id: str, rows_of: RowsOf) -> None:
    after = START
    while entries := select_stored_entries(connection, log_id, after, _PAGE):
        rows = rows_of(entries)
        connection.executemany("INSERT INTO temp.expected VALUES (?,?,?)", rows)
        after = entries[-1].horizon


def _brought_to(connection: sqlite3.Connection, log_id: str, index: str) -> IndexChange:
    columns = _COLUMNS[index]
    # An id that two events have, which no writer would log, leads to the first.
    order = "MIN(event_order)" if index == "event_ids" else "event_order"
    expected = (
        f"SELECT key, {order} AS event_order FROM temp.expected WHERE index_name='{index}'"
        f" GROUP BY key{'' if index == 'event_ids' else ', event_order'}"
    )
    kept = f"SELECT {columns} FROM {index} WHERE log_id=?1"
    wrong, missing = (
        f"SELECT * FROM ({one}) EXCEPT SELECT * FROM ({other})"
        for one, other in ((kept, expected), (expected, kept))
    )
    orders = _orders(connection, log_id, wrong) | _orders(connection, log_id, missing)
    removed = connection.execute(
        f"DELETE FROM {index} WHERE log_id=?1 AND ({columns}) IN ({wrong})", (log_id,)
    ).rowcount
    added = connection.execute(
        f"INSERT INTO {index} (log_id, {columns}) SELECT ?1, * FROM ({missing})", (log_id,)
    ).rowcount
    return IndexChange(index, added, removed, tuple(sorted(orders)[:_SHOWN]))


def _orders(connection: sqlite3.Connection, log_id: str, rows: str) -> set[int]:
    """The first orders in rows whose last column they are."""
    found = connection.execute(f"SELECT * FROM ({rows}) ORDER BY 2 LIMIT {_SHOWN}", (log_id,))
    # Of a damaged index, anything may stand there.
    return {row[1] for row in found.fetchall() if type(row[1]) is int}
