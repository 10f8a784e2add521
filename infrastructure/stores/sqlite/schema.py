"""The tables of format 2, and how a new file is made."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from domain.errors import StoreError
from infrastructure.stores.sqlite import checkpoints
from infrastructure.stores.sqlite.location import (
    APPLICATION_ID,
    FORMAT,
    Location,
    give_name,
    is_made,
    make_empty,
)

LOCK_TIMEOUT_SECONDS = 60
"""How long a writer waits for another's transaction to end."""

PAGE_SIZE = 16384
"""Bytes per page of our files: appending events of 700 bytes costs half of what it does with
SQLite's own 4,096 (measured), since a page holds twenty of them and less is left over."""

_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")

EVENTS_TABLE = (
    "CREATE TABLE IF NOT EXISTS stored_events (originator_id TEXT, originator_version INTEGER, "
    "topic TEXT, state BLOB, committed_at INTEGER, writer INTEGER, number INTEGER, "
    "PRIMARY KEY (originator_id, originator_version))"
)
"""The eventsourcing library's table, and beside its columns: the store's time of the commit (µs
since 1970, UTC), who committed (`writers`), and of a transition its number in its log. Null: of
before format 2. A process of the former version fails at its next INSERT, which names no columns.
"""

CORRECTIONS_TABLE = (
    "CREATE TABLE IF NOT EXISTS corrections (log_id TEXT, corrected_order INTEGER, "
    "correction_order INTEGER, PRIMARY KEY (log_id, corrected_order, correction_order))"
    " WITHOUT ROWID"
)

INDEX_TABLES = (
    "CREATE TABLE IF NOT EXISTS transitions (log_id TEXT, number INTEGER, "
    "after_order INTEGER NOT NULL, event_order INTEGER NOT NULL, lifecycle_id TEXT NOT NULL, "
    "version INTEGER NOT NULL, PRIMARY KEY (log_id, number)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS event_ids (log_id TEXT, event_id TEXT, "
    "event_order INTEGER NOT NULL, PRIMARY KEY (log_id, event_id)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS transaction_hashes (log_id TEXT, tx_hash TEXT, "
    "event_order INTEGER, PRIMARY KEY (log_id, tx_hash, event_order)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS late_details (log_id TEXT, parent_order INTEGER, "
    "detail_order INTEGER, PRIMARY KEY (log_id, parent_order, detail_order)) WITHOUT ROWID",
    CORRECTIONS_TABLE,
)
"""Written in the same transaction as the events that they index. `transitions` alone holds what
does not follow from the events: a transition's number, and the last order before it."""

LOG_TABLES = (
    "CREATE TABLE IF NOT EXISTS audit_logs (log_id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
    "identity TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS writers (log_id TEXT, writer INTEGER, introduction BLOB NOT NULL, "
    "ended_at INTEGER, PRIMARY KEY (log_id, writer)) WITHOUT ROWID",
)

TILES_TABLE = (
    "CREATE TABLE IF NOT EXISTS tiles (log_id TEXT, level INTEGER, tile INTEGER, "
    "hashes BLOB NOT NULL, PRIMARY KEY (log_id, level, tile))"
)
"""The tree over each log's entries, in the layout of tlog-tiles; made anew when lost."""

FOLLOWER_TABLES = (
    "CREATE TABLE IF NOT EXISTS follower_positions (follower TEXT, log_id TEXT, "
    "event_order INTEGER NOT NULL, transition INTEGER NOT NULL, "
    "PRIMARY KEY (follower, log_id)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS status_counts ("
    "log_id TEXT, venue TEXT, event_type TEXT, status TEXT, events INTEGER NOT NULL, "
    "PRIMARY KEY (log_id, venue, event_type, status)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS open_events ("
    "log_id TEXT, event_order INTEGER, event_type TEXT NOT NULL, venue TEXT NOT NULL, "
    "status TEXT NOT NULL, tx_hash TEXT, since TEXT NOT NULL, since_commit INTEGER, "
    "PRIMARY KEY (log_id, event_order)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS confirmation_times ("
    "log_id TEXT, microseconds INTEGER, position INTEGER, "
    "PRIMARY KEY (log_id, microseconds, position)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS confirmation_quantiles ("
    "log_id TEXT, name TEXT, times INTEGER NOT NULL, place INTEGER NOT NULL, "
    "microseconds INTEGER NOT NULL, position INTEGER NOT NULL, "
    "PRIMARY KEY (log_id, name)) WITHOUT ROWID",
    TILES_TABLE,
)
"""How far each follower has come, the status board, the tiles: all follow from the events."""

