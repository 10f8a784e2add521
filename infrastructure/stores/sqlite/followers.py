"""How far the followers of a SQLite store's logs have come."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.horizon import Horizon
from infrastructure.stores.sqlite.connections import Connections
from infrastructure.stores.sqlite.errors import store_errors
from infrastructure.stores.sqlite.housekeeping import Housekeeping

_SELECT = "SELECT event_order, transition FROM follower_positions WHERE follower=? AND log_id=?"


def sound_position(row: Any) -> Horizon | None:
    """The position of a row; None where there is no row, or none that holds one.

    A follower then begins anew, and does nothing twice.
    """
    is_one = row is not None and all(type(value) is int and value >= 0 for value in row)
    return Horizon(*row) if is_one else None


class SQLiteFollowers:
    """`infrastructure.store.Followers` on SQLite."""

    def __init__(self, connections: Connections, housekeeping: Housekeeping) -> None:
        self._connections = connections
        self._housekeeping = housekeeping
        self._url = connections.location.url

    def position(self, follower: str, log_id: UUID) -> Horizon | None:
        """See `Followers.position`."""
        with store_errors(self._url), self._connections.reading() as connection:
            row = connection.execute(_SELECT, (follower, log_id.hex)).fetchone()
        return sound_position(row)

    def store_position(self, follower: str, log_id: UUID, position: Horizon) -> None:
        """See `Followers.store_position`."""
        with self._housekeeping.writing() as connection:
            connection.execute(
                "INSERT INTO follower_positions VALUES (?1,?2,?3,?4)"
                " ON CONFLICT (follower, log_id) DO UPDATE SET event_order=?3, transition=?4"
                " WHERE event_order+transition<?3+?4",
                (follower, log_id.hex, *position),
            )

    def forget_position(self, follower: str, log_id: UUID) -> None:
        """See `Followers.forget_position`."""
        with self._housekeeping.writing() as connection:
            connection.execute(
                "DELETE FROM follower_positions WHERE follower=? AND log_id=?",
                (follower, log_id.hex),
            )
