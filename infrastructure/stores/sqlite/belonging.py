"""Which write-ahead log belongs to which file.

SQLite puts whatever log it finds beside a file into it, page by page: a backup that was copied over
a store, beside the log that the former store left when it was killed, would become a mixture of
both, and be written so when it is closed. So every checkpoint draws a mark, which it has both in
the file and in the log: a log knows the marks of the files that it can follow.

The marks stand beside what `checkpoints` says, in a row of the same table: the present one first,
then those that the file may still have because no checkpoint is known to have reached it.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from uuid import uuid4

from domain.errors import StoreError
from infrastructure.stores.sqlite.location import Location, write_ahead_log

_NONE = "none"
"""The mark of a file of which no checkpoint has been made."""

_NO_DATABASE = ""

_ASK = "SELECT is_missing FROM write_ahead_log WHERE id=2"

_LOOKS = 4
_PAUSE_SECONDS = 0.02
"""A page that is being moved into the file may be read half: what is strange is looked at again."""


def say_missing() -> str:
    """The statement by which a store says that its write-ahead log is missing, with a new mark."""
    return (
        f"REPLACE INTO write_ahead_log SELECT 1, 1 UNION ALL SELECT 2, '{_new_mark()} '"
        f" || coalesce(({_ASK}), '{_NONE}')"
    )


def take_back(mark: str | None) -> str:
    """The statement that takes it back, once the file is known to have the mark."""
    return (
        "UPDATE write_ahead_log SET is_missing = CASE WHEN id=1 THEN 0"
        f" WHEN is_missing LIKE '{mark} %' THEN '{mark}' ELSE is_missing END"
    )


def mark_anew(connection: sqlite3.Connection) -> None:
    """Have a copy belong to no write-ahead log at all."""
    connection.execute(f"REPLACE INTO write_ahead_log VALUES (2, '{_new_mark()}')")


def mark_alone(location: Location) -> str | None:
    """The mark that the file has where its write-ahead log is not looked at; None: unreadable.

    What is no database at all has none.
    """
    uri = f"{location.uri}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
            return (_marks(connection) or [_NONE])[0]
    except sqlite3.Error as error:
        # Another process moves pages into it at this moment, or was killed as it did.
        return _NO_DATABASE if _is_no_database(error) else None


def refuse_strange_log(location: Location) -> bool:
    """Raises `StoreError` where the log beside the file is that of another state of it.

    To be asked before the store is opened for writing, since closing that merges the two. Gives
    whether the file is known to be the log's own, or there is no log.
    """
    path = location.path
    try:
        if path is None or write_ahead_log(path).stat().st_size == 0:
            return True
        if path.stat().st_size == 0:
            # Nobody opens it by SQLite, which would take the log for a leftover and remove it.
            raise _strange(location)
        uri = f"{location.uri}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
            connection.execute("BEGIN")
            return refuse_strange_file(location, connection)
    except StoreError:
        raise
    except (OSError, sqlite3.Error) as error:
        if _is_no_database(error):
            raise _strange(location) from error
        # Whatever is wrong with the file is said by whoever opens it.
        return False


def refuse_strange_file(location: Location, reader: sqlite3.Connection) -> bool:
    """The same within a transaction that reads: it keeps others from moving more meanwhile."""
    known = _marks(reader)
    if known is None:
        return True
    for _ in range(_LOOKS):
        mark = mark_alone(location)
        if mark is None or mark in known:
            return mark is not None
        time.sleep(_PAUSE_SECONDS)
    raise _strange(location)


def _is_no_database(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB


def _strange(location: Location) -> StoreError:
    return StoreError(
        location.url,
        f"has beside it the write-ahead log {location.path}-wal of another state of it, as when a"
        " backup is copied over a store that was killed, or is in use: to take the file as it"
        " stands, move that -wal and the -shm away; to have what was committed last, put its file"
        " back",
    )


def _marks(connection: sqlite3.Connection) -> list[str] | None:
    has = connection.execute("SELECT 1 FROM sqlite_master WHERE name='write_ahead_log'").fetchone()
    row = connection.execute(_ASK).fetchone() if has is not None else None
    return str(row[0]).split() if row is not None else None


def _new_mark() -> str:
    # Not to be taken for a number, which the column would make of it.
    return f"m{uuid4().hex}"
