"""Which moment of a log is meant, what is read there, and what is refused."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
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
from tests.support import HOUR, NOON, StepClock, log_amounts, url_of


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Opened at 12:00:01; then each line of it a second later."""
    store = url_of(tmp_path / "live.db")
    monkeypatch.setattr(clock, "time", StepClock())
    with EventLogger("live", store=store, redis=False) as logger:
        logger.log_stake(HOUR, "LIDO", 1, 1, 1, event_id="stake-1", tx_hash="0x1")  # 1
        logger.update_event(1, {"status": "submitted", "tx_hash": "0x2"})  # 1+1
        logger.log_atomic_transaction(HOUR, "ENTRY", [{"event_type": "SUPPLY", "venue": "AAVE"}])
        logger.update_event(2, {"status": "submitted", "tx_hash": "0x3"})  # 3+2
        logger.update_event(1, {"status": "confirmed"})  # 3+3
        logger.log_event(HOUR, "GAS_FEE_PAID", "ETHEREUM", parent_event=2)  # 4+3
        logger.update_event(2, {"status": "confirmed", "gas_cost_eth": Decimal("0.1")})  # 4+4
    return store


@pytest.fixture
def reader(store: str) -> Iterator[LogReader]:
    with open_log(store) as reader:
        yield reader


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("when", "horizon"),
    [
        (0, "0"),
        (1, "1"),
        (2, "3+1"),
        (3, "3+1"),
        (4, "4+3"),
        (np.int64(3), "3+1"),
        ("2", "3+1"),
        (" 4 ", "4+3"),
        ("0", "0"),
        ("0+0", "0"),
        ("1+0", "1"),
        ("1+1", "1+1"),
        ("3+1", "3+1"),
        ("3+2", "3+2"),
        ("3+3", "3+3"),
        ("4+3", "4+3"),
        (Horizon(0), "0"),
        (Horizon(3, 2), "3+2"),
        (Horizon(*np.array([3, 3])), "3+3"),
        (Horizon(4, 4), "4+4"),
        (at(1), "0"),
        (at(1.5), "0"),
        (at(2), "1"),
        (at(3), "1+1"),
        (at(4), "3+1"),
        (at(4.999999), "3+1"),
        (at(5), "3+2"),
        (at(6), "3+3"),
        (at(7), "4+3"),
        (at(8), "4+4"),
        (datetime(2100, 1, 1, tzinfo=UTC), "4+4"),
        (at(4).replace(tzinfo=None), "3+1"),
        (at(4).astimezone(timezone(timedelta(hours=-5))), "3+1"),
        (pd.Timestamp(at(4)), "3+1"),
        (pd.Timestamp(at(4)) - pd.Timedelta(1, "ns"), "1+1"),
        (np.datetime64("2024-05-12T12:00:04"), "3+1"),
        ("2024-05-12T12:00:04Z", "3+1"),
        ("2024-05-12 12:00:04", "3+1"),
        ("2024-05-12T14:00:04+02:00", "3+1"),
        ("20240512T120004Z", "3+1"),
        ("2024-05-12T12:01", "4+4"),
    ],
)
def test_a_moment_is_an_order_a_horizon_or_a_time(
    reader: LogReader, when: Any, horizon: str
) -> None:
    then = reader.as_of(when)
    assert str(then.horizon) == horizon
    assert then.global_order == len(then.events) == then.horizon.order
    assert then.as_of(str(then.horizon)).horizon == then.horizon


BEFORE = "was opened, at 2024-05-12T12:00:01Z$"


@pytest.mark.parametrize(
    ("when", "sentence"),
    [
        (Horizon(5, 0), r"as_of 5 is beyond the end of log 'default', which is at 4\+4$"),
        (Horizon(4, 5), r"as_of 4\+5 is beyond the end"),
        ("99+0", "as_of 99 is beyond the end"),
        (Horizon(2, 1), r"as_of 2\+1 is inside what was logged at once as orders 2 to 3; write 2"),
        (Horizon(1, 2), r"as_of 1\+2 was never a point of .*: while order 1 .* had 0 to 1 trans"),
        (Horizon(3, 0), r"as_of 3 was never a point of .* it had 1 to 3 transitions$"),
        (Horizon(0, 1), "while order 0 was its last, it had 0 transitions$"),
        (Horizon(4, 1), "it had 3 to 4 transitions$"),
        (Horizon(-1, 0), "is no horizon: order and transition are whole numbers from 0 on"),
        (Horizon(1, True), "is no horizon"),
        (Horizon("1", 1), "is no horizon"),  # type: ignore[arg-type]
        (at(0.999999), BEFORE),
        ("2024-05-12T11:59:59Z", BEFORE),
        ("1999-01-01T00:00", BEFORE),
        ("2024-05-12", "is a date without a time of day; write it as 2024-05-12T00:00:00Z$"),
        ("12/05/2024", r"write an order \(1523\), a horizon \(1523\+40\) or a time"),
        ("14:00", "write an order"),
        ("now", "write an order"),
        ("", "write an order"),
        ("1+", "write an order"),
        ("+1", "write an order"),
        ("1+1+1", "write an order"),
        ("-1", "write an order"),
        ("1.0", "write an order"),
        ("١", "write an order"),
        ("2024-02-30T00:00:00Z", "write an order"),
        ("9" * 5000, "more than any log holds"),
        (True, "as_of True is none of what"),
        (None, "as_of None is none of what"),
        (1.0, "write an order"),
        ((3, 2), "write an order"),
        (date(2024, 5, 12), "write an order"),
        (pd.NaT, "write an order"),
        (timedelta(1), "write an order"),
        ("a\x1b[31m", r"as_of 'a\\x1b\[31m' is none"),
    ],
)
def test_what_is_no_moment_of_the_log_is_refused(
    reader: LogReader, when: Any, sentence: str
) -> None:
    with pytest.raises(HorizonError, match=sentence) as refused:
        reader.as_of(when)
    assert isinstance(refused.value, ValueError)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("when", [5, -1, 10**30, "5", "12345678"])
def test_an_order_that_no_event_has_is_refused(reader: LogReader, when: Any) -> None:
    with pytest.raises(UnknownOrderError, match="names no event of this log: orders run from 1 to"):
        reader.as_of(when)


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
