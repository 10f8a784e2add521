"""Moving the write-ahead log into the store's file, so that the file alone is known for what it is.

A store that is in use is its file and its write-ahead log. A copy of the file alone (`cp`) is what
the store was at its last checkpoint, and SQLite opens it as if that were all. So every checkpoint
is made of a moment in which the store says that its write-ahead log is missing, and what is
committed next takes that back, in the log: who reads both never sees it, who has the file alone
does. What merges both keeps the file whole and unmarked, whoever does it: SQLite when the last
connection is closed, also after `kill -9` and by the sqlite3 shell, its backups, VACUUM INTO.

SQLite's own checkpoints, made of any commit, are therefore switched off
(https://www.sqlite.org/wal.html#ckpt).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from typing import Any

from domain.errors import StoreError
from infrastructure.stores.sqlite.belonging import (
    mark_alone,
    mark_anew,
    refuse_strange_file,
    say_missing,
    take_back,
)
from infrastructure.stores.sqlite.location import APPLICATION_ID, Location, write_ahead_log

Run = Callable[[str], sqlite3.Cursor]

LIMIT = 16_000_000
"""About how many bytes the write-ahead log grows by until it is moved into the file: SQLite's own
1,000 pages."""

TABLE = (
    "CREATE TABLE IF NOT EXISTS write_ahead_log"
    " (id INTEGER PRIMARY KEY, is_missing INTEGER NOT NULL)"
)

_TAKE_BACK = "UPDATE write_ahead_log SET is_missing=0 WHERE id=1 AND is_missing"
_ASK = "SELECT is_missing FROM write_ahead_log WHERE id=1"

_HEADER = f"PRAGMA application_id = {APPLICATION_ID}"
"""Has the write-ahead log hold the first page, which says where each table begins: in the place of
another file's, that would lead to the marks of that file, and not to those of the log."""

_COMMIT_BYTES = 65_536
"""What a commit adds to the write-ahead log beside its rows: about four pages, each whole."""

_TRIES = 3
_PATIENCE_SECONDS = 0.2
_PAUSE_SECONDS = 0.005


class Checkpoints:
    """Those that one opening of a store makes; it asks before each of its transactions."""

    def __init__(
        self, location: Location, reading: Callable[[], AbstractContextManager[sqlite3.Connection]]
    ) -> None:
        self._location = location
        self._reading = reading
        self._bytes = LIMIT
        self._is_first = True
        self._is_to_be_taken_back = False
        self._patience = _PATIENCE_SECONDS

    def count(self, states: Sequence[bytes]) -> None:
        """Know of rows that are written."""
        self._bytes += sum(map(len, states))

    def make_due(self, run: Run) -> None:
        """Make a checkpoint when it is time; before the first commit the file learns of the log.

        Outside of a transaction. Whatever keeps it from being made is left to the commit that
        follows to say.
        """
        self._bytes += _COMMIT_BYTES
        if self._bytes < LIMIT or self._location.path is None:
            return
        until, self._patience = time.monotonic() + self._patience, 0.0
        while True:
            try:
                if self._is_first and _says_missing_alone(self._location):
                    self._is_first, self._bytes = False, 0
                else:
                    self._make(run)
            except sqlite3.Error:
                self._bytes = LIMIT
            # The first is worth a short wait, once: our own followers read and write meanwhile.
            if not self._is_first or time.monotonic() > until:
                return
            time.sleep(_PAUSE_SECONDS)

    def _make(self, run: Run) -> None:
        if self._is_first:
            run(TABLE)
        with self._reading() as reader:
            refuse_strange_file(self._location, reader)
        is_whole = False
        for _ in range(_TRIES):
            self._is_to_be_taken_back = True
            run(say_missing())
            with self._reading() as reader:
                # While this reads, no checkpoint goes further; another process may have committed.
                if says_missing(reader):
                    is_whole = _is_moved(self._location)
                    break
        run(take_back(mark_alone(self._location)))
        self._is_to_be_taken_back = False
        run(_HEADER)
        is_said = not self._is_first or _says_missing_alone(self._location)
        self._bytes = 0 if is_whole and is_said else LIMIT * 15 // 16
        self._is_first = not is_said

    def take_back_unfinished(self, run: Run) -> None:
        """Within a transaction: of a checkpoint that was cut off nothing stays said."""
        if self._is_to_be_taken_back:
            run(_TAKE_BACK)

    def take_back_at_end(self, writer: sqlite3.Connection) -> None:
        """Before the store is closed: who closes it last merges what a killed process said, too.

        Nobody waits here for another process that holds the store: that one takes it back.
        """
        if writer.in_transaction:
            writer.execute("ROLLBACK")
        if self._location.path is not None and says_missing(writer):
            writer.execute(_TAKE_BACK)

    def take_back_of_others(self, run: Run) -> None:
        """The same after others have committed: one may have died in its checkpoint."""
        if not self._is_first:
            run(_TAKE_BACK)


def refuse_incomplete(location: Location, connection: sqlite3.Connection) -> None:
    """Raises `StoreError` for a file that was copied without its write-ahead log.

    The connection has the store open: the log is not removed meanwhile.
    """
    if is_incomplete(location, connection):
        raise StoreError(
            location.url,
            "was copied while it was in use, without its write-ahead log, and lacks what was"
            " committed last: make a whole copy with event-logger backup TARGET --store URL of the"
            " store itself, or copy its -wal file, too; what is here (all, if another program was"
            " the first to open the store after a kill) comes out with"
            f" event-logger backup TARGET --store {location.url} --incomplete",
        )


def is_incomplete(location: Location, connection: sqlite3.Connection) -> bool:
    """Whether what is read here lacks a write-ahead log."""
    path = location.path
    if path is None or not says_missing(connection):
        return False
    try:
        return write_ahead_log(path).stat().st_size == 0
    except OSError:
        return True


def make_whole_alone(connection: sqlite3.Connection) -> None:
    """Have a copy say that nothing is missing from it, and belong to no write-ahead log."""
    make_whole(connection)
    if _has_table(connection):
        mark_anew(connection)


def make_whole(connection: sqlite3.Connection) -> None:
    """Have a store say that nothing is missing from it, which a killed process left unsaid."""
    if says_missing(connection):
        connection.execute(_TAKE_BACK)


def says_missing(connection: sqlite3.Connection) -> bool:
    """What the store says, as the connection reads it."""
    if not _has_table(connection):
        return False
    row: tuple[Any, ...] | None = connection.execute(_ASK).fetchone()
    return row is not None and bool(row[0])


def _has_table(connection: sqlite3.Connection) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name='write_ahead_log'")
    return found.fetchone() is not None


def _is_moved(location: Location) -> bool:
    """Move what can be moved, and whether that is all.

    FULL keeps other writers off meanwhile, so that the log begins anew however many there are. What
    they or readers of an earlier moment hold is not waited for.
    """
    uri = f"{location.uri}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=0)) as mover:
        mover.execute("PRAGMA schema_version").fetchone()
        busy, frames, moved = mover.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
        return not busy and frames == moved


def _says_missing_alone(location: Location) -> bool:
    """What the file says where its write-ahead log is not looked at."""
    uri = f"{location.uri}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
            return says_missing(connection)
    except sqlite3.Error:
        # Another process moves pages into it at this moment.
        return False
