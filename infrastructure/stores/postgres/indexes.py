"""The indexes of a PostgreSQL store's logs, made anew from the entries that they follow from."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from domain.horizon import START
from infrastructure.derived_store import RowsOf
from infrastructure.stored import IndexChange
from infrastructure.stores.postgres.connections import Connections
from infrastructure.stores.postgres.driver import ServerConnection
from infrastructure.stores.postgres.entries import Entries
from infrastructure.stores.postgres.schema import key_of
from projections.indexed import INDEXES

_PAGE = 250
_SHOWN = 10

_COLUMNS = {
    "event_ids": ("event_id", "event_order"),
    "transaction_hashes": ("tx_hash", "event_order"),
    "late_details": ("parent_order", "detail_order"),
    "corrections": ("corrected_order", "correction_order"),
}


class PostgresIndexes:
    """`infrastructure.store.Indexes` on PostgreSQL."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._schema = connections.location.schema

    def rebuild(self, log_id: UUID, begin: Callable[[], RowsOf]) -> list[IndexChange]:
        """See `Indexes.rebuild`."""

        def rebuild(connection: ServerConnection) -> list[IndexChange]:
            # Whoever appends to the log waits for its head.
            connection.run(
                f"SELECT 1 FROM {self._schema}.heads WHERE log_id = %s FOR UPDATE", (log_id,)
            )
            connection.run(
                "CREATE TEMP TABLE expected (index_name text, text_key bytea, order_key bigint,"
                " event_order bigint) ON COMMIT DROP"
            )
            self._expect(connection, log_id, begin())
            return [self._brought_to(connection, log_id, index) for index in INDEXES]

        changes = self._connections.writing(rebuild)
        return [change for change in changes if change.added or change.removed]

    def _expect(self, connection: ServerConnection, log_id: UUID, rows_of: RowsOf) -> None:
        entries, after = Entries(self._schema), START
        while page := entries.stored(connection.run, log_id, after, _PAGE):
            rows = list(rows_of(page))
            connection.run(
                "INSERT INTO pg_temp.expected SELECT * FROM unnest("
                "%s::text[], %s::bytea[], %s::bigint[], %s::bigint[])",
                (
                    [row.name for row in rows],
                    [key_of(row.key) if isinstance(row.key, str) else None for row in rows],
                    [None if isinstance(row.key, str) else row.key for row in rows],
                    [row.order for row in rows],
                ),
            )
            after = page[-1].horizon

    def _brought_to(self, connection: ServerConnection, log_id: UUID, index: str) -> IndexChange:
        key, order = _COLUMNS[index]
        table = f"{self._schema}.{index}"
        # An id that two events have, which no writer would log, leads to the first.
        first = "pg_catalog.min(event_order)" if index == "event_ids" else "event_order"
        given = "order_key" if key.endswith("_order") else "text_key"
        expected = (
            f"SELECT {given} AS {key}, {first} AS {order} FROM pg_temp.expected"
            f" WHERE index_name = '{index}'"
            f" GROUP BY {given}{'' if index == 'event_ids' else ', event_order'}"
        )
        kept = f"SELECT {key}, {order} FROM {table} WHERE log_id = %(log)s"
        wrong, missing = f"{kept} EXCEPT ({expected})", f"({expected}) EXCEPT {kept}"
        named = {"log": log_id}
        orders: set[int] = set()
        for rows in (wrong, missing):
            found = connection.run(
                f"SELECT {order} FROM ({rows}) AS rows ORDER BY 1 LIMIT {_SHOWN}", named
            )
            orders.update(row[0] for row in found.fetchall())
        removed = connection.run(
            f"DELETE FROM {table} WHERE log_id = %(log)s AND ({key}, {order}) IN ({wrong})", named
        ).rowcount
        added = connection.run(
            f"INSERT INTO {table} (log_id, {key}, {order})"
            f" SELECT %(log)s, {key}, {order} FROM ({missing}) AS rows",
            named,
        ).rowcount
        return IndexChange(index, added, removed, tuple(sorted(orders)[:_SHOWN]))
