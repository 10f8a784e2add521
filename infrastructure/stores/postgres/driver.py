"""One connection to the server, as the driver makes it and as we need it."""

from __future__ import annotations

import os
import re
import select
import socket
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import IsolationLevel, generators, waiting
from psycopg.abc import PQGen
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult
from psycopg.rows import RowFactory, TupleRow, tuple_row

from domain.errors import ReadOnlyStoreError, StoreError
from infrastructure.stores.postgres.errors import as_connection_error, as_session_error
from infrastructure.stores.postgres.location import Location
from infrastructure.stores.postgres.schema import OLDEST_SERVER

RV = TypeVar("RV")

_SETTINGS = ("fsync", "full_page_writes", "synchronous_commit", "synchronous_standby_names")
_SESSION = (
    "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('server_version_num')::int, "
    + ", ".join(f"pg_catalog.current_setting('{name}')" for name in _SETTINGS)
)
_AFTER_USES = 3
_PLACE = re.compile(r"\$(\d+)::")


def sql(statement: str) -> LiteralString:
    """A statement that is made of our own text alone: names with their schema, never a value."""
    return statement


class ServerConnection(psycopg.Connection[TupleRow]):
    """A connection that is abandoned, never cancelled: a COMMIT that waits must not be told to
    stop waiting, for it would then be answered without its standby having it."""

    sync_wait_was_cancelled = False
    weakness = ""

    def __init__(self, pgconn: PGconn, row_factory: RowFactory[TupleRow] = tuple_row) -> None:
        super().__init__(pgconn, row_factory)
        self._prepared_rows: dict[str, tuple[bytes, list[Format]]] = {}
        self._names = count()

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Without what the driver's own does at an interruption: it sends a cancel."""
        return waiting.wait(gen, self.pgconn.socket, interval=interval, timeout=timeout)

    def run(self, statement: str, parameters: Any = None) -> psycopg.Cursor[TupleRow]:
        """One statement of ours."""
        return self.execute(sql(statement), parameters)

    def row_of(self, statement: str, values: Sequence[bytes]) -> list[int] | None:
        """The row of numbers that a statement gives, if any; it is prepared when it is first met.

        Values stand in it as $1 …, as texts; what is cast to bytea is given as it is. Past the
        driver's cursors, which take more time than most statements do.
        """
        prepared = self._prepared_rows.get(statement) or self._prepare(statement)
        try:
            result = self._run_prepared(prepared, values)
        except psycopg.errors.InvalidSqlStatementName:
            # The driver forgets all that is prepared when it rolls back; nothing was run.
            result = self._run_prepared(self._prepare(statement), values)
        if not result.ntuples:
            return None
        return [int(result.get_value(0, at) or b"") for at in range(result.nfields)]

    def _prepare(self, statement: str) -> tuple[bytes, list[Format]]:
        self._prepared_rows.pop(statement, None)
        name = b"event_logger_%d" % next(self._names)
        self.pgconn.send_prepare(name, statement.encode())
        self._answer()
        places = sorted({int(number) for number in _PLACE.findall(statement)})
        formats = [Format.BINARY if f"${at}::bytea" in statement else Format.TEXT for at in places]
        self._prepared_rows[statement] = name, formats
        return name, formats

    def _run_prepared(
        self, prepared: tuple[bytes, list[Format]], values: Sequence[bytes]
    ) -> PGresult:
        name, formats = prepared
        self.pgconn.send_query_prepared(name, values, param_formats=formats[: len(values)])
        return self._answer()

    def _answer(self) -> PGresult:
        results: list[PGresult] = self.wait(generators.execute(self.pgconn))
        result = results[-1]
        if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
            raise psycopg.errors.error_from_result(result)
        return result

    def is_broken(self) -> bool:
        """Whether the server has ended the session, looked at without asking it anything.

        On a connection that nobody is in the middle of using.
        """
        if self.closed:
            return True
        poll = select.poll()
        poll.register(self.pgconn.socket, select.POLLIN)
        if not poll.poll(0):
            return False
        try:
            self.pgconn.consume_input()
        except psycopg.Error:
            return True
        # An idle session is sent nothing but notices, and the reason why it is ended.
        return bool(poll.poll(0)) or self.closed

    def abandon(self) -> None:
        """Let the server roll back what is open, whatever the driver is in the middle of.

        The socket is shut and not closed: whoever waits for it in a frame below is woken, and finds
        no other's under its number.
        """
        with suppress(OSError, psycopg.Error):
            other = socket.socket(fileno=os.dup(self.pgconn.socket))
            with other:
                other.shutdown(socket.SHUT_RDWR)

    def __del__(self, *_: Any) -> None:
        # The driver's own warns of one that was not closed; a store that nobody closed is let go.
        return


def connect(
    location: Location, *, writes: bool, durability: str, **further: Any
) -> ServerConnection:
    """A connection in autocommit. Raises `StoreError` in one sentence.

    One that writes is made with a server that takes writes, and whose settings make what it
    acknowledges durable, unless `durability` is "relaxed".
    """
    parameters = (location.for_writing() if writes else location.parameters) | further
    try:
        connection = ServerConnection.connect(
            autocommit=True, prepare_threshold=_AFTER_USES, **parameters
        )
    except psycopg.Error as error:
        raise as_connection_error(location.url, error) from None
    try:
        _set_up(connection, location, writes=writes, durability=durability)
    except psycopg.Error as error:
        connection.close()
        raise as_session_error(location.url, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _set_up(
    connection: ServerConnection, location: Location, *, writes: bool, durability: str
) -> None:
    connection.isolation_level = IsolationLevel.READ_COMMITTED
    connection.add_notice_handler(lambda notice: _hear(connection, notice))
    row = connection.run(_SESSION).fetchone()
    if row is None or row[1] < OLDEST_SERVER:
        version = "unknown" if row is None else row[1] // 10_000
        raise StoreError(
            location.url, f"is PostgreSQL {version}; this needs {OLDEST_SERVER // 10_000} or newer"
        )
    if not writes:
        return
    if row[0]:
        raise ReadOnlyStoreError(
            location.url, "is a standby, which takes no writes; name the primary, or all its hosts"
        )
    weak = weakness(dict(zip(_SETTINGS, row[2:], strict=True)))
    if weak and durability != "relaxed":
        raise StoreError(
            location.url,
            f"acknowledges what may be lost ({weak}); change that, or open the store with"
            ' durability="relaxed"',
        )
    connection.weakness = weak


def weakness(settings: dict[str, str]) -> str:
    """Which settings make an acknowledgement less than durable; empty where none does."""
    off = [name for name in ("fsync", "full_page_writes") if settings[name] == "off"]
    committed, standbys = settings["synchronous_commit"], settings["synchronous_standby_names"]
    if committed == "off" or (committed == "local" and standbys.strip()):
        off.append(f"synchronous_commit={committed}")
    return ", ".join(name if "=" in name else f"{name}=off" for name in off)


def _hear(connection: ServerConnection, notice: psycopg.errors.Diagnostic) -> None:
    """Of a commit that did not wait for its standby after all, the server tells by a warning."""
    if notice.severity_nonlocalized == "WARNING":
        connection.sync_wait_was_cancelled = True
