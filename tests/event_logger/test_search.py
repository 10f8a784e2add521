"""Searching: given a log, the events for which all that is asked holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from event_logger import (
    EventLogger,
    InvalidEventError,
    InvalidTimestampError,
    LogReader,
    Order,
    open_log,
)
from tests.commands import run
from tests.support import HOUR, url_of

LATER = HOUR + timedelta(hours=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "live.db"
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        logger.log_stake(HOUR, "LIDO", 1, 1, 1, event_id="stake-1")
        logger.log_venue_transfer(HOUR, "WALLET", "BINANCE", "USDT", 5)
        logger.log_atomic_transaction(
            HOUR,
            "ENTRY",
            [
                {"event_type": "FLASH_BORROW", "venue": "BALANCER", "token": "WETH", "amount": 1},
                {"event_type": "FLASH_REPAID", "venue": "BALANCER", "token": "WETH", "amount": 1},
            ],
            tx_hash="0xa",
        )
        logger.log_perp_trade(LATER, "BINANCE", "ETHUSDT-PERP", "SHORT", 1, 2000, 2000, 1)
        logger.log_event(LATER, "RISK_ALERT", "BINANCE", purpose='Say "it\'s" ärgerlich')
        logger.log_event(LATER, "BALANCE_CHANGE", "WALLET", parent_event=3)
        logger.update_event(1, {"status": "submitted", "tx_hash": "0x1"})
        logger.update_event(1, {"status": "submitted", "tx_hash": "0x2"})
        logger.update_event(3, {"status": "confirmed", "tx_hash": "0xb"})
    return path


@pytest.fixture
def reader(path: Path) -> Iterator[LogReader]:
    with open_log(url_of(path)) as reader:
        yield reader


@pytest.mark.parametrize(
    ("asked", "orders"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({"event_type": "FLASH_BORROW"}, [4]),
        ({"event_type": "FLASH"}, []),
        ({"venue": "BINANCE"}, [2, 6, 7]),
        ({"venue": "WALLET"}, [2, 8]),
        ({"venue": "BIN"}, []),
        ({"token": "WETH"}, [4, 5]),
        ({"status": "confirmed"}, [3, 4, 5]),
        ({"status": "submitted"}, [1]),
        ({"event_id": "stake-1"}, [1]),
        ({"event_id": "stake"}, []),
        ({"tx_hash": "0x1"}, [1]),
        ({"tx_hash": "0x2"}, [1]),
        ({"tx_hash": "0xa"}, [3, 4, 5]),
        ({"tx_hash": "0xb"}, [3, 4, 5]),
        ({"tx_hash": "0x"}, []),
        ({"parent": 3}, [4, 5, 8]),
        ({"parent": 1}, []),
        ({"parent": 99}, []),
        ({"text": 'Say "it\'s" ä'}, [7]),
        ({"text": "Stake"}, [1]),
        ({"orders": (2, 4)}, [2, 3, 4]),
        ({"orders": (None, 2)}, [1, 2]),
        ({"orders": (7, None)}, [7, 8]),
        ({"orders": (5, 2)}, []),
        ({"since": LATER}, [6, 7, 8]),
        ({"until": LATER}, [1, 2, 3, 4, 5]),
        ({"since": "2024-05-12T15:00Z", "venue": "BINANCE"}, [6, 7]),
        ({"limit": 2}, [1, 2]),
        ({"tx_hash": "0xa", "event_type": "FLASH_REPAID"}, [5]),
        ({"tx_hash": "0xa", "orders": (1, 4)}, [3, 4]),
        ({"tx_hash": "0x1", "event_id": "stake-1"}, [1]),
        ({"tx_hash": "0xa", "event_id": "stake-1"}, []),
        ({"tx_hash": "0xa", "parent": 3}, [4, 5]),
    ],
)
def test_what_is_asked_for_is_found(
    reader: LogReader, asked: dict[str, Any], orders: list[int]
) -> None:
    found = list(reader.search(**asked))
    assert [event["order"] for event in found] == orders
    assert found == [reader.events[order - 1] for order in orders]


@pytest.mark.parametrize("time", ["12/05/2024", "14:00", "now", "24-05-12", "May", ""])
def test_a_time_that_is_none_is_refused(reader: LogReader, time: str) -> None:
    with pytest.raises(InvalidTimestampError, match="is no time"):
        reader.search(since=time)


@pytest.mark.parametrize("name", ["since", "until"])
def test_a_time_that_nanoseconds_cannot_tell_is_refused(reader: LogReader, name: str) -> None:
    criteria: Any = {name: "2300-01-01T00:00:00.000000001Z"}
    with pytest.raises(InvalidTimestampError, match="is beyond what nanoseconds can tell"):
        reader.search(**criteria)


@pytest.mark.parametrize(
    ("criterion", "value"),
    [
        *(
            (name, value)
            for name in ("event_type", "venue", "token", "status", "tx_hash", "event_id", "text")
            for value in ("\ud800", 5, b"x")
        ),
        *(("limit", value) for value in (-1, 1.5, "3", True)),
        *(("parent", value) for value in ("1", 1.0, True)),
        *(("orders", value) for value in (3, (1,), (1, 2, 3), ("1", 2), (1.5, None), "12")),
    ],
)
def test_a_criterion_that_no_event_can_meet_is_refused(
    reader: LogReader, criterion: str, value: Any
) -> None:
    with pytest.raises(InvalidEventError, match=criterion) as refused:
        reader.search(**{criterion: value})
    assert refused.value.path == criterion


def test_orders_are_taken_as_loggers_and_frames_give_them(tmp_path: Path) -> None:
    with EventLogger("live", store=url_of(tmp_path / "a.db"), redis=False) as logger:
        wrapper, detail = logger.log_atomic_transaction(
            HOUR, "B", [{"event_type": "X", "venue": "V"}]
        )
        for parent, first, last in (
            (wrapper, wrapper, detail),
            (np.int64(1), np.int32(1), np.uint8(2)),
            tuple(logger.to_dataframe()["order"].iloc[[0, 0, 1]]),
        ):
            assert [event["order"] for event in logger.search(parent=parent)] == [2]
            assert len(list(logger.search(orders=(first, last), limit=last))) == 2
            assert logger.update_event(parent, {"status": "submitted", "tx_hash": "0x1"}) == 1
            assert len(logger.history(last)) == len(logger.committed(last)) == 2
            assert logger.bundle_tree(last)["event"]["order"] == 1
            assert logger.as_of(last).horizon.order == 2
            assert type(logger.update_event(parent, {"tx_hash": "0x1"})) is Order


def test_a_type_or_venue_that_is_no_text_is_refused(reader: LogReader) -> None:
    with pytest.raises(InvalidEventError, match="event_type must be text"):
        reader.get_events_by_type("\ud800")
    with pytest.raises(InvalidEventError, match="venue must be text"):
        reader.get_events_by_venue("\udcff")


def test_the_command_line_refuses_bytes_that_are_no_text(path: Path) -> None:
    said = run("events", "--store", url_of(path), "--venue", "\udcff", code=1).stderr
    assert said == "event-logger: venue must be text of valid Unicode, not '\\udcff'\n"


@pytest.mark.parametrize("asked", [{"event_id": "stake-1"}, {"tx_hash": "0x2"}, {"parent": 3}])
def test_a_look_up_by_a_key_does_not_scan(
    path: Path, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    connect = sqlite3.connect

    def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    with open_log(url_of(path)) as reader:
        assert list(reader.search(**asked))
    monkeypatch.undo()
    database = sqlite3.connect(path)
    for statement in statements:
        if statement.startswith("SELECT"):
            for *_, step in database.execute(f"EXPLAIN QUERY PLAN {statement}"):
                assert "SCAN stored_events" not in step, statement
                assert "SCAN transaction_hashes" not in step, statement
    database.close()


def test_the_command_line_searches_likewise(path: Path) -> None:
    def orders(*options: str) -> list[str]:
        out = run("events", "--store", url_of(path), *options).stdout
        return [line.split()[0] for line in out.splitlines()[1:]]

    assert orders("--tx-hash", "0xa", "--type", "FLASH_REPAID") == ["5"]
    assert orders("--status", "submitted") == ["1"]
    assert orders("--event-id", "stake-1") == ["1"]
    assert orders("--parent", "3", "--limit", "2") == ["4", "5"]
    assert orders("--text", "Stake") == ["1"]
    assert orders("--venue", "WALLET") == ["2", "8"]


def test_times_are_compared_as_times(tmp_path: Path) -> None:
    with EventLogger(store=url_of(tmp_path / "a.db"), hourly_timestamps=False) as logger:
        for micros in (0, 1, 999_999):
            logger.log_event(HOUR + timedelta(microseconds=micros), "X", "V")
        moment = datetime.fromisoformat("2024-05-12T16:00:00.000001+02:00")
        assert [event["order"] for event in logger.search(since=moment)] == [2, 3]
