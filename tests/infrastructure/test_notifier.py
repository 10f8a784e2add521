"""A notifier ends when it is told to and not before, whatever fails meanwhile."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from domain.errors import StoreError
from event_logger import EventLogger
from infrastructure.audit_logs import AuditLogs
from infrastructure.followers.notifier import Notifier
from infrastructure.redis.publisher import RedisPublisher
from infrastructure.stores.sqlite.followers import SQLiteFollowers
from infrastructure.stores.sqlite.reads import SQLiteReads
from tests.redis_server import RedisServer, eventually
from tests.support import HOUR, PATIENCE, ROOT, log_amounts, url_of

BACKLOG = 40_000


@pytest.fixture
def store(tmp_path: Path) -> str:
    return url_of(tmp_path / "live.db")


@contextmanager
def notifier(store: str, server: RedisServer) -> Iterator[Notifier]:
    """A notifier of its own, that no logger starts or stops."""
    logs = AuditLogs(store)
    log = logs.get("default")
    one = Notifier(logs.store, log, RedisPublisher(server.url, "", log.identity or ""))
    try:
        yield one
        one.request_stop()
        if one.thread._thread.ident is not None:
            one.thread._thread.join()
    finally:
        logs.close()


def log_many(logger: EventLogger, events: int) -> None:
    entry = logger._log.intake.event(
        timestamp=HOUR,
        event_type="PRICE_UPDATE",
        venue="BINANCE",
        token="ETH",
        amount=1,
        position_snapshot=None,
        event_data={},
    )
    for _ in range(events // 1000):
        logger.writer.submit_all([entry] * 1000)


def test_a_backlog_does_not_keep_a_notifier_from_ending_and_nothing_of_it_is_lost(
    store: str, server: RedisServer
) -> None:
    with EventLogger("live", store=store, redis=False) as logger:
        log_many(logger, BACKLOG)
    with server.client() as client:
        with notifier(store, server) as first:
            first.start()
            eventually(lambda: client.xlen("events:stream") > 0)
            first.request_stop()
            first.thread._thread.join(20)
            assert not first.thread._thread.is_alive()
            published = client.xlen("events:stream")
            assert 0 < published < BACKLOG
        with notifier(store, server) as second:
            second.start()
            eventually(lambda: client.xlen("events:stream") == BACKLOG)
        assert server.logged() == list(range(1, BACKLOG + 1))


def test_sigterm_ends_notify_while_it_stands_by(store: str, server: RedisServer) -> None:
    with EventLogger("live", store=store, redis=server.url) as logger:
        log_amounts(logger, 1)
        eventually(lambda: server.logged() == [1])
        command = [sys.executable, "-W", "error", "-m", "event_logger.cli", "notify"]
        with subprocess.Popen(
            [*command, "--store", store, "--redis", server.url],
            cwd=ROOT,
            text=True,
            stderr=subprocess.PIPE,
        ) as program:
            assert program.stderr is not None
            assert "publishing log 'default'" in program.stderr.readline()
            program.send_signal(signal.SIGTERM)
            assert program.wait(PATIENCE) == 0


@pytest.mark.parametrize("module", ["threading.py", "notifier.py", "follower.py", "wake.py"])
def test_a_signal_may_come_at_any_moment(store: str, server: RedisServer, module: str) -> None:
    """A handler runs between any two lines of the thread that waits, which may hold locks."""
    EventLogger("live", store=store, redis=False).close()
    lines: set[tuple[str, int]] = set()

    def ends_when_stopped_at_a_new_line() -> bool:
        with notifier(store, server) as one:
            stopped_at: list[tuple[str, int]] = []

            def trace(frame: FrameType, event: str, _: Any) -> Any:
                line = (frame.f_code.co_filename, frame.f_lineno)
                is_there = line[0].endswith(module) and event == "line" and line not in lines
                if is_there and not stopped_at and one._lease.is_held:
                    stopped_at.append(line)
                    lines.add(line)
                    one.request_stop()
                return trace

            def run() -> None:
                sys.settrace(trace)
                one.run()

            thread = threading.Thread(target=run, daemon=True)
            thread.start()
            thread.join(0.5)
            if not stopped_at:
                one.request_stop()
            thread.join(10)
            assert not thread.is_alive(), f"told to stop at {stopped_at}, it waits forever"
            return bool(stopped_at)

    while ends_when_stopped_at_a_new_line():
        pass
    assert lines


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.INFO, logger="event_logger"):
        yield caplog


@pytest.mark.parametrize("error", [StoreError("sqlite:///x", "failed (disk full)"), KeyError("x")])
@pytest.mark.parametrize(
    ("part", "method"), [(SQLiteReads, "entries"), (SQLiteFollowers, "store_position")]
)
def test_what_fails_in_the_notifier_is_told_once_and_waited_out(
    store: str,
    server: RedisServer,
    told: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    part: type,
    method: str,
    error: Exception,
) -> None:
    failures = []
    works = getattr(part, method)

    def fails(*arguments: Any) -> Any:
        if threading.current_thread().name != "event-log-notifier":
            return works(*arguments)
        failures.append(1)
        raise error

    with EventLogger("live", store=store, redis=server.url) as logger:
        log_amounts(logger, 1)
        eventually(lambda: server.logged() == [1])
        monkeypatch.setattr(part, method, fails)
        for n in range(4):
            log_amounts(logger, n)
            eventually(partial(lambda n: len(failures) > n, n))
        monkeypatch.undo()
        log_amounts(logger, 6)
        eventually(lambda: server.logged() == [1, 2, 3, 4, 5, 6])
        eventually(
            lambda: any(
                "; log 'default'" in one.getMessage()
                for one in told.records
                if one.levelname == "INFO"
            )
        )
    levels = [one.levelname for one in told.records]
    assert levels == ["WARNING", "INFO"]
