"""From format 1 to format 2: all reads as before, and goes on."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain.audit_log import AuditLog, log_id
from domain.errors import OlderStoreError
from domain.horizon import Horizon
from domain.tags import tagged
from domain.values import decode
from event_logger import EventLogger, open_log
from event_logger.reader import LogReader
from infrastructure.audit_logs import AuditLogs
from infrastructure.followers.board import StatusBoard
from infrastructure.followers.notifier import FOLLOWER
from infrastructure.stored import Stored
from infrastructure.stores import open_store
from tests.infrastructure.stores.sqlite.former import format_1, format_1_store, run_former
from tests.infrastructure.stores.sqlite.upgraded import (
    LIVE,
    LOGS,
    TRANSITIONS,
    format_of,
    former_leaves,
    golden_rows,
    present_leaves,
    rows_of,
    upgraded_store,
)
from tests.support import HOUR, url_of

LATER = (
    *("chain_id", "sender", "exchange_order_id"),
    *("filled_amount", "average_price", "fee", "fee_token"),
)
"""Fields that format 1 did not have, and which read as None."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return upgraded_store(tmp_path)


def read_back(reader: LogReader, log: dict[str, Any]) -> dict[str, Any]:
    """What the reader says of a log, in the words of `format_1.json`."""
    status = reader.live_status()
    for event in status["open"]:
        del event["age_seconds"]
    orders = [event["order"] for event in reader.events] if log["mode"] == "live" else []
    return {
        "metadata": tagged(reader.metadata),
        "live_status": tagged(status),
        "history": {str(order): tagged(reader.history(order)) for order in orders},
        "bundle_trees": [shape(tree) for tree in reader.bundle_trees()],
        "summary": tagged(reader.get_summary_stats()),
    }


def shape(tree: dict[str, Any]) -> list[Any]:
    return [tree["event"]["order"], [shape(detail) for detail in tree["details"]]]


def with_the_wrappers_hash(log: dict[str, Any]) -> dict[str, Any]:
    """The histories; details have their wrapper's transaction from the moment they are logged."""
    found: dict[str, Any] = {order: list(steps) for order, steps in log["history"].items()}
    for event in log["events"]:
        of_wrapper = found.get(str(event["parent_event"]), [{}])[0]
        if "tx_hash" in of_wrapper:
            first, *others = found[str(event["order"])]
            found[str(event["order"])] = [{"tx_hash": of_wrapper["tx_hash"], **first}, *others]
    return found


@pytest.mark.parametrize("name", LOGS)
def test_everything_reads_as_it_did(path: Path, name: str) -> None:
    log = LOGS[name]
    with open_log(url_of(path), name) as reader:
        events = [tagged(event) for event in reader.get_all_events()]
        for event, former in zip(events, log["events"], strict=True):
            later = {name: None for name in LATER if name in event and name not in former}
            assert event == later | former
        now = read_back(reader, log)
    former = {key: log[key] for key in now} | {"history": with_the_wrappers_hash(log)}
    total = former["summary"]["total_amount"]
    if isinstance(total, float):
        # It was of the floats' bits and is of the digits that they are written with.
        assert now["summary"].pop("total_amount") == pytest.approx(total, rel=1e-15)
        former["summary"] = {k: v for k, v in former["summary"].items() if k != "total_amount"}
    assert now == former


@pytest.mark.parametrize("name", LIVE)
def test_the_board_is_folded_anew_and_says_the_same(path: Path, name: str) -> None:
    """In the golden store one board was behind, and one was never begun."""
    expected = LOGS[name]["live_status"]
    with AuditLogs(url_of(path)) as logs:
        board = StatusBoard(logs.store, logs.get(name))
        for _ in range(2):
            found = board.read()
            for event in found["open"]:
                del event["age_seconds"]
            assert tagged(found) == expected
            board.catch_up()
        assert logs.store.board.read(log_id(name)).horizon == logs.horizon(logs.get(name))


@pytest.mark.parametrize("name", LOGS)
def test_a_log_of_before_has_the_identity_that_follows_from_its_opening(
    path: Path, name: str
) -> None:
    (opening,) = (
        row[4] for row in golden_rows() if (row[1], row[2]) == (UUID(LOGS[name]["id"]).hex, 0)
    )
    expected = str(UUID(bytes=hashlib.sha256(opening).digest()[:16]))
    with AuditLogs(url_of(path), must_exist=True) as logs:
        log = logs.get(name)
        assert log.identity == expected
        assert logs.store.reads.writers(log.id) == {}
        end = logs.store.reads.end(log.id)
        assert end.committed_at is None
        assert logs.store.reads.stored(log.id, end.horizon) == Stored(None, None)


def test_a_notifiers_position_becomes_the_horizon_that_it_had_published(path: Path) -> None:
    positions = {
        name: position
        for follower, position in format_1()["tables"]["follower_positions"]
        for name in LOGS
        if follower == f"redis:{LOGS[name]['id']}"
    }
    assert positions
    with open_store(url_of(path), must_exist=True) as store:
        for name, log in LOGS.items():
            found = store.followers.position(FOLLOWER, UUID(log["id"]))
            if name not in positions:
                assert found is None
                continue
            rowids = {row[1:3]: row[0] for row in golden_rows()}
            done = [
                leaf
                for leaf, rowid in zip(former_leaves(log), leaf_rowids(log, rowids), strict=True)
                if rowid <= positions[name]
            ]
            orders = [number for kind, number, *_ in done if kind == "event"]
            assert found == Horizon(orders[-1], len(done) - len(orders))


