"""Holding a log's end: the row of its head, on which the log's writers take turns."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar
from uuid import UUID

from psycopg.errors import LockNotAvailable

from domain.errors import StoreError
from domain.horizon import Horizon
from infrastructure.stored import LogEnd
from infrastructure.stores.postgres.connections import Turn

T = TypeVar("T")

WAIT_SECONDS = 60.0
"""How long a writer waits for another's transaction, or for a server to be back."""

_SLICE_MILLISECONDS = 250
"""How long the server waits at a time: between two of them, who was told to give up does."""

BEGIN = (
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;"
    f" SET LOCAL lock_timeout = {_SLICE_MILLISECONDS}; "
)


class Head(NamedTuple):
    """A log's head: where it ends, and the epoch that whoever appends names."""

    end: LogEnd
    epoch: int


def hold(turn: Turn, url: str, schema: str, log_id: UUID, is_given_up: Callable[[], bool]) -> Head:
    """Begin a transaction that holds the log's end.

    Raises `StoreError` when there is no such log, or when the wait is over or was given up.
    """

    def select() -> Head:
        row = turn.run_many(
            f"{BEGIN}SELECT last_order, transition, committed_at, epoch FROM {schema}.heads"
            f" WHERE log_id = '{log_id}' FOR NO KEY UPDATE"
        ).fetchone()
        if row is None:
            raise StoreError(url, "holds no such log any more; open it again")
        order, transition, committed_at, epoch = row
        return Head(LogEnd(Horizon(order, transition), committed_at), epoch)

    return patiently(turn, url, select, is_given_up)


def patiently(turn: Turn, url: str, begin: Callable[[], T], is_given_up: Callable[[], bool]) -> T:
    """Begin a transaction, again and again while another session has what it waits for."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return begin()
        except LockNotAvailable:
            turn.connection.rollback()
            if is_given_up():
                problem = (
                    "was closed while this waited for another process to let go of it; nothing of"
                    " this is stored"
                )
                raise StoreError(url, problem) from None
            if time.monotonic() > deadline:
                problem = (
                    f"has had another session hold the log's end for {WAIT_SECONDS:.0f} s; end"
                    " that session"
                )
                raise StoreError(url, problem) from None
