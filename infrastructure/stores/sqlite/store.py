"""A store of audit logs in one SQLite file, or in memory."""

from __future__ import annotations

from typing import Self
from uuid import UUID

from eventsourcing.persistence import ApplicationRecorder

from domain.errors import OlderStoreError, ReadOnlyStoreError, StoreError
from infrastructure.commit_signal import CommitSignals
from infrastructure.derived_store import Board, Followers, Indexes, Tiles
from infrastructure.store import Appends, Lease, Reads
from infrastructure.stores.sqlite.appends import SQLiteAppends
from infrastructure.stores.sqlite.belonging import refuse_strange_log
from infrastructure.stores.sqlite.board import SQLiteBoard
from infrastructure.stores.sqlite.checkpoints import make_whole, refuse_incomplete
from infrastructure.stores.sqlite.connections import Connections
from infrastructure.stores.sqlite.corrections import HAS_CORRECTIONS
from infrastructure.stores.sqlite.errors import store_errors
from infrastructure.stores.sqlite.followers import SQLiteFollowers
from infrastructure.stores.sqlite.housekeeping import Housekeeping
from infrastructure.stores.sqlite.indexes import SQLiteIndexes
from infrastructure.stores.sqlite.lease import FileLease, MemoryLease, load_locks
from infrastructure.stores.sqlite.location import (
    FORMAT,
    location_of,
    refuse_newer,
    refuse_unwritable,
    require_made,
)
from infrastructure.stores.sqlite.reads import SQLiteReads
from infrastructure.stores.sqlite.recorder import Datastore, Recorder
from infrastructure.stores.sqlite.schema import create_file, create_tables, lost_tables
from infrastructure.stores.sqlite.tiles import SQLiteTiles
from infrastructure.stores.sqlite.upgrade import upgrade


class SQLiteStore:
    """`infrastructure.store.LogStore` on SQLite.

    With `must_exist`, a store that is not there is an error, and nothing is ever written. Otherwise
    it is made where it is not there, and brought to the present format. Raises `StoreUrlError`,
    `StoreNotFoundError`, `NotAnAuditStoreError`, `NewerStoreError`, `OlderStoreError` or another
    `StoreError`.
    """

    def __init__(self, url: str, *, must_exist: bool = False) -> None:
        location = location_of(url)
        if must_exist:
            require_made(location)
        else:
            create_file(location)
            load_locks()
        refuse_strange_log(location)
        self.url = location.url
        self.is_volatile = location.path is None
        self.is_read_only = must_exist and not self.is_volatile
        self.commits = CommitSignals()
        self._location = location
        self._connections = Connections(location, is_read_only=self.is_read_only)
        self._held: set[tuple[UUID, str]] = set()
        housekeeping = Housekeeping(self._connections)
        try:
            with store_errors(self.url):
                self._bring_to_format()
        except BaseException:
            self._connections.close()
            raise
        self.recorder: ApplicationRecorder = Recorder(Datastore(self._connections))
        self.appends: Appends = SQLiteAppends(self._connections, self.commits)
        self.reads: Reads = SQLiteReads(self._connections)
        self.indexes: Indexes = SQLiteIndexes(self._connections, housekeeping)
        self.followers: Followers = SQLiteFollowers(self._connections, housekeeping)
        self.board: Board = SQLiteBoard(self._connections, housekeeping)
        self.tiles: Tiles = SQLiteTiles(self._connections, housekeeping)

    def _bring_to_format(self) -> None:
        if self.is_volatile:
            with self._connections.lock:
                create_tables(self._connections.writer())
            return
        with self._connections.reading() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            refuse_incomplete(self._location, connection)
            has_corrections = connection.execute(HAS_CORRECTIONS).fetchone() is not None
            lost = lost_tables(connection) if version == FORMAT else []
        refuse_newer(self._location, version)
        if lost and not self.is_read_only:
            with Housekeeping(self._connections).writing() as connection:
                for statement in lost:
                    connection.execute(statement)
        if not self.is_read_only:
            with self._connections.lock:
                make_whole(self._connections.writer())
        if version == FORMAT and (has_corrections or self.is_read_only):
            return
        if self.is_read_only:
            raise OlderStoreError(
                self.url,
                f"has format {version} and is read once it is brought to format {FORMAT}: run"
                f" event-logger upgrade --store {self.url}, or with --to TARGET to leave it as it"
                " is",
            )
        with self._connections.lock:
            upgrade(self._connections.writer())

    def place(self) -> str:
        """See `LogStore.place`."""
        path = self._location.path
        if path is None:
            return f"memory {id(self)}"
        try:
            found = path.stat()
        except OSError as error:
            raise StoreError(self.url, f"is gone ({error.strerror})") from error
        return f"file {found.st_dev}:{found.st_ino}"

    def lease(self, log_id: UUID, log: str, role: str) -> Lease:
        """See `LogStore.lease`."""
        if self.is_volatile:
            return MemoryLease(self._held, log_id, role)
        return FileLease(self._location, log_id, log, role)

    def refuse_writing(self) -> None:
        """See `LogStore.refuse_writing`."""
        if self.is_read_only:
            raise ReadOnlyStoreError(self.url, "was opened for reading; nothing is logged")
        problem = refuse_unwritable(self._location)
        if problem is not None:
            raise ReadOnlyStoreError(self.url, problem)

    def await_durable(self) -> None:
        """See `LogStore.await_durable`: what can be read is on the disk already."""

    def stop_waiting(self) -> None:
        """See `LogStore.stop_waiting`."""
        self._connections.stop_waiting()

    def close(self) -> None:
        """See `LogStore.close`."""
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
