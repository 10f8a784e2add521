"""The connections of one store: one that writes, and any number that read.

Interruptions: a signal handler may run between any two steps of Python, also in the middle of the
driver's. One that writes to the same store never touches the connection that it found in use: that
is abandoned, so that the server rolls back and lets go of the log's end; the former turn notices at
its next step (`Turn.run`) and is taken again.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from domain.errors import ReadOnlyStoreError, StoreError
from infrastructure.stores.postgres.driver import ServerConnection, connect, sql
from infrastructure.stores.postgres.errors import UnreachableError, is_lost, store_errors
from infrastructure.stores.postgres.location import Location

T = TypeVar("T")

RECONNECT_SECONDS = 10.0
"""For how long reading goes on when its connections break, as while a server is started again."""

_log = logging.getLogger("event_logger")


class Superseded(Exception):  # noqa: N818 - no error: the turn is taken again
    """A signal handler has written meanwhile, and this turn's transaction is gone."""


class Turn:
    """One attempt at a write; `lock` of the connections is held all the while."""

    __slots__ = ("_connections", "connection")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        former = connections.turn
        if former is not None:
            # Of this thread, which has the lock: a handler has interrupted it.
            connections.drop_writer()
        connections.turn = self
        try:
            self.connection = connections.writer()
        except BaseException:
            self.end()
            raise

    def run(self, statement: str, parameters: Any = None) -> psycopg.Cursor[TupleRow]:
        """One statement, unless another turn has begun: then raises `Superseded`."""
        if self._connections.turn is not self:
            raise Superseded
        return self.connection.run(statement, parameters)

    def run_many(self, statements: str) -> psycopg.Cursor[TupleRow]:
        """Statements without parameters in one round trip; gives the last one's rows."""
        if self._connections.turn is not self:
            raise Superseded
        cursor = self.connection.execute(sql(statements), prepare=False)
        while cursor.nextset():
            continue
        return cursor

    def commit(self, statement: str = "COMMIT", parameters: Any = None) -> Any:
        """The statement that ends a transaction which stores something; gives its row, if any."""
        if self._connections.turn is not self:
            raise Superseded
        cursor = self.connection.run(statement, parameters)
        return cursor.fetchone() if cursor.description else None

    def commit_row(self, statement: str, values: Sequence[bytes]) -> list[int] | None:
        """`commit` with a statement that `ServerConnection.row_of` takes."""
        if self._connections.turn is not self:
            raise Superseded
        return self.connection.row_of(statement, values)

    def copy_in(self, statement: str, rows: bytes) -> None:
        """Rows by COPY, in the server's binary form."""
        if self._connections.turn is not self:
            raise Superseded
        with self.connection.cursor() as cursor, cursor.copy(sql(statement)) as copy:
            copy.write(rows)

    def end(self) -> None:
        """Nobody interrupts this turn any more."""
        if self._connections.turn is self:
            self._connections.turn = None