def leaf_rowids(log: dict[str, Any], rowids: dict[Any, int]) -> list[int]:
    own = UUID(log["id"]).hex
    return [
        rowid
        for rowid, originator, _, topic, state in golden_rows()
        if originator == own or (topic in TRANSITIONS and decode(state, str)["log"] == log["name"])
    ]


@pytest.mark.parametrize("name", LOGS)
def test_the_indexes_say_what_the_events_say(path: Path, name: str) -> None:
    log = LOGS[name]
    one = UUID(log["id"])
    tables = format_1()["tables"]
    with open_store(url_of(path), must_exist=True) as store:
        for of_log, event_id, first, *_ in tables["event_ids"]:
            if of_log == one.hex:
                assert store.reads.order_of(one, event_id) == first
        late = [tuple(row[1:]) for row in tables["late_details"] if row[0] == one.hex]
        assert sorted(store.reads.late_details(one)) == sorted(late)
        had: dict[str, set[int]] = {}
        for kind, number, _, state in former_leaves(log):
            record = decode(state, str)
            order = number if kind == "event" else record["order"]
            if record.get("tx_hash") is not None:
                had.setdefault(record["tx_hash"], set()).add(order)
        for tx_hash, orders in had.items():
            assert store.reads.orders_with_hash(one, tx_hash) == sorted(orders)


def test_a_log_of_before_goes_on(path: Path) -> None:
    name = next(name for name in LIVE if LOGS[name]["history"])
    before = LOGS[name]
    with EventLogger("live", store=url_of(path), log=name, redis=False) as logger:
        order = logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 1, tx_hash="0xfeed")
        logger.update_event(order, {"status": "submitted"})
        assert order == len(before["events"]) + 1
    with AuditLogs(url_of(path), must_exist=True) as logs:
        log = logs.get(name)
        last = logs.horizon(log)
        assert last == Horizon(order, logs.store.reads.entries(log.id, Horizon(0), 9999)[-1].number)  # type: ignore[union-attr]
        assert logs.store.reads.stored(log.id, last).writer == 1
    assert present_leaves(path, before)[: len(former_leaves(before))] == former_leaves(before)


def drop_live_tables(path: Path) -> None:
    """As stores were before live logging: without what follows from the events."""
    with closing(sqlite3.connect(path)) as connection:
        for table in (
            "follower_positions",
            "status_counts",
            "open_events",
            "confirmation_times",
            "confirmation_quantiles",
        ):
            connection.execute(f"DROP TABLE {table}")
        connection.commit()


def test_a_store_without_the_tables_of_live_logs_is_brought_up_too(tmp_path: Path) -> None:
    path = format_1_store(tmp_path)
    drop_live_tables(path)
    open_store(url_of(path)).close()
    assert (format_of(path), rows_of(path)) == (2, golden_rows())
    for name in LIVE:
        with open_log(url_of(path), name) as reader:
            assert read_back(reader, LOGS[name])["live_status"] == LOGS[name]["live_status"]


def test_the_tables_are_those_of_a_new_store(path: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh.db"
    open_store(url_of(fresh)).close()

    def columns(file: Path) -> dict[str, list[tuple[Any, ...]]]:
        with closing(sqlite3.connect(file)) as connection:
            names = connection.execute(
                "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'"
            ).fetchall()
            return {
                name: connection.execute(f"PRAGMA table_info({name})").fetchall()
                for (name,) in names
            }

    assert columns(path) == columns(fresh)


@pytest.mark.parametrize("opening", [open_log, lambda url, log: AuditLogs(url, must_exist=True)])
def test_a_reader_of_a_store_of_before_names_the_command(
    tmp_path: Path, opening: Callable[[str, str], object]
) -> None:
    path = format_1_store(tmp_path)
    with pytest.raises(OlderStoreError, match=r"has format 1 .* event-logger upgrade --store"):
        opening(url_of(path), "default")
    assert (format_of(path), rows_of(path)) == (1, golden_rows())


def test_the_former_version_refuses_an_upgraded_store(path: Path) -> None:
    program = """
from event_logger.reader import open_log
for opening in (lambda url: EventLogger(store=url), open_log):
    try:
        opening(sys.argv[1])
    except Exception as error:
        print(type(error).__name__, error)
"""
    printed = run_former(program, url_of(path)).splitlines()
    assert len(printed) == 2
    for line in printed:
        assert line.startswith("NewerStoreError ")
        assert "has format 2" in line
    assert rows_of(path) == golden_rows()


def test_topics_of_today_are_those_of_the_golden_store() -> None:
    topics = {row[3] for row in golden_rows()}
    assert topics == TRANSITIONS | {AuditLog.Opened.TOPIC, AuditLog.EventLogged.TOPIC}
