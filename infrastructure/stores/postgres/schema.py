"""The tables of a PostgreSQL store, by which one is known as ours, and how they are made.

Every name is written with its schema, whatever the `search_path` of a role is; but `unnest` of
several arrays is the server's own under its bare name alone. Texts that come from a log are kept as
`bytea`: the server's `text` holds no NUL character and sorts by whatever the database was made
with. Texts that are looked up stand in their index as `key_of` gives them, since an index holds
2,700 bytes at most.
"""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from domain.errors import (
    NewerStoreError,
    NotAnAuditStoreError,
    StoreError,
    StoreNotFoundError,
)
from infrastructure.stores.postgres.location import Location

if TYPE_CHECKING:
    from psycopg import Connection

FORMAT = 2
MAGIC = "EVLG"
OLDEST_SERVER = 140_000

_LONGEST_KEY = 200
_MAKING = 0x45564C47

TABLES = {
    "store_format": "magic text NOT NULL, format int NOT NULL",
    "audit_logs": "log_id uuid PRIMARY KEY, name bytea NOT NULL, identity text NOT NULL",
    "heads": (
        "log_id uuid PRIMARY KEY, last_order bigint NOT NULL, transition bigint NOT NULL,"
        " committed_at bigint, epoch bigint NOT NULL, token bigint NOT NULL"
    ),
    "events": (
        "log_id uuid, event_order bigint, topic text NOT NULL, state bytea NOT NULL,"
        " committed_at bigint, writer int, token bigint, PRIMARY KEY (log_id, event_order)"
    ),
    "transitions": (
        "log_id uuid, number bigint, after_order bigint NOT NULL, event_order bigint NOT NULL,"
        " lifecycle_id uuid NOT NULL, version int NOT NULL, topic text NOT NULL,"
        " state bytea NOT NULL, committed_at bigint, writer int, token bigint,"
        " PRIMARY KEY (log_id, number), UNIQUE (lifecycle_id, version)"
    ),
    "writers": (
        "log_id uuid, writer int, introduction bytea NOT NULL, ended_at bigint,"
        " PRIMARY KEY (log_id, writer)"
    ),
    "event_ids": (
        "log_id uuid, event_id bytea, event_order bigint NOT NULL, PRIMARY KEY (log_id, event_id)"
    ),
    "transaction_hashes": (
        "log_id uuid, tx_hash bytea, event_order bigint, PRIMARY KEY (log_id, tx_hash, event_order)"
    ),
    "late_details": (
        "log_id uuid, detail_order bigint, parent_order bigint, PRIMARY KEY (log_id, detail_order)"
    ),
    "corrections": (
        "log_id uuid, corrected_order bigint, correction_order bigint,"
        " PRIMARY KEY (log_id, corrected_order, correction_order)"
    ),
    "follower_positions": (
        "follower text, log_id uuid, event_order bigint NOT NULL, transition bigint NOT NULL,"
        " PRIMARY KEY (follower, log_id)"
    ),
    "status_counts": (
        "log_id uuid, kind bytea, venue bytea NOT NULL, event_type bytea NOT NULL,"
        " status bytea NOT NULL, events bigint NOT NULL, PRIMARY KEY (log_id, kind)"
    ),
    "open_events": (
        "log_id uuid, event_order bigint, event_type bytea NOT NULL, venue bytea NOT NULL,"
        " status bytea NOT NULL, tx_hash bytea, since bytea NOT NULL, since_commit bigint,"
        " PRIMARY KEY (log_id, event_order)"
    ),
    "confirmation_times": (
        "log_id uuid, microseconds bigint, position bigint,"
        " PRIMARY KEY (log_id, microseconds, position)"
    ),
    "confirmation_quantiles": (
        "log_id uuid, name text, times bigint NOT NULL, place bigint NOT NULL,"
        " microseconds bigint NOT NULL, position bigint NOT NULL, PRIMARY KEY (log_id, name)"
    ),
    "leases": (
        "log_id uuid, role text, epoch bigint NOT NULL, holder bytea, PRIMARY KEY (log_id, role)"
    ),
}
"""`heads` has one narrow row per log, on which the log's writers take turns; `token` of it, and of
a commit's last row, is drawn by lot, so that a commit whose answer was lost can be told again."""

LATER_TABLES = {
    "tiles": (
        "log_id uuid, level int, tile bigint, hashes bytea NOT NULL,"
        " PRIMARY KEY (log_id, level, tile)"
    ),
}
"""What the first stores of this format do not have; who may make tables there makes them."""

_OFTEN_UPDATED = ("heads", "follower_positions", "leases", "status_counts")

