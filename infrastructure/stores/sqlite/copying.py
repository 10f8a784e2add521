"""Copying a store that may be in use into a new file, which appears whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from domain.audit_log import AuditLog
from domain.errors import StoreError, StoreUrlError
from infrastructure.stores.sqlite.belonging import refuse_strange_log
from infrastructure.stores.sqlite.checkpoints import make_whole_alone, refuse_incomplete
from infrastructure.stores.sqlite.errors import store_errors
from infrastructure.stores.sqlite.location import (
    MEMORY,
    PREFIX,
    Location,
    give_name,
    location_of,
    make_empty,
    require_made,
    write_ahead_log,
)
from infrastructure.stores.sqlite.schema import LOCK_TIMEOUT_SECONDS
from infrastructure.stores.upgraded import BackedUp

T = TypeVar("T")


def back_up(url: str, target: str, *, takes_incomplete: bool = False) -> BackedUp:
    """Copy a store as it is at one moment into a new file, in whatever format it has.

    Nobody who writes to it waits. `target` is a URL or a path. One that was copied without its
    write-ahead log is refused unless `takes_incomplete`, and then taken for all there is. Raises
    `StoreUrlError`, `StoreNotFoundError`, `NotAnAuditStoreError`, `NewerStoreError` or another
    `StoreError`.
    """
    source = location_of(url)
    if source.path is None:
        raise StoreUrlError(url, "is in memory, of which nobody else can make a copy; name a file")
    require_made(source)
    refuse_strange_log(source)
    place = place_of(target)

    def finish(copy: sqlite3.Connection) -> BackedUp:
        return _counted(place, copy)

    return copied(source, place, path_of(place), finish, takes_incomplete=takes_incomplete)


def _counted(place: Location, connection: sqlite3.Connection) -> BackedUp:
    (sound,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if sound != "ok":
        raise StoreError(place.url, f"would be a copy of a damaged file ({sound})")
    (logs,) = connection.execute(
        "SELECT COUNT(*) FROM stored_events WHERE topic=?", (AuditLog.Opened.TOPIC,)
    ).fetchone()
    (events,) = connection.execute(
        "SELECT COUNT(*) FROM stored_events WHERE topic=?", (AuditLog.EventLogged.TOPIC,)
    ).fetchone()
    return BackedUp(place.url, logs, events)


def place_of(target: str) -> Location:
    """The place that a target names, a URL or a path."""
    if target in MEMORY or target.startswith(PREFIX) or "://" in target:
        return location_of(target)
    return location_of(f"{PREFIX}{target}")


def path_of(place: Location) -> Path:
    """Where a new file is to be made; raises `StoreError` where it cannot be."""
    path = place.path
    if path is None:
        raise StoreUrlError(place.url, "is no target; name a file")
    if path.exists():
        raise _taken(place, path)
    if not path.parent.is_dir():
        raise StoreError(place.url, f"the folder {path.parent} does not exist; create it")
    return path


def _taken(place: Location, path: Path) -> StoreError:
    return StoreError(place.url, f"there is a file {path} already; name another target")


def copied(
    source: Location,
    place: Location,
    path: Path,
    finish: Callable[[sqlite3.Connection], T],
    *,
    takes_incomplete: bool = False,
) -> T:
    """Copied and finished under another name first, and only then given its own."""
    beside = path.with_name(f".{path.name}.{uuid4().hex}.new")
    try:
        make_empty(beside)
        new = Location(place.url, beside)
        with store_errors(source.url), closing(opened(new, "rw")) as connection:
            _back_up(source, connection, takes_incomplete)
            # A file of its own, without a write-ahead log beside it, until it has its name.
            connection.execute("PRAGMA journal_mode=DELETE")
            make_whole_alone(connection)
            done = finish(connection)
        if not give_name(beside, path):
            raise _taken(place, path)
        return done
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(place.url, f"cannot be created ({error})") from error
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            with suppress(OSError):
                beside.with_name(f"{beside.name}{suffix}").unlink()


def opened(location: Location, mode: str) -> sqlite3.Connection:
    """A connection of SQLite's own; a transaction is begun by whoever wants one."""
    return sqlite3.connect(
        f"{location.uri}?mode={mode}",
        uri=True,
        isolation_level=None,
        timeout=LOCK_TIMEOUT_SECONDS,
    )


def _back_up(source: Location, connection: sqlite3.Connection, takes_incomplete: bool) -> None:
    """Copy the source as it is at one moment; nothing is made beside one that nobody writes to."""
    before = _state_of(source)
    mode = "ro&immutable=1" if before is not None else "ro"
    with closing(opened(source, mode)) as former:
        if not takes_incomplete:
            refuse_incomplete(source, former)
        former.backup(connection)
    if before is not None and _state_of(source) != before:
        raise StoreError(source.url, "was written to while it was copied; run the command again")


def _state_of(source: Location) -> tuple[int, int] | None:
    """By what a file at rest is seen to have changed; None while its write-ahead log is there."""
    path = source.path
    if path is None or write_ahead_log(path).exists():
        return None
    found = path.stat()
    return found.st_size, found.st_mtime_ns
