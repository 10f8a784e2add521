"""A notifier that hangs and keeps its lease: another steps in; nothing is said twice or lost."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from event_logger import EventLogger
from tests.redis_server import RedisServer, Subscriber, eventually
from tests.support import PATIENCE, log_amounts, start_program, url_of

PUBLISHING = """
logger = EventLogger("live", store=sys.argv[1], redis=sys.argv[2])
logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
print("ready", flush=True)
sys.stdin.read()
"""

HANGING_WITH_A_BATCH_IN_HAND = """
import signal, threading
from infrastructure.redis.publisher import RedisPublisher
publish = RedisPublisher.publish

def hangs(self, messages, *arguments):
    if any('"order":2,' in one.data for one in messages):
        RedisPublisher.publish = publish
        # At this thread, which then does not come a step further.
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
    return publish(self, messages, *arguments)

RedisPublisher.publish = hangs
logger = EventLogger("live", store=sys.argv[1], redis=sys.argv[2])
logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def store(tmp_path: Path) -> str:
    return url_of(tmp_path / "live.db")


@pytest.fixture
def subscriber(server: RedisServer) -> Iterator[Subscriber]:
    one = Subscriber(server)
    yield one
    one.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="event_logger")
    monkeypatch.setattr("infrastructure.followers.standby.HANGING_LOOKS", 4)
    monkeypatch.setattr("infrastructure.followers.notifier.STANDBY_SECONDS", 0.1)


def started(program: str, store: str, server: RedisServer) -> subprocess.Popen[str]:
    first = start_program(program, store, server.url)
    assert first.stdout is not None
    assert first.stdout.readline() == "ready\n"
    eventually(lambda: server.logged() == [1])
    return first


def ended(first: subprocess.Popen[str]) -> str:
    _, said = first.communicate("", timeout=PATIENCE)
    assert first.returncode == 0
    return said


def live(store: str, server: RedisServer) -> EventLogger:
    return EventLogger("live", store=store, redis=server.url)


def test_one_that_stands_by_steps_in_and_steps_back(
    store: str, server: RedisServer, subscriber: Subscriber, caplog: pytest.LogCaptureFixture
) -> None:
    first = started(PUBLISHING, store, server)
    first.send_signal(signal.SIGSTOP)
    with live(store, server) as second:
        log_amounts(second, *range(2, 101))
        eventually(lambda: subscriber.orders() == list(range(1, 101)))
        first.send_signal(signal.SIGCONT)
        for order in range(101, 121):
            assert log_amounts(second, order) == [order]
            eventually(lambda: subscriber.orders()[-1:] == [second.global_order])
        notifier = second.writer._followers[1]  # type: ignore[attr-defined]
        eventually(lambda: not notifier._steps_in)
        log_amounts(second, *range(121, 131))
        eventually(lambda: subscriber.orders() == list(range(1, 131)))
    assert server.logged() == list(range(1, 131))
    assert [one.getMessage() for one in caplog.records if "hangs" in one.getMessage()] == [
        "log 'default': the notifier in another process hangs, with entries before it; this one"
        " publishes until it goes on"
    ]
    assert ended(first).count("this notifier hung, and another process has published") == 1


@pytest.mark.parametrize("waits_for_the_claim", [False, True])
def test_one_that_hung_with_a_batch_in_hand_neither_says_it_again_nor_sets_the_stream_aside(
    store: str, server: RedisServer, subscriber: Subscriber, waits_for_the_claim: bool
) -> None:
    first = started(HANGING_WITH_A_BATCH_IN_HAND, store, server)
    with live(store, server) as second:
        log_amounts(second, 2)
        eventually(lambda: b"State:\tT" in Path(f"/proc/{first.pid}/status").read_bytes())
        log_amounts(second, *range(3, 101))
        eventually(lambda: subscriber.orders() == list(range(1, 101)))
        if not waits_for_the_claim:
            os.kill(first.pid, signal.SIGCONT)
            log_amounts(second, *range(101, 151))
            eventually(lambda: subscriber.orders() == list(range(1, 151)))
    if waits_for_the_claim:
        os.kill(first.pid, signal.SIGCONT)
    with live(store, server) as third:
        last = log_amounts(third, 1)[0]
        eventually(lambda: subscriber.orders() == list(range(1, last + 1)))
    assert server.logged() == list(range(1, last + 1))
    with server.client() as client:
        assert set(client.scan_iter("*")) <= {"events:stream", "events:stream:log"}
    assert "set aside" not in ended(first)


def test_one_that_has_nothing_to_publish_is_not_stepped_in_for(
    store: str, server: RedisServer, subscriber: Subscriber, caplog: pytest.LogCaptureFixture
) -> None:
    first = started(PUBLISHING, store, server)
    with live(store, server) as second:
        log_amounts(second, 2)
        eventually(lambda: subscriber.orders() == [1, 2])
        notifier = second.writer._followers[1]  # type: ignore[attr-defined]
        looks: list[bool] = []
        look = notifier._standby.sees_it_hang

        def seen_to_look() -> bool:
            looks.append(look())
            return looks[-1]

        notifier._standby.sees_it_hang = seen_to_look
        eventually(lambda: len(looks) > 10)
        assert not any(looks)
    assert "hangs" not in caplog.text
    assert ended(first) == ""
