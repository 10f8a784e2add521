"""The connections of one store: one that writes, and any number that read.

Durability: with a write-ahead log a commit appends to one file, which the system keeps when the
process is killed. `synchronous=FULL` also syncs that file to the disk before the commit returns, so
that a power cut takes nothing either; NORMAL would sync only at checkpoints
(https://www.sqlite.org/pragma.html#pragma_synchronous).

Interruptions: CPython looks for signals when a call returns, at a function's entry and at a
backward jump, so that a single C call is a single step. A handler that writes to the same store
while a turn is open begins a turn of its own; the former turn notices at its next step (`Turn.run`)
and is taken again.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any

from domain.errors import StoreError
from infrastructure.stores.sqlite.checkpoints import Checkpoints
from infrastructure.stores.sqlite.holding import begin_immediate, keep_waits_short
from infrastructure.stores.sqlite.location import Location, write_ahead_log
from infrastructure.stores.sqlite.opened_files import OpenedFiles
from infrastructure.stores.sqlite.schema import LOCK_TIMEOUT_SECONDS, PAGE_SIZE

Parameters = Sequence[Any]


class Superseded(Exception):  # noqa: N818 - no error: the turn is taken again
    """A signal handler has written meanwhile, and this turn's transaction is gone."""


class Turn:
    """One attempt at a write transaction; `lock` of the connections is held all the while."""

    __slots__ = ("_connections", "connection")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self.connection = connections.writer()
        connections.turn = self

    def run(self, statement: str, parameters: Parameters = ()) -> sqlite3.Cursor:
        """One statement, unless another turn has begun: then raises `Superseded`."""
        # No signal is looked for between the comparison and the call.
        if self._connections.turn is not self:
            raise Superseded
        return self.connection.execute(statement, parameters)

    def run_many(self, statement: str, rows: Sequence[Parameters]) -> None:
        """One statement for each of the rows."""
        if self._connections.turn is not self:
            raise Superseded
        self.connection.executemany(statement, rows)

    def begin(self, wait_seconds: float = LOCK_TIMEOUT_SECONDS) -> None:
        """Hold the store for writing; what an interrupted turn left open is rolled back.

        Raises `sqlite3.OperationalError` when another process does not let go of it for so long, or
        until `stop_waiting`.
        """
        if self.connection.in_transaction:
            self.run("ROLLBACK")
        checkpoints = self._connections.checkpoints
        checkpoints.make_due(self.run)
        begin_immediate(self.run, wait_seconds, self._connections.is_given_up)
        checkpoints.take_back_unfinished(self.run)
        self._connections.files.know_write_ahead_log()

    def count(self, states: Sequence[bytes]) -> None:
        """Know of rows that are written, by which the write-ahead log grows."""
        self._connections.checkpoints.count(states)

    def roll_back(self) -> None:
        """End without storing anything; a turn that was superseded has nothing left."""
        if self._connections.turn is self and self.connection.in_transaction:
            self.run("ROLLBACK")


def _holding(lock: threading.RLock) -> Generator[None, None, None]:
    with lock:
        yield


class Loan:
    """A connection that nobody else uses until it is given back, or this is dropped."""

    __slots__ = ("_connection", "_connections", "_hold")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._connection: sqlite3.Connection | None = None
        self._hold: Generator[None, None, None] | None = None

    def take(self) -> sqlite3.Connection:
        """The connection. Raises `StoreError` when the store is closed."""
        connections = self._connections
        if connections.is_memory:
            # Not lock.acquire(): interrupted as that returns, nobody knows that the lock is held. A
            # generator knows, and lets go whenever it ends or is dropped.
            self._hold = _holding(connections.lock)
            try:
                next(self._hold)
                return connections.writer()
            except BaseException:
                self._hold.close()
                raise
        connection = self._connection = connections.take()
        return connection

    def give_back(self) -> None:
        """Let others have it; giving back twice does nothing."""
        if self._hold is not None:
            self._hold.close()
        connection, self._connection = self._connection, None
        if connection is not None:
            self._connections.give_back(connection)


class Reading:
    """A connection for reading, in a transaction of its own: all it reads is of one moment."""

    __slots__ = ("_is_memory", "_loan")

    def __init__(self, connections: Connections) -> None:
        self._is_memory = connections.is_memory
        self._loan = Loan(connections)

    def __enter__(self) -> sqlite3.Connection:
        connection = self._loan.take()
        if not self._is_memory:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            connection.execute("BEGIN")
        return connection

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loan.give_back()