class Connections:
    """Makes connections when they are needed, and lets go of all at `close`."""

    def __init__(
        self, location: Location, *, is_read_only: bool = False, durability: str = "full"
    ) -> None:
        self.location = location
        self.is_read_only = is_read_only
        self.durability = durability
        self.lock = threading.RLock()
        """Held by whoever appends."""
        self.turn: Turn | None = None
        self.is_open = False
        """Whether the store was found or made there."""
        self._writer: ServerConnection | None = None
        self._idle: list[ServerConnection] = []
        self._is_closed = self._is_given_up = False
        self._has_warned = False
        self._process = os.getpid()

    def is_current(self, turn: Turn) -> bool:
        """Whether no handler has begun another turn since."""
        return self.turn is turn

    def writer(self) -> ServerConnection:
        """The connection that appends; `lock` is held. Raises `StoreError`."""
        writer = self._writer
        if writer is None or writer.closed:
            writer = self._writer = self.connect()
        return writer

    def drop_broken_writer(self) -> bool:
        """Whether the connection that appends has ended since it was used, and is let go of.

        It is not written to: of what is sent there, nobody knows what became. `lock` is held.
        """
        if self.turn is not None or self._writer is None or not self._writer.is_broken():
            return False
        self.drop_writer()
        return True

    def drop_writer(self) -> None:
        """Have the next turn make a connection anew; what is open on this one is rolled back."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.abandon()

    def connect(self, **parameters: Any) -> ServerConnection:
        """A new connection, with these parameters beside the URL's. Raises `StoreError`."""
        self.check()
        connection = connect(
            self.location,
            writes=not self.is_read_only,
            durability=self.durability,
            **parameters,
        )
        if connection.weakness and not self._has_warned:
            self._has_warned = True
            _log.warning(
                "what %s acknowledges may be lost in a power cut or failover (%s)",
                self.location.url,
                connection.weakness,
            )
        return connection

    def check(self) -> None:
        """Raises `StoreError` when the store is closed."""
        if self._is_closed:
            raise StoreError(self.location.url, "was closed; open it again to go on")

    def stop_waiting(self) -> None:
        """Let the turns that wait for another session end soon, without having stored."""
        self._is_given_up = True

    def is_given_up(self) -> bool:
        """Whether nobody is to wait for another session any more."""
        return self._is_given_up

    def reading(self, read: Callable[[ServerConnection], T]) -> T:
        """What `read` gives on a connection that nobody else uses meanwhile.

        It is called again when its connection breaks. Raises `StoreError`.
        """

        def once() -> T:
            connection = self._take()
            try:
                found = read(connection)
            except BaseException as error:
                connection.close()
                if is_lost(error):
                    # Those that lie idle have most likely broken as well.
                    self._close_idle()
                raise
            self._give_back(connection)
            return found

        return self.persistently(once)

    def persistently(self, call: Callable[[], T]) -> T:
        """What the call gives, on whichever connection: tried again for a while when one breaks.

        Raises `StoreError`.
        """
        deadline = time.monotonic() + RECONNECT_SECONDS
        pause = 0.0
        with store_errors(self.location.url):
            while True:
                try:
                    return call()
                except (psycopg.Error, StoreError) as error:
                    if not self._may_try_again(error, deadline):
                        raise
                time.sleep(pause)
                pause = min(2 * pause + 0.01, 0.5)

    def _may_try_again(self, error: Exception, deadline: float) -> bool:
        if self._is_closed or not is_lost(error) or time.monotonic() > deadline:
            return False
        # A server that was not there when the store was opened is said at once.
        return self.is_open or not isinstance(error, UnreachableError)

    def all(self, statement: str, *parameters: Any, named: Any = None) -> list[Any]:
        """All rows of one statement that reads."""
        return self.reading(lambda one: one.run(statement, named or parameters).fetchall())

    def writing(self, write: Callable[[ServerConnection], T]) -> T:
        """A transaction that writes what follows from the events, or other than the log's end.

        Raises `StoreError`.
        """
        if self.is_read_only:
            raise ReadOnlyStoreError(
                self.location.url, "was opened for reading; nothing is written"
            )

        def transaction(connection: ServerConnection) -> T:
            with connection.transaction():
                return write(connection)

        return self.reading(transaction)

    def close(self) -> None:
        """Close the connections, those in use once they are given back.

        Waits for the turn of another thread, never for another process. In a forked child nothing
        is closed: the connections are the parent's.
        """
        if os.getpid() != self._process or self._is_closed:
            return
        self._is_closed = True
        with self.lock:
            writer, self._writer = self._writer, None
            self.turn = None
            if writer is not None:
                writer.close()
        self._close_idle()

    def _take(self) -> ServerConnection:
        self.check()
        try:
            return self._idle.pop()
        except IndexError:
            return self.connect()

    def _give_back(self, connection: ServerConnection) -> None:
        if connection.pgconn.transaction_status != TransactionStatus.IDLE:
            connection.close()
            return
        self._idle.append(connection)
        if self._is_closed:
            self._close_idle()

    def _close_idle(self) -> None:
        while self._idle:
            try:
                self._idle.pop().close()
            except IndexError:
                return
