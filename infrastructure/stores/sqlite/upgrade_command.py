"""Upgrading a store on purpose: in place, or into a copy that leaves the former file as it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from domain.audit_log import AuditLog
from domain.errors import StoreError, StoreUrlError
from infrastructure.stores.sqlite.belonging import refuse_strange_log
from infrastructure.stores.sqlite.checkpoints import make_whole, refuse_incomplete
from infrastructure.stores.sqlite.copying import copied, opened, path_of, place_of
from infrastructure.stores.sqlite.errors import store_errors
from infrastructure.stores.sqlite.location import (
    FORMAT,
    Location,
    location_of,
    refuse_newer,
    refuse_unwritable,
    require_made,
)
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
    refuse_strange_log(source)
    if target is None:
        problem = refuse_unwritable(source)
        if problem is not None:
            raise StoreError(source.url, f"{problem}, or give --to TARGET")
        with store_errors(source.url), closing(opened(source, "rw")) as connection:
            refuse_incomplete(source, connection)
            make_whole(connection)
            return _upgraded(source, connection)
    place = place_of(target)
    return copied(source, place, path_of(place), lambda copy: _upgraded(place, copy))


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