TABLES = (EVENTS_TABLE, *LOG_TABLES, *INDEX_TABLES, *FOLLOWER_TABLES, checkpoints.TABLE)


def create_tables(connection: sqlite3.Connection) -> None:
    """Make the tables in one transaction, and mark the database as ours, unless it has any."""
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("SELECT 1 FROM sqlite_master").fetchone() is not None:
        connection.execute("ROLLBACK")
        return
    for statement in TABLES:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute("COMMIT")


def lost_tables(connection: sqlite3.Connection) -> list[str]:
    """The statements that make those tables anew that follow from the others and are gone."""
    there = connection.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall()
    names = {name for (name,) in there}
    # `transitions`, the first, holds what does not follow; corrections have a step of their own.
    derived = [one for one in INDEX_TABLES[1:] if one != CORRECTIONS_TABLE]
    return [
        one
        for one in (*derived, *FOLLOWER_TABLES)
        if one.split("EXISTS ")[1].partition(" (")[0] not in names
    ]


def create_file(location: Location) -> None:
    """Make the store's file with its tables, unless it is there and ours.

    It is made whole under another name and then given its own, so that a process killed meanwhile
    leaves no half of a store. Raises `StoreError` when the folder is missing or cannot be written,
    and what `is_made` raises for a file that is not ours; all untouched.
    """
    path = location.path
    if path is None or (not _was_cut_off(path) and is_made(location)):
        return
    if not path.parent.is_dir():
        raise StoreError(location.url, f"the folder {path.parent} does not exist; create it")
    beside = path.with_name(f".{path.name}.{uuid4().hex}.new")
    try:
        refuse_leftovers(location, path)
        if path.exists():
            # An empty file that was made for us, as mktemp does, stays that file.
            _make(path)
            is_made(location)
            return
        make_empty(beside)
        _make(beside)
        give_name(beside, path)
    except (sqlite3.Error, OSError) as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(location.url, f"cannot be created ({error})") from error
    finally:
        with suppress(OSError):
            beside.unlink()


def _was_cut_off(path: Path) -> bool:
    """Whether a process began to make a store in an empty file, and was killed or is still at it.

    SQLite's journal then says that the file had no pages: whoever opens it next empties it again
    (https://www.sqlite.org/fileformat2.html, 3).
    """
    try:
        with path.with_name(f"{path.name}-journal").open("rb") as journal:
            head = journal.read(20)
    except OSError:
        return False
    return head[:8] == _JOURNAL_MAGIC and head[16:] == bytes(4)


def refuse_leftovers(location: Location, path: Path) -> None:
    """Raises `StoreError` where parts of a former store stand, which SQLite would put into ours."""
    for suffix in ("-wal", "-journal"):
        left = path.with_name(f"{path.name}{suffix}")
        # Those of a store that another process has made meanwhile are its own.
        if _size_of(left) and (not path.exists() or (suffix == "-wal" and not _size_of(path))):
            raise StoreError(
                location.url,
                f"{left} is left of a store whose file {path.name} is gone or was emptied, and may"
                " hold what was committed last: put the file back, or move this one away",
            )


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _make(path: Path) -> None:
    connection = sqlite3.connect(path, timeout=LOCK_TIMEOUT_SECONDS, isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        # In rollback-journal mode, so that the header is in the file itself and not in a
        # write-ahead log when the next process looks at it.
        create_tables(connection)
    finally:
        connection.close()
