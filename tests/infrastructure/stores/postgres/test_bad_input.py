"""What cannot be a store on a server is refused in one sentence, and nothing is made or changed."""

from __future__ import annotations

import pickle
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from domain.errors import (
    EventLoggerError,
    NewerStoreError,
    NotAnAuditStoreError,
    ReadOnlyStoreError,
    StoreError,
    StoreNotFoundError,
)
from event_logger import EventLogger, open_log
from infrastructure.stores import back_up_store, open_store, upgrade_store
from tests.commands import run
from tests.postgres_server import PostgresServer
from tests.support import ROOT, log_amounts

SECRET = "s3cret"


def refusal_of(call: Callable[[], object], kind: type[EventLoggerError]) -> str:
    """The one sentence of the error, which holds no password anywhere."""
    with pytest.raises(kind) as refused:
        call()
    error = refused.value
    again = pickle.loads(pickle.dumps(error))
    seen = "".join(traceback.format_exception_only(error))
    for one in (error, again):
        seen += f"{one} {one!r} {vars(one)}"
    assert SECRET not in seen
    assert "\n" not in str(error)
    return str(error)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://", "names no host"),
        ("postgresql:///db", "names no host"),
        (f"postgresql://user:{SECRET}@/db", "names no host"),
        (f"postgresql://user:{SECRET}@host", "names no database"),
        (f"postgresql://user:{SECRET}@host/", "names no database"),
        (f"postgresql://user:{SECRET}@host:port/db", "a port that is no number"),
        (f"postgresql://user:a/{SECRET}@host/db", "write what a password holds of"),
        (f"postgresql://user:12/{SECRET}@host/db", "write what a password holds of"),
        (f"postgresql://user:a@{SECRET}@host/db", "write what a password holds of"),
        (f"postgresql://user:{SECRET}@{SECRET}/a@host/db", "write what a password holds of"),
        (f"postgresql://user:{SECRET}/a", "a port that is no number"),
        (f"postgresql://user:a?{SECRET}/b@host/db", "names no data|no PostgreSQL URL|no number"),
        (f"postgresql://host/db?password={SECRET}&wrong=1", "is no PostgreSQL URL"),
        (f"postgresql://host/db?{SECRET}", "is no PostgreSQL URL"),
        (f"postgresql://[::1/db?password={SECRET}", "is no PostgreSQL URL"),
        (f"postgresql://us%zz:{SECRET}@host/db", "is no PostgreSQL URL"),
        (f"postgresql://user:{SECRET}@host/db?schema=", "names the schema ''"),
        (f"postgresql://user:{SECRET}@host/db?schema=a;b", "names the schema"),
        (f"postgresql://user:{SECRET}@host/db?schema=Desk", "names the schema"),
        ("postgresql://host/db?schema=" + "a" * 64, "names the schema"),
        ("postgresql://host/db?schema=pg_catalog", "the server's own"),
    ],
)
def test_a_url_that_makes_no_sense(url: str, said: str) -> None:
    import re

    sentence = refusal_of(lambda: open_store(url), StoreError)
    assert re.search(said, sentence)


@pytest.mark.parametrize("separator", ["#", "?", ":", "&", "%2F", "%40"])
def test_a_password_may_hold_what_separates_elsewhere(separator: str) -> None:
    """It is the password as far as the @; a log that is named behind a # comes after that."""
    url = f"postgresql://user:{SECRET}{separator}b@127.0.0.1:1/db"
    for written in (url, f"{url}?schema=desk", f"{url}#run-1"):
        said = refusal_of(lambda written=written: open_named(written), StoreError)  # type: ignore[misc]
        assert "store postgresql://user@127.0.0.1:1/db" in said
        assert "cannot be reached" in said
        assert ("?schema=desk" in said) == ("?schema=desk" in written)


def open_named(url: str) -> None:
    from event_logger.opening import open_named_log, split_store

    open_named_log(*split_store(url)).close()


