"""Waiting for the store's write lock, which another process may have."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

from infrastructure.stores.sqlite.schema import LOCK_TIMEOUT_SECONDS

SLICE_SECONDS = 0.1
"""How long a connection that writes waits inside of SQLite, where no signal is heard and nobody
can be told that the store is being closed."""


def keep_waits_short(connection: sqlite3.Connection) -> None:
    """Have the connection wait no longer than a slice at a time."""
    connection.execute(f"PRAGMA busy_timeout = {round(SLICE_SECONDS * 1000)}")


def wait_as_reading_does(connection: sqlite3.Connection) -> None:
    """Undo `keep_waits_short` for whoever has the connection next."""
    connection.execute(f"PRAGMA busy_timeout = {round(LOCK_TIMEOUT_SECONDS * 1000)}")


def begin_immediate(
    run: Callable[[str], object],
    wait_seconds: float,
    is_given_up: Callable[[], bool] = lambda: False,
) -> None:
    """Begin a transaction that writes, after waiting for those of others, a slice at a time.

    Raises `sqlite3.OperationalError` when the wait is over, or was given up.
    """
    deadline = None
    while True:
        try:
            run("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if not is_busy(error) or is_given_up():
                raise
            now = time.monotonic()
            deadline = now + wait_seconds if deadline is None else deadline
            if now >= deadline:
                raise


def is_busy(error: Exception) -> bool:
    """Whether it says that another connection has the lock."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
