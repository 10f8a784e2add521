"""What is read of a log as of then: by loggers and readers, and in asynchronous code."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from event_logger import (
    AsyncEventLogger,
    EventLogger,
    EventLoggerError,
    Horizon,
    HorizonError,
    LoggerClosedError,
    LogReader,
    UnknownOrderError,
    open_log,
)
from infrastructure.stores.sqlite import clock
from tests.event_logger.known_then import at, live_log
from tests.support import HOUR, NOON, StepClock, log_amounts


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(clock, "time", StepClock())
    return live_log(tmp_path)


@pytest.fixture
def reader(store: str) -> Iterator[LogReader]:
    with open_log(store) as reader:
        yield reader


def test_what_came_later_is_not_there(reader: LogReader) -> None:
    then = reader.as_of("3+2")
    for order in (4, 5):
        for read in (then.history, then.bundle_tree, then.committed):
            with pytest.raises(UnknownOrderError, match=r"orders run from 1 to 3$"):
                read(order)
    with pytest.raises(UnknownOrderError):
        then.as_of(4)
    with pytest.raises(HorizonError, match="beyond the end"):
        then.as_of("3+3")
    assert then.as_of(at(100)).horizon == Horizon(3, 2)
    assert [step["status"] for step in then.history(1)] == ["pending", "submitted"]
    assert [detail["event"]["order"] for detail in then.bundle_tree(2)["details"]] == [3]
    assert then.get_events_by_type("GAS_FEE_PAID") == []
    assert then.get_events_by_order_range(1, 9) == list(then.events)
    assert list(then.search(status="confirmed")) == []
    assert then.get_summary_stats()["total_events"] == 3
    assert then.to_dataframe()["status"].tolist() == ["submitted"] * 3


def test_a_hash_is_found_from_when_it_was_had(reader: LogReader) -> None:
    found = {
        when: [[e["order"] for e in reader.as_of(when).search(tx_hash=h)] for h in ("0x2", "0x3")]
        for when in ("1", "1+1", "3+1", "3+2", "4+4")
    }
    assert found == {
        "1": [[], []],
        "1+1": [[1], []],
        "3+1": [[1], []],
        "3+2": [[1], [2, 3]],
        "4+4": [[1], [2, 3]],
    }
    assert [e["order"] for e in reader.as_of(1).search(tx_hash="0x1")] == [1]
    assert list(reader.as_of(0).search(event_id="stake-1")) == []


def test_known_then_and_true_then_combine(reader: LogReader) -> None:
    then = reader.as_of(3)
    assert [event["order"] for event in then.search(until=HOUR)] == []
    assert [event["order"] for event in then.search(since=HOUR, status="pending")] == [2, 3]


@pytest.mark.parametrize(
    ("when", "ages"),
    [("3+2", [2, 0, 0]), (at(5), [2, 0, 0]), (at(5.75), [2.75, 0.75, 0.75]), (1, [0])],
)
def test_ages_are_taken_then(reader: LogReader, when: Any, ages: list[float]) -> None:
    board = reader.as_of(when).live_status(stuck_after=1)
    assert [row["age_seconds"] for row in board["open"]] == ages
    assert [row["order"] for row in board["stuck"]] == [1][: ages[0] > 1]


def test_ages_are_not_taken_at_a_time_that_has_not_come(reader: LogReader) -> None:
    (row,) = reader.as_of("2999-01-01T00:00Z").live_status()["open"]
    assert row["age_seconds"] < (datetime(2999, 1, 1, tzinfo=UTC) - NOON).total_seconds() / 2


def test_health_is_of_now(reader: LogReader) -> None:
    with pytest.raises(HorizonError, match="as_of 1 has no health, which is of now"):
        reader.as_of(1).health()


def test_by_whom_and_when_each_step_was_committed(store: str, reader: LogReader) -> None:
    with EventLogger("live", store=store, redis=False, actor="desk 1") as logger:
        logger.update_event(1, {"status": "finalized"})
        steps = logger.committed(1)
    assert [(s["status"], s["transition"], s["committed_at"]) for s in steps] == [
        ("pending", None, pd.Timestamp(at(2))),
        ("submitted", 1, pd.Timestamp(at(3))),
        ("confirmed", 3, pd.Timestamp(at(6))),
        ("finalized", 5, pd.Timestamp(at(10))),
    ]
    assert [step["writer"]["actor"] for step in steps] == [None, None, None, "desk 1"]
    assert {*steps[0]["writer"]} == {
        *("user", "host", "process", "program", "version", "opened_at", "actor")
    }
    assert reader.as_of(3).committed(1) == steps[:2]
    of_a_detail = [step["transition"] for step in reader.committed(3)]
    assert of_a_detail == [step["transition"] for step in reader.committed(2)] == [None, 2, 4]
    with pytest.raises(UnknownOrderError):
        reader.committed(5)


def test_a_logger_reads_as_of_then_what_it_has_logged() -> None:
    with EventLogger() as logger:
        log_amounts(logger, 1, 2, 3)
        then = logger.as_of(2)
        log_amounts(logger, 4)
        assert [event["amount"] for event in then.events] == [1, 2]
        assert (then.log_name, then.metadata) == (logger.log_name, logger.metadata)
        assert then.live_status()["counts"] == {"completed": 2}
        assert [step["transition"] for step in then.committed(2)] == [None]
        events = then.events
        then.close()
        assert logger.log_event(HOUR, "X", "V") == 5
    for read in (then.get_all_events, lambda: events[0], lambda: then.horizon):
        with pytest.raises(LoggerClosedError):
            read()


def test_it_holds_the_reader_that_it_was_taken_of(store: str) -> None:
    then = open_log(store).as_of(1)
    gc.collect()
    assert [event["order"] for event in then.events] == [1]


def test_asynchronous_code_reads_as_of_then(store: str) -> None:
    async def read() -> None:
        async with AsyncEventLogger("live", store=store, redis=False) as logger:
            then = await logger.as_of("3+2")
            assert [event["order"] async for event in then.events] == [1, 2, 3]
            assert await then.horizon == Horizon(3, 2)
            assert await logger.horizon == Horizon(4, 4)
            assert (await then.events[0])["status"] == "submitted"
            assert len(await then.committed(1)) == 2
            assert [event["order"] async for event in then.search(tx_hash="0x3")] == [2, 3]
            assert (await then.live_status())["counts"] == {"submitted": 3}
            assert (await (await then.as_of(1)).live_status())["counts"] == {"pending": 1}
            with pytest.raises(HorizonError):
                await logger.as_of("yesterday")
        with pytest.raises(LoggerClosedError):
            await then.get_all_events()

    asyncio.run(read())


def test_an_empty_log_is_read_as_of_its_opening() -> None:
    with EventLogger() as logger:
        assert list(logger.as_of(0).events) == []
        with pytest.raises(EventLoggerError, match=r"as_of 1 names no event .* the log is empty"):
            logger.as_of(1)