def test_a_schema_may_be_called_by_a_word_of_sql(postgres: PostgresServer) -> None:
    for name in ("select", "user"):
        try:
            url = postgres.url(name)
            with EventLogger("live", store=url, redis=False, durability="relaxed") as logger:
                log_amounts(logger, 1, 2)
            with open_log(url) as reader:
                assert reader.global_order == 2
        finally:
            postgres.run(f'DROP SCHEMA IF EXISTS "{name}" CASCADE')


def test_a_server_that_is_not_there() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"postgresql://user:{SECRET}@127.0.0.1:{port}/db"
    said = refusal_of(lambda: open_store(url), StoreError)
    assert f"store postgresql://user@127.0.0.1:{port}/db: cannot be reached" in said
    assert refusal_of(lambda: open_log(url), StoreError) == said
    live = refusal_of(lambda: EventLogger("live", store=url, redis=False), StoreError)
    assert live == said


def test_a_wrong_password(postgres: PostgresServer, schema: str) -> None:
    postgres.run("CREATE ROLE guarded LOGIN PASSWORD 'right'")
    file = postgres.folder / "pg_hba.conf"
    former = file.read_text()
    try:
        file.write_text(f"host all guarded all scram-sha-256\n{former}")
        postgres.run("SELECT pg_reload_conf()")
        url = f"postgresql://guarded:{SECRET}@{postgres.address}/postgres?schema={schema}"
        said = refusal_of(lambda: open_store(url), StoreError)
        assert "password authentication failed" in said
        said = refusal_of(lambda: open_store(url.replace(SECRET, "right")), StoreError)
        assert "acknowledges what may be lost" in said
    finally:
        file.write_text(former)
        postgres.run("SELECT pg_reload_conf()")
        postgres.run("DROP ROLE guarded")


def test_a_database_that_is_not_there(postgres: PostgresServer) -> None:
    said = refusal_of(lambda: open_store(postgres.url(database="nowhere")), StoreError)
    assert 'database "nowhere" does not exist' in said


def test_a_store_that_is_not_there_is_not_made_for_reading(
    postgres: PostgresServer, schema: str
) -> None:
    said = refusal_of(lambda: open_log(postgres.url(schema)), StoreNotFoundError)
    assert f"the schema {schema} holds no store" in said
    assert postgres.run("SELECT to_regnamespace(%s) IS NULL", (schema,)) == [(True,)]


@pytest.mark.parametrize(
    "tables",
    [
        ["events (id int)"],
        ["heads (log_id text)", "writers (name text)"],
        ["store_format (a int)"],
        ["store_format (magic int, format text)"],
        ["store_format (magic text, format int)"],
    ],
)
def test_a_database_of_another_program(
    postgres: PostgresServer, schema: str, tables: Sequence[str]
) -> None:
    postgres.run(f"CREATE SCHEMA {schema}")
    for table in tables:
        postgres.run(f"CREATE TABLE {schema}.{table}")
    for must_exist in (False, True):
        said = refusal_of(
            lambda must_exist=must_exist: open_store(  # type: ignore[misc]
                postgres.url(schema), must_exist=must_exist, durability="relaxed"
            ),
            NotAnAuditStoreError,
        )
        assert "holds another program's tables" in said
    (count,) = postgres.run(
        "SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace(%s) AND relkind = 'r'",
        (schema,),
    )[0]
    assert count == len(tables)


def test_a_newer_format(postgres: PostgresServer, schema: str) -> None:
    open_store(postgres.url(schema), durability="relaxed").close()
    postgres.run(f"UPDATE {schema}.store_format SET format = 3")
    for must_exist in (False, True):
        said = refusal_of(
            lambda must_exist=must_exist: open_store(  # type: ignore[misc]
                postgres.url(schema), must_exist=must_exist, durability="relaxed"
            ),
            NewerStoreError,
        )
        assert "has format 3, and this version reads up to 2" in said


def test_a_store_that_lacks_a_table(postgres: PostgresServer, schema: str) -> None:
    open_store(postgres.url(schema), durability="relaxed").close()
    postgres.run(f"DROP TABLE {schema}.late_details")
    said = refusal_of(lambda: open_log(postgres.url(schema)), StoreError)
    assert "lacks its table late_details" in said


