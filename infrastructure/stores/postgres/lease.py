"""Leases on a PostgreSQL store: a role that one holder at a time has, and that dies with it.

A session's advisory lock tells others at once, and goes with the session. What keeps a former
holder from writing is the epoch of the log's head, which every holder moves on.
"""

from __future__ import annotations

import hashlib
import os
import time
from uuid import UUID

import psycopg

from domain.errors import StoreError
from infrastructure.stores.postgres.connections import Connections
from infrastructure.stores.postgres.driver import ServerConnection
from infrastructure.stores.postgres.fences import Fences

_KEEPALIVES = (
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
    " -c idle_session_timeout=0"
)
"""So that the server lets go, within half a minute, of a lease whose host has vanished."""

_POOLED = (
    "is behind a pooler that does not give each connection a session of its own; a lease (of a"
    " backtest's writer, a notifier, a copy) needs the server's own URL"
)
_MARK = "event_logger.lease"

_LINGERS_SECONDS = 2.0
"""How long a session of our own that broke may keep its lock, until the server knows of it."""

WRITER = ""
"""The role of a log's one writer, whose epoch stands in the log's head."""


class PostgresLease:
    """`infrastructure.store.Lease` on PostgreSQL, on a connection of its own while it is held."""

    def __init__(
        self, connections: Connections, fences: Fences, log_id: UUID, log: str, role: str
    ) -> None:
        self._connections = connections
        self._fences = fences
        self._url = connections.location.url
        self._schema = connections.location.schema
        self._log_id = log_id
        self._log = log
        self._role = role
        self._key = _key(connections.location.schema_name, log_id, role)
        self._connection: ServerConnection | None = None
        self._has_lost_one = False
        self._process = os.getpid()

    @property
    def is_held(self) -> bool:
        """See `infrastructure.store.Lease`; a lease whose connection broke is held no more."""
        if self._connection is not None and self._connection.is_broken():
            self._let_go()
        return self._connection is not None

    def try_acquire(self) -> bool:
        """See `infrastructure.store.Lease`."""
        if self.is_held:
            return True
        self._has_lost_one = False
        deadline = time.monotonic() + _LINGERS_SECONDS
        while not self._connections.persistently(self._acquire):
            if not self._has_lost_one or time.monotonic() > deadline:
                return False
            # Of a session of our own, maybe, which broke with the lock and is about to end.
            time.sleep(0.05)
        return True

    def _acquire(self) -> bool:
        # In a variable alone until it has the lock: an interrupted one is dropped with it.
        connection = self._connect()
        try:
            if not self._lock(connection):
                connection.close()
                return False
            epoch = self._move_on(connection)
        except BaseException:
            self._has_lost_one = True
            connection.close()
            raise
        if self._role == WRITER:
            self._fences.raise_for(self._log_id, epoch, self._renew)
        self._connection = connection
        return True

    def release(self) -> None:
        """See `infrastructure.store.Lease`; in a forked child the lease stays the parent's."""
        if self._process == os.getpid():
            self._let_go()

    def _renew(self) -> None:
        former = self._connection
        if former is None or not former.is_broken():
            return
        try:
            connection = self._connect()
            if self._lock(connection) and self._is_known_yet(connection):
                self._connection = connection
            else:
                # Another has it, or had it meanwhile; whether it wrote, the log's head tells.
                connection.close()
        except (psycopg.Error, StoreError):
            return

    def _is_known_yet(self, connection: ServerConnection) -> bool:
        """Whether the log's head names no later holder, who may have lost its session as well."""
        statement = f"SELECT epoch FROM {self._schema}.heads WHERE log_id = %s"
        row = connection.run(statement, (self._log_id,)).fetchone()
        return row is None or self._fences.knows(self._log_id, int(row[0]))

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            if self._role == WRITER:
                self._fences.drop(self._log_id)
            self._unlock(connection)

    def _unlock(self, connection: ServerConnection) -> None:
        try:
            # Answered, so that whoever comes next finds it free; a session ends a moment later.
            connection.run("SELECT pg_catalog.pg_advisory_unlock(%s)", (self._key,))
        except psycopg.Error:
            pass
        finally:
            connection.close()

    def _connect(self) -> ServerConnection:
        """A session of our own. Raises `StoreError` where a pooler gives none."""
        given = self._connections.location.parameters.get("options")
        options = f"{given} {_KEEPALIVES}" if given else _KEEPALIVES
        try:
            return self._connections.connect(options=f"{options} -c {_MARK}={self._key}")
        except StoreError as error:
            if "startup parameter" in error.problem:
                raise StoreError(self._url, _POOLED) from error
            raise

    def _lock(self, connection: ServerConnection) -> bool:
        row = connection.run(
            f"SELECT CASE WHEN pg_catalog.current_setting('{_MARK}', true) = %s"
            " THEN pg_catalog.pg_try_advisory_lock(%s) END",
            (str(self._key), self._key),
        ).fetchone()
        if row is None or row[0] is None:
            # It took no options, and the lock would be of a session that others are given as well.
            raise StoreError(self._url, _POOLED)
        return bool(row[0])

    def _move_on(self, connection: ServerConnection) -> int | None:
        """Have the log know this holder, and its former ones no more; gives the new epoch."""
        if self._role == WRITER:
            statement = (
                f"UPDATE {self._schema}.heads SET epoch = epoch + 1 WHERE log_id = %s"
                " RETURNING epoch"
            )
            row = connection.run(statement, (self._log_id,)).fetchone()
        else:
            statement = (
                f"INSERT INTO {self._schema}.leases AS l VALUES (%s, %s, 1, NULL)"
                " ON CONFLICT (log_id, role) DO UPDATE SET epoch = l.epoch + 1 RETURNING epoch"
            )
            row = connection.run(statement, (self._log_id, self._role)).fetchone()
        return None if row is None else int(row[0])


def _key(schema: str, log_id: UUID, role: str) -> int:
    name = f"{schema}\0{log_id}\0{role}".encode()
    return int.from_bytes(hashlib.sha256(name).digest()[:8], "big", signed=True)
