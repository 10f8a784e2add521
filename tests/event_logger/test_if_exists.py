"""A log that is there already: it goes on, is refused, or another is made beside it."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas as pd
import pytest

from event_logger import (
    AsyncEventLogger,
    EventLogger,
    LogConfigurationError,
    StoreNotFoundError,
    UnknownLogError,
    create_event_logger,
    open_log,
)
from infrastructure.audit_logs import AuditLogs
from infrastructure.stores.sqlite.reads import SQLiteReads

NOON = pd.Timestamp("2024-05-12 12:00", tz="UTC")
HOUR = pd.Timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'runs.db'}"


def run(store: str, log: str = "run-1", at: pd.Timestamp = NOON, **options: Any) -> str:
    with create_event_logger(store=store, log=log, **options) as logger:
        logger.log_price_update(at, "V", "ETH", 1)
        logger.log_price_update(at + HOUR, "V", "ETH", 1)
        return str(logger.log_name)


@pytest.mark.parametrize("mode", ["backtest", "live"])
def test_new_makes_a_log_beside_those_that_are_there(store: str, mode: str) -> None:
    options: dict[str, Any] = {"execution_mode": mode, "redis": False, "if_exists": "new"}
    names = [run(store, **options) for _ in range(3)]
    assert names == ["run-1", "run-1.2", "run-1.3"]
    assert all(len(open_log(store, name).events) == 2 for name in names)
    assert run(store, "run-1.2", **options) == "run-1.2.2"


@pytest.mark.parametrize("mode", ["backtest", "live"])
def test_refuse_refuses_and_changes_nothing(store: str, mode: str) -> None:
    options: dict[str, Any] = {"execution_mode": mode, "redis": False, "if_exists": "refuse"}
    assert run(store, **options) == "run-1"
    with pytest.raises(LogConfigurationError, match=r"^log 'run-1' is there already; .*'new'"):
        run(store, **options)
    assert len(open_log(store, "run-1").events) == 2


def test_of_several_at_once_each_gets_a_name_of_its_own_or_one_is_let_in(store: str) -> None:
    run(store, "other")

    def new(number: int) -> str:
        return run(store, if_exists="new")

    def refused(number: int) -> bool:
        try:
            run(store, "once", if_exists="refuse")
        except LogConfigurationError:
            return True
        return False

    with ThreadPoolExecutor(6) as pool:
        names = list(pool.map(new, range(6)))
        outcomes = list(pool.map(refused, range(6)))
    assert sorted(names) == ["run-1", *(f"run-1.{n}" for n in range(2, 7))]
    assert outcomes.count(False) == 1
    assert len(open_log(store, "once").events) == 2


@pytest.mark.parametrize("if_exists", ["replace", "", None, 3])
def test_anything_else_is_refused_and_makes_nothing(store: str, if_exists: Any) -> None:
    with pytest.raises(LogConfigurationError, match=r"^if_exists must be 'continue', 'refuse' or"):
        EventLogger(store=store, if_exists=if_exists)
    with pytest.raises(LogConfigurationError, match=r"^if_exists must be"):
        AsyncEventLogger(store=store, if_exists=if_exists)
    with pytest.raises(StoreNotFoundError):
        open_log(store)


def test_the_asynchronous_logger_takes_it_too(store: str) -> None:
    async def name() -> str:
        async with AsyncEventLogger(store=store, log="run-1", if_exists="new") as logger:
            await logger.log_price_update(NOON, "V", "ETH", 1)
            return await logger.log_name

    assert [asyncio.run(name()) for _ in range(2)] == ["run-1", "run-1.2"]


@pytest.mark.parametrize(
    ("at", "warnings"), [(NOON, 1), (NOON + HOUR, 0), (NOON + 2 * HOUR, 0), (NOON - HOUR, 1)]
)
def test_a_second_run_into_the_same_log_is_warned_of_once(
    store: str, caplog: pytest.LogCaptureFixture, at: pd.Timestamp, warnings: int
) -> None:
    run(store)
    with caplog.at_level(logging.WARNING, "event_logger"):
        run(store, at=at)
    assert len(caplog.records) == warnings
    for record in caplog.records:
        assert "log 'run-1' holds 2 events up to 2024-05-12T13:00:00Z" in record.getMessage()
        assert "if_exists" in record.getMessage()
    assert len(open_log(store, "run-1").events) == 4


def test_nothing_is_warned_of_that_is_no_second_run(
    store: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "event_logger"):
        with EventLogger(store=store) as logger:
            logger.log_price_update(NOON + HOUR, "V", "ETH", 1, event_id="p")
            logger.log_price_update(NOON, "V", "ETH", 1)
            logger.flush()
            logger.log_price_update(NOON - HOUR, "V", "ETH", 1)
        with EventLogger(store=store) as logger:
            # What is there already.
            assert logger.log_price_update(NOON - 9 * HOUR, "V", "ETH", 1, event_id="p") == 1
        for _ in range(2):
            with EventLogger("live", store=store, log="live", redis=False) as live:
                live.log_price_update(NOON, "V", "ETH", 1)
                live.log_price_update(NOON - HOUR, "V", "ETH", 1)
    assert caplog.records == []


def test_a_bundle_and_an_asynchronous_call_are_warned_of_too(
    store: str, caplog: pytest.LogCaptureFixture
) -> None:
    run(store)

    async def again() -> None:
        async with AsyncEventLogger(store=store, log="run-1") as logger:
            await logger.log_price_update(NOON, "V", "ETH", 1)

    with caplog.at_level(logging.WARNING, "event_logger"):
        asyncio.run(again())
        assert len(caplog.records) == 1
        with (
            EventLogger(store=store, log="run-1") as logger,
            logger.bundle(NOON - HOUR, "b") as bundle,
        ):
            bundle.log_price_update(NOON - HOUR, "V", "ETH", 1)
    assert len(caplog.records) == 2


@pytest.mark.parametrize(("asked", "near"), [("runn-1", "run-1"), ("RUN-2", "run-2")])
def test_a_log_that_is_not_there_is_not_made_and_the_nearest_is_said(
    store: str, asked: str, near: str
) -> None:
    for name in ("run-1", "run-2", "other"):
        run(store, name)
    with pytest.raises(UnknownLogError, match=f"no log '{asked}' .*; the nearest is '{near}'$"):
        open_log(store, asked)
    with AuditLogs(store, must_exist=True) as logs:
        assert logs.names() == ["other", "run-1", "run-2"]


def test_a_store_that_is_not_there_is_not_made_and_the_nearest_is_said(tmp_path: Path) -> None:
    run(f"sqlite:///{tmp_path / 'runs.db'}")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(StoreNotFoundError, match=r"no file .*rnus\.db; the nearest is .*runs\.db$"):
        open_log(f"sqlite:///{tmp_path / 'rnus.db'}")
    with pytest.raises(StoreNotFoundError, match=r"no file .*runs\.db$"):
        open_log(f"sqlite:///{tmp_path / 'missing' / 'runs.db'}")
    assert sorted(tmp_path.iterdir()) == before


def test_a_log_made_while_it_is_looked_for_is_there_and_not_damaged(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    EventLogger(store=store, log="other").close()
    seen = SQLiteReads.opened

    def made_meanwhile(reads: SQLiteReads, log_id: UUID) -> Any:
        found = seen(reads, log_id)
        monkeypatch.setattr(SQLiteReads, "opened", seen)
        run(store)
        return found

    monkeypatch.setattr(SQLiteReads, "opened", made_meanwhile)
    with open_log(store, "run-1") as reader:
        assert reader.global_order == 2