_GROWTH = """
CREATE FUNCTION {schema}.refuse_setting_back() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN RAISE EXCEPTION 'the end of an audit log is never set back'
USING ERRCODE = 'insufficient_privilege'; END $$
"""
_ONLY_GROWS = """
CREATE TRIGGER only_grows BEFORE UPDATE ON {schema}.heads FOR EACH ROW WHEN (
NEW.log_id <> OLD.log_id OR NEW.last_order < OLD.last_order OR NEW.transition < OLD.transition
OR NEW.epoch < OLD.epoch OR NEW.committed_at < OLD.committed_at
OR (NEW.committed_at IS NULL AND OLD.committed_at IS NOT NULL))
EXECUTE FUNCTION {schema}.refuse_setting_back()
"""
_ENDS_ONCE = """
CREATE TRIGGER ends_once BEFORE UPDATE ON {schema}.writers FOR EACH ROW WHEN (
NEW.log_id <> OLD.log_id OR NEW.writer <> OLD.writer OR NEW.introduction <> OLD.introduction
OR (OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at))
EXECUTE FUNCTION {schema}.refuse_setting_back()
"""


def key_of(text: str) -> bytes:
    """The text as it stands in an index: its bytes, or of a long one its digest.

    The byte before a digest begins no text, so that the two are never mistaken for each other.
    """
    encoded = text.encode()
    return encoded if len(encoded) <= _LONGEST_KEY else b"\xff" + sha256(encoded).digest()


def format_of(connection: Connection[Any], location: Location) -> int | None:
    """The format of the store in the location's schema; None where there is none.

    Raises `NotAnAuditStoreError` for tables of another program, `NewerStoreError`, or a driver's
    error; all untouched.
    """
    names = list(TABLES)
    rows = connection.execute(
        "SELECT c.relname::text FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = %s AND c.relname = ANY(%s)",
        (location.schema_name, names),
    ).fetchall()
    found = {row[0] for row in rows}
    if not found:
        return None
    mark = _mark(connection, location) if "store_format" in found else None
    if mark is None or mark[0] != MAGIC:
        raise NotAnAuditStoreError(
            location.url,
            f"the schema {location.schema_name} holds another program's tables ({min(found)});"
            " name another with ?schema=",
        )
    version = int(mark[1])
    if version > FORMAT:
        raise NewerStoreError(
            location.url,
            f"has format {version}, and this version reads up to {FORMAT}; upgrade event-logger"
            " to use it",
        )
    missing = sorted(set(names) - found)
    if missing:
        raise StoreError(location.url, f"lacks its table {missing[0]}; restore it from a backup")
    return version


def _mark(connection: Connection[Any], location: Location) -> Any:
    from psycopg.errors import UndefinedColumn, UndefinedFunction

    try:
        # As text: another program's columns of these names may be of any type.
        return connection.execute(
            f"SELECT magic::text, format::text FROM {location.schema}.store_format LIMIT 1"
        ).fetchone()
    except (UndefinedColumn, UndefinedFunction):
        return None


def require_made(connection: Connection[Any], location: Location) -> None:
    """Raises `StoreNotFoundError` where there is no store, and what `format_of` raises."""
    if format_of(connection, location) is None:
        raise StoreNotFoundError(
            location.url,
            f"the schema {location.schema_name} holds no store; name another with ?schema=",
        )


def make(connection: Connection[Any], location: Location) -> None:
    """Make the store where there is none, whole or not at all; of two at once one does.

    Raises what `format_of` raises, or a driver's error.
    """
    schema = location.schema
    with connection.transaction():
        connection.execute(
            "SELECT pg_catalog.pg_advisory_xact_lock(%s, pg_catalog.hashtext(%s))",
            (_MAKING, location.schema_name),
        )
        if format_of(connection, location) is not None:
            _make_later(connection, schema)
            return
        (there,) = connection.execute(
            "SELECT pg_catalog.to_regnamespace(%s) IS NOT NULL", (schema,)
        ).fetchone() or (False,)
        if not there:
            connection.execute(f"CREATE SCHEMA {schema}")
        for statement in statements(schema):
            connection.execute(statement)


def _make_later(connection: Connection[Any], schema: str) -> None:
    """Make the tables that came later, unless this user may not: a store does without them."""
    from psycopg.errors import InsufficientPrivilege

    for name, columns in LATER_TABLES.items():
        (there,) = connection.execute(
            "SELECT pg_catalog.to_regclass(%s) IS NOT NULL", (f"{schema}.{name}",)
        ).fetchone() or (False,)
        if not there:
            with suppress(InsufficientPrivilege), connection.transaction():
                connection.execute(f"CREATE TABLE {schema}.{name} ({columns})")


def statements(schema: str) -> list[str]:
    """What makes the tables of a store, and marks them as ours."""
    made = []
    for name, columns in (TABLES | LATER_TABLES).items():
        options = " WITH (fillfactor=10)" if name in _OFTEN_UPDATED else ""
        made.append(f"CREATE TABLE {schema}.{name} ({columns}){options}")
    made += [one.format(schema=schema) for one in (_GROWTH, _ONLY_GROWS, _ENDS_ONCE)]
    made.append(f"INSERT INTO {schema}.store_format VALUES ('{MAGIC}', {FORMAT})")
    return made