def test_a_role_without_rights(postgres: PostgresServer, schema: str) -> None:
    postgres.run("CREATE ROLE nobody_at_all LOGIN")
    try:
        url = postgres.url(schema, user="nobody_at_all")
        said = refusal_of(lambda: open_store(url, durability="relaxed"), ReadOnlyStoreError)
        assert "does not let this role do that (permission denied for database postgres)" in said
        open_store(postgres.url(schema), durability="relaxed").close()
        said = refusal_of(lambda: open_store(url, must_exist=True), ReadOnlyStoreError)
        assert f"permission denied for schema {schema}" in said
    finally:
        postgres.run("DROP ROLE nobody_at_all")


def test_a_server_whose_word_is_worth_less_is_refused_or_taken_and_said(
    postgres: PostgresServer, schema: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = postgres.url(schema)
    said = refusal_of(lambda: EventLogger(store=url), StoreError)
    assert "fsync=off, full_page_writes=off, synchronous_commit=off" in said
    assert 'durability="relaxed"' in said
    assert postgres.run("SELECT to_regnamespace(%s) IS NULL", (schema,)) == [(True,)]
    with EventLogger(store=url, durability="relaxed"):
        assert caplog.text.count("acknowledges may be lost in a power cut") == 1
    # Whoever only reads is told nothing of it.
    caplog.clear()
    open_log(url).close()
    assert caplog.text == ""


def test_a_setting_may_be_of_one_role(postgres: PostgresServer, schema: str) -> None:
    postgres.run("CREATE ROLE hasty LOGIN SUPERUSER")
    postgres.run("ALTER ROLE hasty SET synchronous_commit = 'local'")
    postgres.set("synchronous_standby_names", "a")
    try:
        url = postgres.url(schema, user="hasty")
        said = refusal_of(lambda: open_store(url), StoreError)
        assert "(fsync=off, full_page_writes=off, synchronous_commit=local)" in said
    finally:
        postgres.set("synchronous_standby_names", "")
        postgres.run("DROP ROLE hasty")


def test_without_the_driver_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from event_logger import EventLogger, StoreError\n"
        "EventLogger(store=':memory:').close()\n"
        "try: EventLogger(store='postgresql://u:s3cret@host/db')\n"
        "except StoreError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "pip install 'event-logger[postgres]'" in done.stdout
    assert done.stdout.count("\n") == 1
    assert SECRET not in done.stdout


def test_a_file_store_needs_no_driver() -> None:
    program = (
        "import sys\n"
        "from event_logger import EventLogger\n"
        "EventLogger(store=':memory:').close()\n"
        "print('psycopg' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_what_is_a_files_alone_says_what_to_do(postgres: PostgresServer, schema: str) -> None:
    url = postgres.url(schema).replace("postgres@", f"postgres:{SECRET}@")
    said = refusal_of(lambda: back_up_store(url, "copy.db"), StoreError)
    assert "pg_basebackup" in said
    said = refusal_of(lambda: upgrade_store(url, "copy.db"), StoreError)
    assert "leave --to out" in said
    open_store(url, durability="relaxed").close()
    assert upgrade_store(url)[1:] == (2, 2, 0, 0)


def test_no_password_on_the_command_line_either(postgres: PostgresServer) -> None:
    url = f"postgresql://user:{SECRET}@127.0.0.1:1/db?sslpassword={SECRET}"
    done = run("stats", "--store", url, code=1)
    assert SECRET not in done.stdout + done.stderr
    assert "cannot be reached" in done.stderr


def test_no_password_in_what_a_logger_shows(postgres: PostgresServer, schema: str) -> None:
    url = postgres.url(schema).replace("postgres@", f"postgres:{SECRET}@")
    with EventLogger(store=url, durability="relaxed") as logger:
        store: Any = logger._logs.store
        shown = [repr(logger), repr(store), store.url, repr(vars(store)), str(logger.health(False))]
    assert SECRET not in "".join(shown)
    assert store.url == postgres.url(schema)
