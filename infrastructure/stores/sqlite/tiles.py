"""The tiles of the logs of a SQLite store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from infrastructure.stores.sqlite.connections import Connections
from infrastructure.stores.sqlite.errors import store_errors
from infrastructure.stores.sqlite.housekeeping import Housekeeping
from projections.merkle import HASH_BYTES
from projections.tiles import WIDTH, Tile

_HAS_TILES = (
    "SELECT count(*)=4 FROM pragma_table_info('tiles')"
    " WHERE name IN ('log_id', 'level', 'tile', 'hashes')"
)


class SQLiteTiles:
    """`infrastructure.store.Tiles` on SQLite."""

    def __init__(self, connections: Connections, housekeeping: Housekeeping) -> None:
        self._connections = connections
        self._housekeeping = housekeeping
        self._url = connections.location.url
        self._is_made = False

    def leaves(self, log_id: UUID) -> int:
        """See `Tiles.leaves`."""
        row = self._row(
            "SELECT tile, length(hashes) FROM tiles WHERE log_id=? AND level=0"
            " ORDER BY tile DESC LIMIT 1",
            log_id.hex,
        )
        if row is None or any(type(value) is not int or value < 0 for value in row):
            return 0
        tile, length = row
        return WIDTH * int(tile) + int(length) // HASH_BYTES

    def read(self, log_id: UUID, level: int, index: int) -> bytes | None:
        """See `Tiles.read`."""
        row = self._row(
            "SELECT hashes FROM tiles WHERE log_id=? AND level=? AND tile=?",
            log_id.hex,
            level,
            index,
        )
        return row[0] if row is not None and isinstance(row[0], bytes) else None

    def write(self, log_id: UUID, tiles: Sequence[Tile], *, is_anew: bool = False) -> None:
        """See `Tiles.write`."""
        log = log_id.hex
        with self._housekeeping.writing() as connection:
            if is_anew:
                connection.execute("DELETE FROM tiles WHERE log_id=?", (log,))
            connection.executemany(
                "INSERT INTO tiles VALUES (?,?,?,?) ON CONFLICT (log_id, level, tile)"
                " DO UPDATE SET hashes=excluded.hashes"
                " WHERE length(tiles.hashes)<length(excluded.hashes)",
                ((log, *tile) for tile in tiles),
            )

    def _row(self, statement: str, *parameters: Any) -> Any:
        with store_errors(self._url), self._connections.reading() as connection:
            self._is_made = self._is_made or connection.execute(_HAS_TILES).fetchone() == (1,)
            # A store from before there were tiles has them from its next writer on.
            return connection.execute(statement, parameters).fetchone() if self._is_made else None