class Connections:
    """Makes connections when they are needed, and lets go of all at `close`."""

    def __init__(self, location: Location, *, is_read_only: bool = False) -> None:
        self.location = location
        self.is_memory = location.path is None
        self.is_read_only = is_read_only
        self.lock = threading.RLock()
        """Held by whoever writes; in memory, where there is one connection, by readers as well."""
        self.turn: Turn | None = None
        self.library_writes = 0
        """How often the library's recorder has written by `writer`, past what appends know."""
        self._writer: sqlite3.Connection | None = None
        self._idle: list[sqlite3.Connection] = []
        self._there: list[bool] = []
        """As many as there are connections, in use or not."""
        self._is_closed = self._is_given_up = False
        self._process = os.getpid()
        self.files = OpenedFiles(location)
        self.checkpoints = Checkpoints(location, self.reading)

    def writer(self) -> sqlite3.Connection:
        """The connection that writes; `lock` is held. Raises `StoreError` when closed."""
        if self._writer is None:
            connection = self._connect()
            keep_waits_short(connection)
            self._writer = connection
        return self._writer

    def stop_waiting(self) -> None:
        """Let the turns that wait for another process end at once, without having stored."""
        self._is_given_up = True

    def is_given_up(self) -> bool:
        """Whether nobody is to wait for another process any more."""
        return self._is_given_up

    def reading(self) -> Reading:
        """A connection for reading, for the time of a `with` block."""
        return Reading(self)

    def take(self) -> sqlite3.Connection:
        """A connection to the file that nobody else uses until it is given back."""
        if self._idle:
            # Before one is taken: whoever keeps the error would keep the connection open with it.
            self.files.check()
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def give_back(self, connection: sqlite3.Connection) -> None:
        """Let others have the connection."""
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        self._idle.append(connection)
        if self._is_closed:
            with self.files.kept_apart(self._there):
                self._close_idle()

    def close(self) -> None:
        """Close the connections, those in use once they are given back.

        Waits for the turn of another thread, never for another process. In a forked child nothing
        is closed: a connection of SQLite must not be touched there.
        """
        if os.getpid() != self._process or self._is_closed:
            return
        self._is_closed = True
        with self.lock, self.files.kept_apart(self._there) as is_strange:
            writer, self._writer = self._writer, None
            self.turn = None
            if writer is not None:
                with suppress(sqlite3.Error):
                    if not is_strange:
                        self.checkpoints.take_back_at_end(writer)
                self._let_go(writer)
            self._close_idle()

    def _close_idle(self) -> None:
        while self._idle:
            try:
                self._let_go(self._idle.pop())
            except IndexError:
                return

    def _let_go(self, connection: sqlite3.Connection) -> None:
        connection.close()
        self._there.pop()

    def _connect(self) -> sqlite3.Connection:
        if self._is_closed:
            raise StoreError(self.location.url, "was closed; open it again to go on")
        self.files.know_file()
        mode = "ro" if self.is_read_only else "rw"
        database = ":memory:" if self.is_memory else f"{self.location.uri}?{self._query(mode)}"
        connection = sqlite3.connect(
            database,
            uri=True,
            check_same_thread=False,
            isolation_level=None,
            timeout=LOCK_TIMEOUT_SECONDS,
        )
        try:
            # Of the file that took the place of ours nothing is read, and nothing is written to it.
            self.files.check()
            self._set_up(connection)
        except BaseException:
            connection.close()
            raise
        self._there.append(True)
        return connection

    def _set_up(self, connection: sqlite3.Connection) -> None:
        if self.is_memory:
            connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
            return
        if not self.is_read_only:
            _switch_to_wal(connection)
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA wal_autocheckpoint=0")
            # With the first read the write-ahead log is opened: from now on it may not be another.
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
            self.files.know_write_ahead_log()

    def _query(self, mode: str) -> str:
        # A store in WAL mode needs files beside it even for reading; where those are not there and
        # cannot be made, nobody is writing either, and SQLite may take the file as immutable.
        path = self.location.path
        if not self.is_read_only or path is None or os.access(path.parent, os.W_OK):
            return f"mode={mode}"
        has_wal = write_ahead_log(path).exists()
        return f"mode={mode}" if has_wal else f"mode={mode}&immutable=1"


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    # SQLite's own timeout does not hold here: while others open a new store, the switch is refused
    # at once.
    deadline = time.monotonic() + LOCK_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.01)
