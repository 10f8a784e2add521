"""How far the followers of a PostgreSQL store's logs have come."""

from __future__ import annotations

from uuid import UUID

from domain.horizon import Horizon
from infrastructure.stores.postgres.connections import Connections


class PostgresFollowers:
    """`infrastructure.store.Followers` on PostgreSQL."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._table = f"{connections.location.schema}.follower_positions"

    def position(self, follower: str, log_id: UUID) -> Horizon | None:
        """See `Followers.position`."""
        rows = self._connections.all(
            f"SELECT event_order, transition FROM {self._table} WHERE follower = %s"
            " AND log_id = %s",
            follower,
            log_id,
        )
        return Horizon(*rows[0]) if rows else None

    def store_position(self, follower: str, log_id: UUID, position: Horizon) -> None:
        """See `Followers.store_position`."""
        self._connections.writing(
            lambda one: one.run(
                f"INSERT INTO {self._table} AS p VALUES (%s, %s, %s, %s)"
                " ON CONFLICT (follower, log_id) DO UPDATE SET event_order = EXCLUDED.event_order,"
                " transition = EXCLUDED.transition WHERE p.event_order + p.transition"
                " < EXCLUDED.event_order + EXCLUDED.transition",
                (follower, log_id, *position),
            )
        )

    def forget_position(self, follower: str, log_id: UUID) -> None:
        """See `Followers.forget_position`."""
        self._connections.writing(
            lambda one: one.run(
                f"DELETE FROM {self._table} WHERE follower = %s AND log_id = %s",
                (follower, log_id),
            )
        )
