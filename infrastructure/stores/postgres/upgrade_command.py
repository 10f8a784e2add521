"""What `upgrade` and `backup` are on a server: one format so far, and the server's own backups."""

from __future__ import annotations

from typing import NoReturn

from domain.errors import StoreError
from infrastructure.stores.postgres.binary_copy import originator
from infrastructure.stores.postgres.location import Location
from infrastructure.stores.postgres.schema import FORMAT
from infrastructure.stores.postgres.store import PostgresStore
from infrastructure.stores.upgraded import Upgraded


def upgrade_store(location: Location, target: str | None) -> Upgraded:
    """See `infrastructure.stores.upgrade_store`: there is no former format of it."""
    if target is not None:
        raise StoreError(location.url, "is on a server and not copied by upgrading; leave --to out")
    with PostgresStore(location, must_exist=True) as store:
        ids = [originator(one.opened) for one in store.reads.logs()]
        events = sum(store.reads.end(one).horizon.order for one in ids)
        return Upgraded(store.url, FORMAT, FORMAT, len(ids), events)


def refuse_backup(location: Location) -> NoReturn:
    """Raises `StoreError`: a server has better means of its own."""
    raise StoreError(
        location.url,
        "is on a server, which is backed up by pg_basebackup or pg_dump; to have a log as a file,"
        " run event-logger export --format jsonl",
    )
