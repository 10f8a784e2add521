"""A log that moved: closed where it was, going on where it is, and never in two places."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from event_logger import (
    AsyncEventLogger,
    CopyError,
    EventLogger,
    LogClosedError,
    ProofError,
    open_log,
)
from infrastructure.audit_logs import AuditLogs
from infrastructure.copied_log import CopiedLog
from infrastructure.copying import copy_logs
from infrastructure.followers.notifier import FOLLOWER
from infrastructure.standing import is_copy
from tests.commands import run
from tests.infrastructure.test_notifier import notifier
from tests.redis_server import RedisServer, eventually
from tests.small_log import fill
from tests.support import log_amounts, url_of


class Desk:
    """A log, the store it is moved to, and what is done with both."""

    def __init__(self, folder: Path, mode: str = "live") -> None:
        self.mode = mode
        self.source, self.target = url_of(folder / "source.db"), url_of(folder / "target.db")
        with self.open(self.source) as logger:
            fill(logger)

    def open(self, url: str) -> EventLogger:
        return EventLogger(self.mode, store=url, redis=False)

    def copy(self, **options: Any) -> None:
        copy_logs(self.source, self.target, **options)

    def move(self) -> None:
        self.copy(close_source=True)

    def log(self, url: str, *amounts: int) -> list[int]:
        with self.open(url) as logger:
            return log_amounts(logger, *amounts)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize("mode", ["live", "backtest"])
def test_a_moved_log_ends_in_its_source_and_goes_on_in_the_target(
    tmp_path: Path, mode: str
) -> None:
    desk = Desk(tmp_path, mode)
    desk.move()
    for url in (desk.source, desk.target):
        with open_log(url) as reader:
            event = reader.events[-1]
            assert (event["order"], event["event_type"], event["venue"]) == (
                11,
                "LOG_CLOSED",
                "LOG",
            )
            assert event["status"] == "completed"
            assert event["continued_in"] == desk.target
            committed = reader.committed(11)[0]["committed_at"]
            assert isinstance(event["timestamp"], datetime)
            assert 0 <= (committed - event["timestamp"]).total_seconds() < 60
            assert reader.audit().is_sound
    with pytest.raises(LogClosedError, match="the log is closed, and went on in sqlite:///"):
        desk.open(desk.source)
    assert desk.log(desk.target, 1) == [12]
    desk.move()
    assert desk.log(desk.target, 2) == [13]


def test_loggers_that_have_the_source_open_are_told(desk: Desk) -> None:
    with desk.open(desk.source) as logger:
        log_amounts(logger, 1)
        desk.move()
        for call in (
            lambda: log_amounts(logger, 2),
            lambda: logger.update_event(10, {"status": "submitted", "tx_hash": "0xe"}),
        ):
            with pytest.raises(LogClosedError):
                call()
        assert logger.global_order == 12


async def _log_to(url: str) -> None:
    async with AsyncEventLogger("live", store=url, redis=False) as logger:
        await logger.log_price_update(datetime(2024, 5, 12), "BINANCE", "ETH", 1)


def test_an_asynchronous_logger_is_told_too(desk: Desk) -> None:
    import asyncio

    desk.move()
    with pytest.raises(LogClosedError):
        asyncio.run(_log_to(desk.source))


@pytest.mark.parametrize("step", ["close", "go_on", "verify", "take_over", "finish"])
def test_a_move_that_was_cut_off_goes_on(
    desk: Desk, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = getattr(CopiedLog, step), 0

    def cut_off(self: CopiedLog, *rest: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == (2 if step in ("go_on", "verify") else 1):
            raise KeyboardInterrupt
        return real(self, *rest)

    monkeypatch.setattr(CopiedLog, step, cut_off)
    with pytest.raises(KeyboardInterrupt):
        desk.move()
    with AuditLogs(desk.target) as logs:
        assert is_copy(logs.store, logs.get("default").id) is (step != "finish")
    monkeypatch.undo()
    desk.move()
    assert desk.log(desk.target, 1) == [12]
    with open_log(desk.source) as reader:
        assert reader.global_order == 11


def test_a_log_moves_to_one_store(desk: Desk, tmp_path: Path) -> None:
    desk.move()
    other = url_of(tmp_path / "other.db")
    with pytest.raises(CopyError, match="already, and went on in"):
        copy_logs(desk.source, other, close_source=True)
    with pytest.raises(LogClosedError):
        desk.open(other)
    told = run("take-over", "--store", other).stdout
    assert f"it had gone on in {desk.target}" in told
    assert desk.log(other, 1) == [12]
    again = json.loads(run("take-over", "--store", other, "--json").stdout)
    assert again == {"log": "default", "was_copy": False, "was_closed_for": None}


def test_a_log_moves_on_and_back(desk: Desk) -> None:
    desk.move()
    desk.log(desk.target, 1)
    copy_logs(desk.target, desk.source, close_source=True)
    with pytest.raises(LogClosedError):
        desk.open(desk.target)
    assert desk.log(desk.source, 2) == [14]
    desk.move()
    with pytest.raises(LogClosedError):
        desk.open(desk.source)
    assert desk.log(desk.target, 3) == [16]


def test_a_source_that_cannot_be_closed_is_copied_no_further(desk: Desk) -> None:
    desk.copy()
    desk.log(desk.target, 1)
    with pytest.raises(CopyError, match="by itself, and is not closed in"):
        desk.move()
    assert desk.log(desk.source, 1) == [11]


def test_a_copy_is_signed_once_it_is_taken_over(desk: Desk, tmp_path: Path) -> None:
    key = str(tmp_path / "key")
    run("key", "new", key, "--prefix", "example.com/desk1")
    desk.copy()
    done = run("checkpoint", "--key", key, "--store", desk.target, code=1)
    assert "is a copy in" in done.stderr
    with pytest.raises(ProofError), open_log(desk.target) as reader:
        from infrastructure.proving import Proving
        from infrastructure.signing import read_key

        Proving(reader._logs.store, reader._log).signed(read_key(key))
    run("take-over", "--store", desk.target)
    run("checkpoint", "--key", key, "--store", desk.target)
    desk.log(desk.source, 1)
    desk.copy()
    run("checkpoint", "--key", key, "--store", desk.target, code=1)
    desk.move()
    run("checkpoint", "--key", key, "--store", desk.target)


def test_a_copy_is_published_once_it_is_taken_over(
    desk: Desk, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    desk.copy()
    caplog.set_level(logging.WARNING, "event_logger")
    with notifier(desk.target, server) as one:
        one.start()
        eventually(lambda: one.last_error is not None)
        assert "is a copy in" in (one.last_error or "")
        assert server.streamed() == []
        run("take-over", "--store", desk.target)
        eventually(lambda: len(server.streamed()) >= 16)
    said = [one for one in caplog.messages if "is published once it is taken over" in one]
    assert len(said) == 1


def test_what_was_published_of_the_source_is_not_again(desk: Desk, server: RedisServer) -> None:
    with notifier(desk.source, server) as one:
        one.start()
        eventually(lambda: len(server.streamed()) >= 16)
    desk.move()
    with AuditLogs(desk.target) as logs:
        log = logs.get("default")
        assert logs.store.followers.position(FOLLOWER, log.id) is not None
    before = server.streamed()
    with EventLogger("live", store=desk.target, redis=server.url) as logger:
        log_amounts(logger, 1)
        eventually(lambda: len(server.streamed()) == len(before) + 2)
    assert server.streamed()[: len(before)] == before
    assert [data["order"] for _, data in server.streamed()[-2:]] == [11, 12]
