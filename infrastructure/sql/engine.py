"""The engine that answers queries: locked in before it hears one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import closing
from threading import Thread
from typing import TYPE_CHECKING

from domain.errors import QueryError, shown
from domain.errors.base import nearest
from infrastructure.sql.statement import Statement, first_line
from projections.column_types import EVENT_COLUMNS

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

Needs = Callable[[str], bool]
Tables = Mapping[str, Callable[[Needs], "pa.Table"]]
"""What makes each table, of the columns that are needed."""

_BEFORE = (
    "SET TimeZone = 'UTC'",
    "SET python_enable_replacements = false",
    "SET temp_directory = ''",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
)
_AGAIN = 0.05
"""Seconds after which a query that has not ended is interrupted once more."""
_LOCKED = ("SET enable_external_access = false", "SET lock_configuration = true")
_NO_COLUMN = re.compile(r'[Cc]olumn "((?:[^"]|"")*)" (?:not found|does not exist)')
_NOT_ALLOWED = ("Permission Error", "file system operations are disabled")


def answered(query: str, tables: Tables) -> pa.Table:
    """The rows that answer a query; only the tables that it names are made.

    Raises `QueryError`. An interruption ends the query.
    """
    import duckdb

    with closing(duckdb.connect(":memory:")) as connection:
        for setting in _BEFORE:
            connection.execute(setting)
        statement = Statement(connection, query, tables)
        names: list[str] = []
        for name in statement.named:
            made = tables[name](statement.needs())
            names += [*made.column_names, *(EVENT_COLUMNS if name == "events" else ())]
            connection.register(name, made)
        for setting in _LOCKED:
            connection.execute(setting)
        try:
            return _interruptible(connection, lambda: connection.sql(query).to_arrow_table())
        except duckdb.Error as error:
            raise QueryError(query, _problem(error, names)) from None


def _interruptible(
    connection: duckdb.DuckDBPyConnection, answer: Callable[[], pa.Table]
) -> pa.Table:
    """What is answered in a thread of its own, so that this one hears signals meanwhile."""
    told: Future[pa.Table] = Future()

    def tell() -> None:
        try:
            told.set_result(answer())
        except BaseException as error:
            told.set_exception(error)

    thread = Thread(target=tell, daemon=True)
    try:
        thread.start()
        return told.result()
    except BaseException:
        # What has not begun yet hears nothing, and would be waited for to its end.
        while thread.is_alive():
            connection.interrupt()
            thread.join(_AGAIN)
        raise


def _problem(error: Exception, names: list[str]) -> str:
    said = first_line(error)
    missing = _NO_COLUMN.search(said)
    if missing is not None:
        name = missing[1].replace('""', '"')
        near = nearest(name, names)
        return f"names the column {shown(name)}, which is not there" + (
            f"; the nearest is {shown(near)}" if near else ""
        )
    if any(word in said for word in _NOT_ALLOWED):
        return f"leads out of the logs, which it may not: {said}"
    if "'-(TIMESTAMPTZ_NS" in said:
        return "subtracts times in nanoseconds; write date_diff('second', one, other) instead"
    return f"cannot be answered: {said}"
