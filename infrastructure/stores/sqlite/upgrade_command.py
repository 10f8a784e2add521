"""Upgrading a store on purpose: in place, or into a copy that leaves the former file as it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from uuid import uuid4

from domain.audit_log import AuditLog
from domain.errors import StoreError, StoreUrlError
from infrastructure.stores.sqlite.errors import store_errors
from infrastructure.stores.sqlite.location import (
    FORMAT,
    MEMORY,
    PREFIX,
    Location,
    give_name,
    location_of,
    make_empty,
    refuse_newer,
    refuse_unwritable,
    require_made,
)
from infrastructure.stores.sqlite.opened_files import write_ahead_log
from infrastructure.stores.sqlite.schema import LOCK_TIMEOUT_SECONDS
from infrastructure.stores.sqlite.upgrade import upgrade
from infrastructure.stores.upgraded import Upgraded


def upgrade_store(url: str, target: str | None = None) -> Upgraded:
    """Bring a store to the present format, where it is or in a new file; the source then stays.

    `target` is a URL or a path. In place, writers are waited for, and `kill -9` at any moment
    leaves the one format or the other, whole; a target appears whole or not at all. Raises
    `StoreUrlError`, `StoreNotFoundError`, `NotAnAuditStoreError`, `NewerStoreError`, or another
    `StoreError`.
    """
    source = location_of(url)
    if source.path is None:
        raise StoreUrlError(url, "is in memory and has no former format; name a file")
    require_made(source)
    if target is None:
        problem = refuse_unwritable(source)
        if problem is not None:
            raise StoreError(source.url, f"{problem}, or give --to TARGET")
        with store_errors(source.url), closing(_opened(source, "rw")) as connection:
            return _upgraded(source, connection)
    place = _place_of(target)
    return _copied(source, place, _path_of(place))


def _place_of(target: str) -> Location:
    if target in MEMORY or target.startswith(PREFIX) or "://" in target:
        return location_of(target)
    return location_of(f"{PREFIX}{target}")


def _path_of(place: Location) -> Path:
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


def _copied(source: Location, place: Location, path: Path) -> Upgraded:
    """Copied and upgraded under another name first, and only then given its own."""
    beside = path.with_name(f".{path.name}.{uuid4().hex}.new")
    try:
        make_empty(beside)
        new = Location(place.url, beside)
        with store_errors(source.url), closing(_opened(new, "rw")) as connection:
            _back_up(source, connection)
            # A file of its own, without a write-ahead log beside it, until it has its name.
            connection.execute("PRAGMA journal_mode=DELETE")
            done = _upgraded(place, connection)
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


def _opened(location: Location, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{location.uri}?mode={mode}",
        uri=True,
        isolation_level=None,
        timeout=LOCK_TIMEOUT_SECONDS,
    )


def _back_up(source: Location, connection: sqlite3.Connection) -> None:
    """Copy the source as it is at one moment; nothing is made beside one that nobody writes to."""
    before = _state_of(source)
    mode = "ro&immutable=1" if before is not None else "ro"
    with closing(_opened(source, mode)) as former:
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


def _upgraded(location: Location, connection: sqlite3.Connection) -> Upgraded:
    (former,) = connection.execute("PRAGMA user_version").fetchone()
    refuse_newer(location, former)
    connection.execute("PRAGMA synchronous=FULL")
    upgrade(connection)
    (logs,) = connection.execute("SELECT COUNT(*) FROM audit_logs").fetchone()
    (events,) = connection.execute(
        "SELECT COUNT(*) FROM stored_events WHERE topic=?", (AuditLog.EventLogged.TOPIC,)
    ).fetchone()
    return Upgraded(location.url, former, FORMAT, logs, events)
