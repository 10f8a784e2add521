"""Waiting until what was read is durable: a row can be seen before its commit is on the disk.

That is so for writers whose session or server has `synchronous_commit=off`, and for a commit that
was told not to wait for its standby any longer.
"""

from __future__ import annotations

import time
from typing import Any

from domain.errors import StoreError
from infrastructure.stores.postgres.connections import Connections
from infrastructure.stores.postgres.driver import ServerConnection

_WAIT_SECONDS = 10.0
_LOOK_SECONDS = 0.01

# What comes later in the server's log is durable only when all that comes before it is.
_COMMIT = (
    "SET LOCAL synchronous_commit = on",
    "SELECT pg_catalog.pg_logical_emit_message(true, 'event-logger', '')",
)


def await_durable(connections: Connections) -> None:
    """Return once all that was read so far survives a power cut. Raises `StoreError`."""
    if connections.is_read_only:
        _await_flushed(connections)
        return

    def confirmed(one: ServerConnection) -> bool:
        one.sync_wait_was_cancelled = False
        with one.transaction():
            for statement in _COMMIT:
                one.run(statement)
        return not one.sync_wait_was_cancelled

    if not connections.reading(confirmed):
        raise StoreError(
            connections.location.url,
            "did not wait for its standby to have what was committed; nothing is signed of it",
        )


def _await_flushed(connections: Connections) -> None:
    """A reader commits nothing: it looks how far the server has come. A standby only has what is
    on its primary's disk."""
    (row,) = connections.all(
        "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL"
        " ELSE pg_catalog.pg_current_wal_insert_lsn()::text END"
    )
    upto: Any = row[0]
    deadline = time.monotonic() + _WAIT_SECONDS
    while upto is not None:
        (found,) = connections.all(
            "SELECT pg_catalog.pg_current_wal_flush_lsn() >= %s::pg_lsn", upto
        )
        if found[0]:
            return
        if time.monotonic() > deadline:
            raise StoreError(
                connections.location.url,
                f"has not put on its disk what was committed {_WAIT_SECONDS:.0f} s ago",
            )
        time.sleep(_LOOK_SECONDS)
