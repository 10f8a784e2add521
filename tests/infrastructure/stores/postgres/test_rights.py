"""What the manual's three roles may do, and what they may not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from domain.audit_log import AuditLog
from domain.errors import ReadOnlyStoreError
from event_logger import EventLogger, open_log
from infrastructure.audit_logs import AuditLogs
from infrastructure.continued import LOG_CONTINUED
from infrastructure.copying import copy_logs
from infrastructure.log_events import of_the_log
from infrastructure.store import AtTheEnd
from infrastructure.stored import Writes
from infrastructure.stores import open_store
from tests.commands import run
from tests.postgres_server import PostgresServer
from tests.redis_server import RedisServer, eventually
from tests.small_log import fill
from tests.support import ROOT, log_amounts, url_of

ROLES = ("desk_owner", "desk_appender", "desk_reader")
TABLES = ("events", "transitions", "writers", "audit_logs", "heads", "event_ids", "corrections")


class Desk:
    """A database of its own whose roles are as the manual has them."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server

    def url(self, role: str) -> str:
        return self.server.url(user=f"desk_{role}", database="trading")

    def run(self, role: str, statement: str) -> None:
        with self.server.connect(user=f"desk_{role}", dbname="trading") as connection:
            connection.execute(statement.encode())

    def make(self) -> None:
        roles, grants = re.findall(
            r"^```sql\n(.*?)^```", (ROOT / "docs/postgresql.md").read_text(), re.M | re.S
        )
        self.server.run("CREATE DATABASE trading")
        self.server.run(roles)
        open_store(self.url("owner"), durability="relaxed").close()
        self.run("owner", grants)

    def drop(self) -> None:
        self.server.run("DROP DATABASE IF EXISTS trading WITH (FORCE)")
        for role in ROLES:
            self.server.run(f"DROP ROLE IF EXISTS {role}")


@pytest.fixture(scope="module")
def desk(postgres: PostgresServer) -> Iterator[Desk]:
    """One for all: what they try changes nothing."""
    made = Desk(postgres)
    try:
        made.make()
        log_everything(made)
        yield made
    finally:
        made.drop()


def log_everything(desk: Desk) -> None:
    """By an appender, so that every table has rows."""
    with EventLogger(
        "live", store=desk.url("appender"), redis=False, durability="relaxed"
    ) as logger:
        (order,) = log_amounts(logger, 1)
        logger.update_event(order, {"status": "confirmed", "tx_hash": "0xa"})
        when = logger.events[0]["timestamp"]
        logger.log_event(when, "LOAN_CREATED", "AAVE", event_id="id")
        logger.log_correction(when, order, {"amount": 2}, "a slip")
        logger.log_event(when, "LOAN_CREATED", "AAVE", parent_event=order)


def test_an_appender_logs_and_follows(desk: Desk, server: RedisServer) -> None:
    with EventLogger(store=desk.url("appender"), log="backtest", durability="relaxed") as logger:
        log_amounts(logger, *range(300))
    options: dict[str, Any] = {"store": desk.url("appender"), "log": "desk"}
    with EventLogger("live", redis=server.url, durability="relaxed", **options) as logger:
        log_amounts(logger, *range(5))
        eventually(lambda: server.logged() == [1, 2, 3, 4, 5])
        assert logger.live_status()["counts"] == {"pending": 5}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("role", ["appender", "reader"])
def test_nothing_is_ever_deleted_or_truncated(desk: Desk, role: str, table: str) -> None:
    for statement in ("DELETE FROM", "TRUNCATE"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            desk.run(role, f"{statement} event_logger.{table}")


@pytest.mark.parametrize(
    "change",
    [
        "events SET state = 'x'",
        "events SET committed_at = 0",
        "transitions SET state = 'x'",
        "audit_logs SET name = 'x'",
        "event_ids SET event_order = 1",
        "transaction_hashes SET event_order = 1",
        "corrections SET correction_order = 1",
        "writers SET introduction = 'x'",
        "writers SET ended_at = 1",
        "writers SET ended_at = NULL",
        "heads SET last_order = last_order - 1",
        "heads SET transition = 0",
        "heads SET epoch = epoch - 1",
        "heads SET committed_at = committed_at - 1",
        "heads SET committed_at = NULL",
        "heads SET log_id = gen_random_uuid()",
        "store_format SET format = 1",
    ],
)
def test_nothing_is_changed_and_no_head_set_back(desk: Desk, change: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        desk.run("appender", f"UPDATE event_logger.{change}")


def test_a_reader_opens_reads_audits_and_exports(desk: Desk, tmp_path: Path) -> None:
    url = desk.url("reader")
    with open_log(url) as reader:
        assert reader.global_order == 4
        assert reader.live_status()["counts"]
        assert len(reader.history(1)) == 2
        reader.export_to_csv(str(tmp_path / "log.csv"))
    store = ("--store", url, "--log", "default")
    for command in ("events", "stats", "status", "logs", "certify -o -"):
        run(*command.split(), *(store if command != "logs" else store[:2]))
    run("export", "--format", "jsonl", "-o", str(tmp_path / "log.jsonl"), *store)


def test_a_reader_cannot_write(desk: Desk) -> None:
    url = desk.url("reader")
    with pytest.raises(ReadOnlyStoreError, match="does not let this role do that"):
        with EventLogger("live", store=url, redis=False, durability="relaxed") as logger:
            log_amounts(logger, 1)
    with open_log(desk.url("owner")) as reader:
        assert reader.global_order == 4


def test_an_appender_copies_there_and_a_reader_copies_away(desk: Desk, tmp_path: Path) -> None:
    source, back = url_of(tmp_path / "source.db"), url_of(tmp_path / "back.db")
    with EventLogger("live", store=source, log="moved", redis=False) as logger:
        fill(logger)
    with pytest.raises(ReadOnlyStoreError, match="does not let this role"):
        copy_logs(source, desk.url("reader"), durability="relaxed")
    (done,) = copy_logs(source, desk.url("appender"), close_source=True, durability="relaxed")
    assert (done.events, done.is_copy) == (11, False)
    (again,) = copy_logs(desk.url("reader"), back, ["moved"])
    assert (again.root, again.is_copy) == (done.root, True)


def test_the_owner_alone_has_a_log_go_on_under_another_identity(desk: Desk) -> None:
    for role, goes_on in (("appender", False), ("owner", True)):
        with AuditLogs(desk.url(role), durability="relaxed") as logs:
            log = logs.open_or_create("restored", "live")

            def continued(at_end: AtTheEnd, log: AuditLog = log) -> Writes:
                said = {"identity": "another"}
                return Writes(of_the_log(log, at_end, LOG_CONTINUED, said), identity="another")

            if goes_on:
                logs.store.appends.append(log.id, logs.writer(log), continued)
            else:
                with pytest.raises(ReadOnlyStoreError, match="does not let this role do that"):
                    logs.store.appends.append(log.id, logs.writer(log), continued)
            assert (logs.get("restored").identity == "another") is goes_on
            assert logs.store.reads.end(log.id).horizon.order == int(goes_on)
