"""The library's SQLite datastore with transactions that suit several writers.

Writers begin IMMEDIATE: a plain BEGIN that reads and then writes fails at once with
SQLITE_BUSY_SNAPSHOT when another process committed in between, however long the timeout.

Durability: with a write-ahead log a commit appends to one file, which the system keeps when the
process is killed. `synchronous=FULL` also syncs that file to the disk before the commit returns, so
that a power cut takes nothing either; NORMAL would sync only at checkpoints
(https://www.sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from eventsourcing.persistence import ConnectionPoolClosedError, InterfaceError
from eventsourcing.sqlite import (
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
    SQLiteTransaction,
)

from infrastructure.stores import LOCK_TIMEOUT_SECONDS


class _ImmediateTransaction(SQLiteTransaction):
    def __init__(self, connection: _Connection, *, commit: bool) -> None:
        super().__init__(connection, commit=commit)
        self._in_transaction = connection.in_transaction

    def __enter__(self) -> SQLiteCursor:
        cursor = self.connection.cursor()
        try:
            cursor.execute("BEGIN IMMEDIATE" if self.commit else "BEGIN")
        except sqlite3.Error as error:
            raise InterfaceError(error) from error
        return cursor

    def __exit__(self, exc_type, exc_val, exc_tb) -> None:  # type: ignore[no-untyped-def]
        if exc_val is not None and not self._in_transaction():
            # SQLite rolls back by itself when the disk is full; a second rollback would raise.
            return
        try:
            super().__exit__(exc_type, exc_val, exc_tb)
        except BaseException:
            # A COMMIT that fails may leave its transaction open, and the connection is used again.
            if self._in_transaction():
                self.connection.rollback()
            raise


class _Connection(SQLiteConnection):
    def in_transaction(self) -> bool:
        return self._sqlite_conn.in_transaction

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        with _ImmediateTransaction(self, commit=commit) as cursor, cursor:
            yield cursor


class _ClosedWhileWaitingError(ConnectionPoolClosedError):
    """The pool was closed by another thread before this one was given its connection."""


class _ConnectionPool(SQLiteConnectionPool):
    def __init__(self, db_name: str, *, read_only: bool) -> None:
        self._read_only = read_only
        self._is_closing = False
        self._process = os.getpid()
        super().__init__(
            db_name=db_name,
            lock_timeout=LOCK_TIMEOUT_SECONDS,
            pool_timeout=float(LOCK_TIMEOUT_SECONDS),
        )

    def get_connection(
        self, timeout: float | None = None, *, is_writer: bool | None = None
    ) -> SQLiteConnection:
        try:
            return super().get_connection(timeout, is_writer=is_writer)
        except (InterfaceError, _ClosedWhileWaitingError):
            # The library gives a turn back only together with a connection.
            if is_writer:
                self._num_writers -= 1
                self._writer_lock.release()
            elif is_writer is False:
                with self._no_readers:
                    self._num_readers -= 1
                    self._no_readers.notify()
            raise

    def _get_connection(self, timeout: float = 0.0) -> SQLiteConnection:
        if self._is_closing:
            raise _ClosedWhileWaitingError
        return super()._get_connection(timeout)

    def close(self) -> None:
        """Close the connections, those in use once they are given back.

        The library closes them under the threads that use them, and the interpreter crashes. In a
        forked child nothing is closed: a connection of SQLite must not be touched there.
        """
        if os.getpid() != self._process:
            return
        with self._get_semaphore:
            self._is_closing = True
        with self._put_condition:
            self._put_condition.wait_for(lambda: not self._in_use, LOCK_TIMEOUT_SECONDS)
        super().close()

    def _create_connection(self) -> SQLiteConnection:
        try:
            connection = sqlite3.connect(
                self.db_name,
                uri=True,
                check_same_thread=False,
                isolation_level=None,
                timeout=LOCK_TIMEOUT_SECONDS,
            )
        except sqlite3.Error as error:
            raise InterfaceError(error) from error
        try:
            if not self.is_sqlite_memory_mode and not self._read_only:
                _switch_to_wal(connection)
                connection.execute("PRAGMA synchronous=FULL")
        except sqlite3.Error as error:
            connection.close()
            raise InterfaceError(error) from error
        connection.row_factory = sqlite3.Row
        return _Connection(connection, max_age=None)


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


class AuditDatastore(SQLiteDatastore):
    """Connections to one store, for reading alone or for both."""

    def __init__(self, db_name: str, *, read_only: bool = False) -> None:
        super().__init__(db_name)
        self.pool = _ConnectionPool(db_name, read_only=read_only)
        self._open = threading.local()

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        """A transaction; what its thread reads meanwhile, it reads in the same transaction.

        A second connection is given to nobody while another thread waits for its turn to write: the
        two would wait for each other.
        """
        outer: SQLiteConnection | None = getattr(self._open, "connection", None)
        if outer is not None and not commit:
            nested = outer.cursor()
            with nested:
                yield nested
            return
        with (
            self.get_connection(commit=commit) as connection,
            connection.transaction(commit=commit) as cursor,
        ):
            self._open.connection = connection
            try:
                yield cursor
            finally:
                self._open.connection = outer
