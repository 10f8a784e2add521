"""A store of audit logs on a PostgreSQL server."""

from __future__ import annotations

from typing import Self
from uuid import UUID

from eventsourcing.persistence import ApplicationRecorder

from domain.errors import ReadOnlyStoreError
from infrastructure.derived_store import Board, Followers, Indexes, Tiles
from infrastructure.store import Appends, Lease, Reads
from infrastructure.stores.postgres.appends import PostgresAppends
from infrastructure.stores.postgres.board import PostgresBoard
from infrastructure.stores.postgres.connections import Connections
from infrastructure.stores.postgres.durable import await_durable
from infrastructure.stores.postgres.errors import store_errors
from infrastructure.stores.postgres.fences import Fences
from infrastructure.stores.postgres.followers import PostgresFollowers
from infrastructure.stores.postgres.indexes import PostgresIndexes
from infrastructure.stores.postgres.lease import PostgresLease
from infrastructure.stores.postgres.location import Location
from infrastructure.stores.postgres.reads import PostgresReads
from infrastructure.stores.postgres.recorder import Recorder
from infrastructure.stores.postgres.schema import make, require_made
from infrastructure.stores.postgres.tiles import PostgresTiles
from infrastructure.stores.postgres.wakeups import WakingSignals


class PostgresStore:
    """`infrastructure.store.LogStore` on PostgreSQL.

    With `must_exist`, a store that is not there is an error, and nothing is ever written; a standby
    is read as well as its primary. Otherwise it is made where it is not there. With
    `durability="relaxed"` a server is taken whose settings promise less than that what it
    acknowledged survives a power cut. Raises `StoreNotFoundError`, `NotAnAuditStoreError`,
    `NewerStoreError`, `ReadOnlyStoreError` or another `StoreError`.
    """

    is_volatile = False

    def __init__(
        self, location: Location, *, must_exist: bool = False, durability: str = "full"
    ) -> None:
        self.url = location.url
        self.is_read_only = must_exist
        self._connections = Connections(location, is_read_only=must_exist, durability=durability)
        self._fences = Fences(self.url)
        try:
            with store_errors(self.url):
                self._connections.reading(
                    lambda one: (require_made if must_exist else make)(one, location)
                )
        except BaseException:
            self._connections.close()
            raise
        self._connections.is_open = True
        self.commits: WakingSignals = WakingSignals(self._connections)
        self.recorder: ApplicationRecorder = Recorder(self._connections)
        self.appends: Appends = PostgresAppends(
            self._connections, self.commits, self._fences, self.commits.announce
        )
        self.reads: Reads = PostgresReads(self._connections)
        self.indexes: Indexes = PostgresIndexes(self._connections)
        self.followers: Followers = PostgresFollowers(self._connections)
        self.board: Board = PostgresBoard(self._connections)
        self.tiles: Tiles = PostgresTiles(self._connections)

    def place(self) -> str:
        """See `LogStore.place`."""
        ((system, database),) = self._connections.all(
            "SELECT system_identifier::text, (SELECT oid::text FROM pg_catalog.pg_database"
            " WHERE datname = pg_catalog.current_database()) FROM pg_catalog.pg_control_system()"
        )
        return (
            f"server {system}, database {database}, schema {self._connections.location.schema_name}"
        )

    def lease(self, log_id: UUID, log: str, role: str) -> Lease:
        """See `LogStore.lease`."""
        return PostgresLease(self._connections, self._fences, log_id, log, role)

    def refuse_writing(self) -> None:
        """See `LogStore.refuse_writing`."""
        if self.is_read_only:
            raise ReadOnlyStoreError(self.url, "was opened for reading; nothing is logged")

    def await_durable(self) -> None:
        """See `LogStore.await_durable`."""
        await_durable(self._connections)

    def stop_waiting(self) -> None:
        """See `LogStore.stop_waiting`."""
        self._connections.stop_waiting()

    def close(self) -> None:
        """See `LogStore.close`."""
        # Before the connections, which the threads use until they end.
        self.commits.close()
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
