"""A notifier ends when it is told to and not before; a tail loses nothing when Redis restarts."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from domain.errors import StoreError
from event_logger import EventLogger
from infrastructure.application import AuditLogs
from infrastructure.live_logs import LiveLogs
from infrastructure.notifier import Notifier
from infrastructure.redis_notifier import RedisPublisher
from infrastructure.redis_tail import Heard, RedisTail
from tests.redis_server import RedisServer, eventually
from tests.support import HOUR, ROOT, log_amounts, url_of

BACKLOG = 40_000


@pytest.fixture
def store(tmp_path: Path) -> str:
    return url_of(tmp_path / "live.db")


@contextmanager
def notifier(store: str, server: RedisServer) -> Iterator[Notifier]:
    """A notifier of its own, that no logger starts or stops."""
    logs = AuditLogs(store)
    one = Notifier(logs, logs.get("default"), RedisPublisher(server.url))
    try:
        yield one
        one.request_stop()
        if one._thread.ident is not None:
            one._thread.join()
    finally:
        logs.close()


def log_many(logger: EventLogger, events: int) -> None:
    prepared = logger._log.prepare_event(
        timestamp=HOUR,
        event_type="PRICE_UPDATE",
        venue="BINANCE",
        token="ETH",
        amount=1,
        position_snapshot=None,
        event_data={},
    )
    for _ in range(events // 1000):
        logger.writer.append_group([prepared] * 1000)


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
            first._thread.join(20)
            assert not first._thread.is_alive()
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
            assert program.wait(20) == 0


@pytest.mark.parametrize("module", ["threading.py", "notifier.py", "commit_signal.py"])
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
@pytest.mark.parametrize("method", ["committed", "store_position"])
def test_what_fails_in_the_notifier_is_told_once_and_waited_out(
    store: str,
    server: RedisServer,
    told: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    error: Exception,
) -> None:
    failures = []
    works = getattr(LiveLogs, method)

    def fails(*arguments: Any) -> Any:
        if threading.current_thread().name != "event-log-notifier":
            return works(*arguments)
        failures.append(1)
        raise error

    with EventLogger("live", store=store, redis=server.url) as logger:
        log_amounts(logger, 1)
        eventually(lambda: server.logged() == [1])
        monkeypatch.setattr(LiveLogs, method, fails)
        for n in range(4):
            log_amounts(logger, n)
            eventually(partial(lambda n: len(failures) > n, n))
        monkeypatch.undo()
        log_amounts(logger, 6)
        eventually(lambda: server.logged() == [1, 2, 3, 4, 5, 6])
        eventually(lambda: "publishes what was missed" in told.text)
    levels = [one.levelname for one in told.records]
    assert levels == ["WARNING", "INFO"]


class Tailing:
    """A `RedisTail` in a thread, and the orders of the events that it told."""

    def __init__(self, tail: RedisTail) -> None:
        self.told: list[Heard] = []
        self._tail = tail
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen)

    def _listen(self) -> None:
        for heard in self._tail.messages(self._stopping):
            self.told.append(heard)

    def orders(self) -> list[int]:
        return [json.loads(data)["order"] for channel, data in self.told if "logged" in channel]

    def __enter__(self) -> Tailing:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopping.set()
        self._thread.join()


def subscribed(server: RedisServer) -> bool:
    with server.client() as client:
        found: Any = client.pubsub_numsub("events:logged")
        return bool(dict(found)["events:logged"])


@pytest.mark.parametrize("logged_before", [0, 1])
def test_a_tail_that_has_heard_nothing_yet_misses_nothing_when_redis_restarts(
    store: str, server: RedisServer, logged_before: int
) -> None:
    with EventLogger("live", store=store, redis=server.url) as logger:
        log_amounts(logger, *range(logged_before))
        eventually(lambda: len(server.logged()) == logged_before)
        with Tailing(RedisTail(server.url)) as tailing:
            eventually(lambda: subscribed(server))
            # So that the notifier has stored its position.
            time.sleep(0.3)
            server.kill()
            first = logged_before + 1
            log_amounts(logger, 1, 2)
            server.start()
            eventually(lambda: server.logged() == [first, first + 1])
            eventually(lambda: tailing.orders() == [first, first + 1])
            log_amounts(logger, 3)
            eventually(lambda: tailing.orders() == [first, first + 1, first + 2])


NOISE = [b"no JSON", b"\xff\xfe", b"[1]", b"5", b"{}", b'{"order":"x"}', b'{"order":true}']


def test_a_tail_ignores_what_no_log_has_published(store: str, server: RedisServer) -> None:
    with EventLogger("live", store=store, redis=server.url) as logger:
        with Tailing(RedisTail(server.url)) as tailing:
            eventually(lambda: subscribed(server))
            log_amounts(logger, 1)
            eventually(lambda: tailing.orders() == [1])
            with server.client() as client:
                for n, noise in enumerate(NOISE, 10):
                    client.publish("events:logged", noise)
                    fields = {"channel": "events:logged", "data": noise}
                    client.xadd("events:stream", fields, id=f"2-{n}")
                client.xadd("events:stream", {"another": "program's"}, id="2-99")
                client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            log_amounts(logger, 2)
            eventually(lambda: tailing.orders() == [1, 2])
    assert len(tailing.told) == 2
