"""The tiles of the logs of a PostgreSQL store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg.errors import InsufficientPrivilege, UndefinedTable

from infrastructure.stores.postgres.connections import Connections
from infrastructure.stores.postgres.driver import ServerConnection
from projections.merkle import HASH_BYTES
from projections.tiles import WIDTH, Tile


class PostgresTiles:
    """`infrastructure.store.Tiles` on PostgreSQL."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._table = f"{connections.location.schema}.tiles"

    def leaves(self, log_id: UUID) -> int:
        """See `Tiles.leaves`."""
        row = self._row(
            f"SELECT tile, pg_catalog.length(hashes) FROM {self._table} WHERE log_id = %s"
            " AND level = 0 ORDER BY tile DESC LIMIT 1",
            log_id,
        )
        return 0 if row is None else WIDTH * int(row[0]) + int(row[1]) // HASH_BYTES

    def read(self, log_id: UUID, level: int, index: int) -> bytes | None:
        """See `Tiles.read`."""
        row = self._row(
            f"SELECT hashes FROM {self._table} WHERE log_id = %s AND level = %s AND tile = %s",
            log_id,
            level,
            index,
        )
        return None if row is None else bytes(row[0])

    def write(self, log_id: UUID, tiles: Sequence[Tile], *, is_anew: bool = False) -> None:
        """See `Tiles.write`."""

        def write(one: ServerConnection) -> None:
            if is_anew:
                one.run(f"DELETE FROM {self._table} WHERE log_id = %s", (log_id,))
            for tile in tiles:
                one.run(
                    f"INSERT INTO {self._table} AS t VALUES (%s, %s, %s, %s)"
                    " ON CONFLICT (log_id, level, tile) DO UPDATE SET hashes = EXCLUDED.hashes"
                    " WHERE pg_catalog.length(t.hashes) < pg_catalog.length(EXCLUDED.hashes)",
                    (log_id, *tile),
                )

        self._connections.writing(write)

    def _row(self, statement: str, *parameters: Any) -> Any:
        def read(one: ServerConnection) -> Any:
            try:
                return one.run(statement, parameters).fetchone()
            except (UndefinedTable, InsufficientPrivilege):
                # A store from before there were tiles, or a user who may not read them.
                return None

        return self._connections.reading(read)
