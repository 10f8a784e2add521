"""On a server: what plain SQL changed is found and named, and only what is durable is signed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from event_logger import EventLogger, LogBehindError
from infrastructure.audit_logs import AuditLogs
from infrastructure.checkpointing import Checkpointing
from infrastructure.signing import read_key
from tests.commands import run
from tests.postgres_server import PostgresServer, running, server_folder
from tests.small_log import fill
from tests.support import HOUR

SLOW = {"wal_writer_delay": "1000ms", "synchronous_commit": "on"}


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server that puts what nobody waits for on its disk once a second."""
    with running(server_folder(tmp_path_factory, "slow"), settings=SLOW) as server:
        yield server


@pytest.fixture
def url(
    slow: PostgresServer,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    schema = f"s{abs(hash(request.node.name))}"
    monkeypatch.setenv("EVENT_LOGGER_CHECKPOINTS", str(tmp_path / "kept"))
    monkeypatch.chdir(tmp_path)
    run("key", "new", "key", "--prefix", "example.com/desk1")
    url = slow.url(schema)
    with EventLogger("live", store=url, redis=False) as logger:
        fill(logger)
    run("checkpoint", "--store", url, "--key", "key", "-o", "held")
    yield url
    slow.run(f"DROP SCHEMA {schema} CASCADE")


CHANGED = "UPDATE {s}.events SET state = replace(convert_from(state, 'UTF8'), '\"amount\":1',"
FREED = "ALTER TABLE {s}.heads DISABLE TRIGGER ALL"
HEAD = "UPDATE {s}.heads SET"
ATTACKS = {
    "a value changed": (3, (CHANGED + " '\"amount\":2')::bytea WHERE event_order = 3",)),
    "a row deleted": (3, ("DELETE FROM {s}.events WHERE event_order = 3",)),
    "the tail cut": (
        10,
        (
            FREED,
            HEAD + " last_order = 9",
            "DELETE FROM {s}.events WHERE event_order = 10",
        ),
    ),
    "a commit's time": (5, ("UPDATE {s}.events SET committed_at = 1 WHERE event_order = 5",)),
    "who wrote": (
        0,
        (
            "ALTER TABLE {s}.writers DISABLE TRIGGER ALL",
            "UPDATE {s}.writers SET introduction = '{{}}'",
        ),
    ),
    "a transition moved": (1, ("UPDATE {s}.transitions SET after_order = 8 WHERE number = 1",)),
    "a transition given to another": (
        9,
        ("UPDATE {s}.transitions SET event_order = 9 WHERE number = 1",),
    ),
    "a transition before the first": (
        1,
        (
            "INSERT INTO {s}.transitions SELECT (jsonb_populate_record(t, jsonb_build_object("
            "'number', 0, 'version', 4))).* FROM {s}.transitions t WHERE number = 1",
        ),
    ),
    "the steps of one event in another order": (
        1,
        tuple(
            "UPDATE {s}.transitions SET version = " + f"{new} WHERE event_order = 1"
            f" AND version = {old}"
            for old, new in ((2, -1), (3, 2), (-1, 3))
        ),
    ),
    "an event before the opening": (
        0,
        (
            "INSERT INTO {s}.events SELECT (jsonb_populate_record(e, jsonb_build_object("
            "'event_order', -1))).* FROM {s}.events e WHERE event_order = 1",
        ),
    ),
    "the head behind its log": (10, (FREED, HEAD + " last_order = 9")),
    "the head's count of transitions": (11, (FREED, HEAD + " transition = 4")),
    "the head without transitions": (9, (FREED, HEAD + " last_order = 8, transition = 0")),
    "what the store calls it": (
        0,
        ("UPDATE {s}.audit_logs SET identity = '00000000-0000-4000-8000-000000000000'",),
    ),
}


@pytest.mark.parametrize("tiles", ["kept", "lost"])
@pytest.mark.parametrize("what", ATTACKS)
def test_what_was_changed_is_found_and_named(
    slow: PostgresServer, url: str, what: str, tiles: str
) -> None:
    schema = url.partition("schema=")[2]
    vkey = run("key", "show", "key", "--store", url).stdout.strip()
    order, statements = ATTACKS[what]
    for statement in statements:
        slow.run(statement.format(s=schema))
    if tiles == "lost":
        slow.run(f"DROP TABLE {schema}.tiles")
    held = ("verify", "--store", url, "--checkpoint", "held", "--vkey", vkey, "--json")
    found = json.loads(run(*held, code=1).stdout)
    assert (found["first_order"], found["last_order"]) == (order, order)
    run("checkpoint", "--store", url, "--key", "key", "-o", "new", code=1)


def test_a_log_that_lost_its_tail_goes_on_under_a_new_identity(
    slow: PostgresServer, url: str
) -> None:
    schema = url.partition("schema=")[2]
    for statement in ATTACKS["the tail cut"][1]:
        slow.run(statement.format(s=schema))
    with pytest.raises(LogBehindError):
        EventLogger("live", store=url, redis=False)
    with EventLogger("live", store=url, redis=False, after_restore=True) as logger:
        logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 4)
        types = [event["event_type"] for event in logger.events[-2:]]
    assert types == ["LOG_CONTINUED", "STAKE_DEPOSIT"]
    run("checkpoint", "--store", url, "--key", "key", "-o", "new")
    run("verify", "--store", url, "--checkpoint", "new")


@pytest.mark.parametrize("page", [1, 2, 3, 9])
def test_a_log_of_many_pages_holds(url: str, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr("infrastructure.stores.postgres.reads._PAGE", page)
    run("verify", "--store", url, "--checkpoint", "held")


def test_tiles_come_to_a_store_from_before_there_were_any(slow: PostgresServer, url: str) -> None:
    schema = url.partition("schema=")[2]
    slow.run(f"DROP TABLE {schema}.tiles")
    run("prove", "5", "--store", url, "--checkpoint", "held", "-o", "proof")
    run("verify", "proof", "--checkpoint", "held")
    assert slow.run(f"SELECT count(*) FROM {schema}.tiles") == [(1,)]


@pytest.mark.parametrize("must_exist", [False, True])
def test_only_what_is_on_the_servers_disk_is_signed(
    slow: PostgresServer, url: str, must_exist: bool
) -> None:
    schema = url.partition("schema=")[2]
    with AuditLogs(url, must_exist=must_exist) as logs, slow.connect() as session:
        log = logs.get("default")
        checkpointing = Checkpointing(logs.store, log, read_key("key"))
        # Another program appends without waiting for the disk: readers see it at once.
        session.execute("SET synchronous_commit = off")
        session.execute(
            f"INSERT INTO {schema}.events SELECT log_id, event_order + 1, topic, state,"
            f" committed_at, writer, token FROM {schema}.events WHERE event_order = 10"
        )
        session.execute(f"UPDATE {schema}.heads SET last_order = 11")
        session.commit()
        ((written,),) = slow.run("SELECT pg_current_wal_insert_lsn()::text")
        signed = checkpointing.sign()
        assert signed.checkpoint.size == 17
        assert slow.run(f"SELECT pg_current_wal_flush_lsn() >= '{written}'") == [(True,)]
