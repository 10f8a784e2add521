"""Databases as they come: of any encoding, with settings that others have made for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from domain.errors import StoreError
from event_logger import EventLogger, open_log
from infrastructure.stores import open_store
from infrastructure.stores.postgres.driver import ServerConnection
from tests.infrastructure.stores.written import new_log
from tests.postgres_server import PostgresServer
from tests.support import HOUR

SETTINGS = {
    "search_path": "hostile, pg_catalog",
    "default_transaction_isolation": "serializable",
    "client_encoding": "latin1",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
    "datestyle": "German",
    "timezone": "'Asia/Tokyo'",
    "quote_all_identifiers": "on",
}
SHADOWS = (
    "CREATE SCHEMA hostile",
    "CREATE FUNCTION hostile.clock_timestamp() RETURNS timestamptz LANGUAGE sql"
    " AS $$SELECT '2000-01-01'::timestamptz$$",
    "CREATE FUNCTION hostile.octet_length(bytea) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION hostile.length(bytea) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION hostile.unnest(bytea[]) RETURNS SETOF bytea LANGUAGE sql"
    " AS 'SELECT NULL::bytea'",
    "CREATE TABLE hostile.events (id int)",
)


@contextmanager
def database(server: PostgresServer, options: str = "") -> Iterator[str]:
    server.run(f"CREATE DATABASE desk {options}")
    try:
        yield server.url(database="desk")
    finally:
        server.run("DROP DATABASE IF EXISTS desk WITH (FORCE)")


def check(url: str) -> None:
    """Everything that a live log holds comes back, and its times are the server's."""
    with EventLogger("live", store=url, log="día", redis=False, durability="relaxed") as logger:
        for number in range(3):
            order = logger.log_event(
                HOUR, "STAKE_DEPOSIT", "日本", "€TH", number, event_id=f"é{number}", note="\u202e\0"
            )
        logger.update_event(order, {"status": "submitted", "tx_hash": "0x日"})
        (one, *_) = logger.live_status(stuck_after="0s")["stuck"]
        assert (one["venue"], one["age_seconds"] < 600) == ("日本", True)
    with open_log(url, "día") as reader:
        assert [event["note"] for event in reader.events] == ["\u202e\0"] * 3
        assert [event["order"] for event in reader.search(event_id="é1")] == [2]
        assert [event["order"] for event in reader.search(tx_hash="0x日")] == [3]


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_of_any_encoding(postgres: PostgresServer, encoding: str) -> None:
    options = f"ENCODING {encoding} TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    with database(postgres, options) as url:
        check(url)


def test_a_database_whose_settings_and_names_are_others(postgres: PostgresServer) -> None:
    with database(postgres) as url:
        with postgres.connect(dbname="desk") as connection:
            for statement in SHADOWS:
                connection.execute(statement.encode())
        for name, value in SETTINGS.items():
            postgres.run(f"ALTER DATABASE desk SET {name} = {value}")
        check(url)


def test_a_database_that_lacks_what_a_store_needs_is_left_as_it_is(
    postgres: PostgresServer,
) -> None:
    with database(postgres) as url:
        with postgres.connect(dbname="desk") as connection:
            connection.execute("DROP EXTENSION plpgsql")
            with pytest.raises(StoreError, match='language "plpgsql" does not exist'):
                open_store(url, durability="relaxed")
            made = connection.execute("SELECT to_regnamespace('event_logger')").fetchone()
            assert made == (None,)


def test_a_server_that_is_another_program_is_said_by_what_it_lacks(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from infrastructure.stores.postgres import driver

    monkeypatch.setattr(driver, "_SESSION", driver._SESSION.replace("recovery", "any_recovery"))
    with pytest.raises(StoreError, match=r"lacks what is needed .*pg_is_in_any_recovery"):
        open_store(postgres.url())


def test_a_pooler_that_shares_sessions_gives_no_lease(
    postgres: PostgresServer, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that is taken on a session which others are given, too, would keep nobody out."""
    connect = ServerConnection.connect

    def without_options(**parameters: object) -> ServerConnection:
        parameters.pop("options", None)
        return connect(**parameters)  # type: ignore[arg-type]

    with open_store(postgres.url(schema), durability="relaxed") as store:
        log = new_log(store)
        lease = store.lease(log.log.id, "run", "")
        monkeypatch.setattr(ServerConnection, "connect", without_options)
        with pytest.raises(StoreError, match="needs the server's own URL"):
            lease.try_acquire()
        monkeypatch.undo()
        assert lease.try_acquire()
        lease.release()
