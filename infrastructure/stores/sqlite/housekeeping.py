"""Transactions that write what follows from the events: positions of followers, the board.

They have a connection of their own, so that a log's writer and a follower of the same process wait
for each other no longer than two processes do.
"""

from __future__ import annotations

import sqlite3
from types import TracebackType

from domain.errors import ReadOnlyStoreError
from infrastructure.stores.sqlite.connections import Connections, Loan
from infrastructure.stores.sqlite.errors import DRIVER_ERRORS, as_store_error
from infrastructure.stores.sqlite.holding import (
    begin_immediate,
    keep_waits_short,
    wait_as_reading_does,
)
from infrastructure.stores.sqlite.schema import LOCK_TIMEOUT_SECONDS


class Housekeeping:
    """Gives out such transactions."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def writing(self) -> HousekeepingTransaction:
        """A transaction for the time of a `with` block; an exception stores nothing of it."""
        return HousekeepingTransaction(self._connections)


class HousekeepingTransaction:
    """Begins IMMEDIATE, and commits when the block ends without an exception.

    Raises `StoreError`.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._loan = Loan(connections)
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> sqlite3.Connection:
        url = self._connections.location.url
        if self._connections.is_read_only:
            raise ReadOnlyStoreError(url, "was opened for reading; nothing is written")
        try:
            connection = self._connection = self._loan.take()
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            keep_waits_short(connection)
            self._connections.checkpoints.make_due(connection.execute)
            begin_immediate(connection.execute, LOCK_TIMEOUT_SECONDS, self._connections.is_given_up)
            return connection
        except BaseException as error:
            self._let_go()
            if isinstance(error, DRIVER_ERRORS):
                raise as_store_error(url, error) from error
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            if error is None:
                connection.execute("COMMIT")
        except sqlite3.Error as failure:
            error = failure
            raise as_store_error(self._connections.location.url, failure) from failure
        finally:
            self._let_go()
        if isinstance(error, DRIVER_ERRORS):
            raise as_store_error(self._connections.location.url, error) from error

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            wait_as_reading_does(connection)
        self._loan.give_back()
