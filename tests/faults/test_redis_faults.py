"""Redis fails in every way it can: the log goes on, and everything missed arrives in order."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from event_logger import EventLogger
from infrastructure.stores.sqlite.reads import SQLiteReads
from tests.redis_server import RedisServer, Subscriber, eventually
from tests.support import HOUR, PATIENCE, log_amounts, start_program, url_of


@pytest.fixture
def store(tmp_path: Path) -> str:
    return url_of(tmp_path / "live.db")


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.INFO, logger="event_logger"):
        yield caplog


def live(store: str, server: RedisServer) -> EventLogger:
    return EventLogger("live", store=store, redis=server.url)


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]


def test_redis_was_never_there(
    store: str, stopped_server: RedisServer, warnings: pytest.LogCaptureFixture
) -> None:
    with live(store, stopped_server) as logger:
        log_amounts(logger, *range(5))
        eventually(lambda: warned(warnings))
        log_amounts(logger, *range(5))
        stopped_server.start()
        eventually(lambda: stopped_server.logged() == list(range(1, 11)))
        eventually(lambda: "Redis answers again" in warnings.text)
    assert len(warned(warnings)) == 1
    assert "goes on, and what Redis misses is published when it is back" in warned(warnings)[0]


def test_redis_goes_and_comes_while_nothing_is_logged(
    store: str,
    server: RedisServer,
    warnings: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("infrastructure.redis.publisher.RENEW_SECONDS", 0.01)
    with live(store, server) as logger:
        log_amounts(logger, 1)
        eventually(lambda: server.logged() == [1])
        server.kill()
        eventually(lambda: warned(warnings))
        server.start()
        eventually(lambda: "Redis answers again" in warnings.text)
        with server.client() as client:
            eventually(lambda: client.get("events:stream:log"))
    assert len(warned(warnings)) == 1
    with server.client() as client:
        assert client.exists("events:stream:log") == 0


def test_redis_is_killed_in_the_middle(store: str, server: RedisServer) -> None:
    with live(store, server) as logger:
        log_amounts(logger, *range(20))
        eventually(lambda: server.logged() == list(range(1, 21)))
        server.kill()
        log_amounts(logger, *range(20))
        server.start()
        eventually(lambda: server.logged()[-20:] == list(range(21, 41)))
        assert server.logged() == sorted(set(server.logged()))


def test_redis_hangs(store: str, server: RedisServer, warnings: pytest.LogCaptureFixture) -> None:
    subscriber = Subscriber(server)
    with live(store, server) as logger:
        log_amounts(logger, *range(5))
        eventually(lambda: subscriber.orders() == list(range(1, 6)))
        with server.paused():
            log_amounts(logger, *range(5))
            eventually(lambda: warned(warnings))
            log_amounts(logger, *range(5))
        eventually(lambda: server.logged() == list(range(1, 16)))
        eventually(lambda: subscriber.orders()[-1] == 15)
        assert subscriber.orders() == list(range(1, 16))
    subscriber.close()
    assert len(warned(warnings)) == 1


@pytest.mark.parametrize("refusal", ["memory", "replica"])
def test_redis_refuses_writes(
    store: str, server: RedisServer, refusal: str, warnings: pytest.LogCaptureFixture
) -> None:
    client = server.client()
    subscriber = Subscriber(server)

    def refuse(refuses: bool) -> None:
        if refusal == "memory":
            client.config_set("maxmemory", "1" if refuses else "0")
        else:
            client.execute_command(  # type: ignore[no-untyped-call]
                *(("REPLICAOF", "127.0.0.1", "1") if refuses else ("REPLICAOF", "NO", "ONE"))
            )

    with live(store, server) as logger:
        log_amounts(logger, *range(5))
        eventually(lambda: subscriber.orders() == list(range(1, 6)))
        refuse(True)
        log_amounts(logger, *range(5))
        eventually(lambda: warned(warnings))
        assert subscriber.orders() == list(range(1, 6))
        refuse(False)
        eventually(lambda: subscriber.orders() == list(range(1, 11)))
        assert server.logged() == list(range(1, 11))
    subscriber.close()
    client.close()
    reason = "maxmemory" if refusal == "memory" else "read only replica"
    assert reason in warned(warnings)[0]


KILLED_AFTER_THE_COMMIT = """
from infrastructure.redis.publisher import RedisPublisher
RedisPublisher.publish = lambda *_: os.kill(os.getpid(), 9)
logger = EventLogger("live", store=sys.argv[1], redis=sys.argv[2])
logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
import time
time.sleep(600)
"""

KILLED_AFTER_PUBLISHING = """
import time
from infrastructure.followers.board import StatusBoard
from infrastructure.stores.sqlite.followers import SQLiteFollowers
SQLiteFollowers.store_position = lambda *_: os.kill(os.getpid(), 9)
StatusBoard.catch_up = lambda self: None
logger = EventLogger("live", store=sys.argv[1], redis=sys.argv[2])
logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
time.sleep(600)
"""


@pytest.mark.parametrize("program", [KILLED_AFTER_THE_COMMIT, KILLED_AFTER_PUBLISHING])
def test_the_process_is_killed_around_publishing(
    store: str, server: RedisServer, program: str
) -> None:
    subscriber = Subscriber(server)
    killed = start_program(program, store, server.url)
    killed.communicate(timeout=PATIENCE)
    assert killed.returncode == -9
    with live(store, server) as logger:
        log_amounts(logger, 2)
        eventually(lambda: server.logged() == [1, 2])
        eventually(lambda: subscriber.orders()[-1:] == [2])
    assert subscriber.orders() == [1, 2]
    subscriber.close()


PUBLISHING = """
logger = EventLogger("live", store=sys.argv[1], redis=sys.argv[2])
logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_second_notifier_stands_by_and_takes_over(store: str, server: RedisServer) -> None:
    subscriber = Subscriber(server)
    first = start_program(PUBLISHING, store, server.url)
    assert first.stdout is not None
    assert first.stdout.readline() == "ready\n"
    with live(store, server) as second:
        log_amounts(second, 2, 3)
        eventually(lambda: subscriber.orders() == [1, 2, 3])
        first.kill()
        log_amounts(second, 4)
        eventually(lambda: subscriber.orders() == [1, 2, 3, 4])
        log_amounts(second, 5)
        eventually(lambda: subscriber.orders() == [1, 2, 3, 4, 5])
    first.communicate()
    subscriber.close()


def test_closing_does_not_wait_for_redis_and_the_next_publishes(
    store: str, server: RedisServer
) -> None:
    with server.paused():
        with live(store, server) as logger:
            log_amounts(logger, 1, 2)
    with live(store, server) as logger:
        eventually(lambda: server.logged() == [1, 2])


def test_a_store_that_cannot_be_read_is_waited_for(
    store: str,
    server: RedisServer,
    warnings: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from domain.errors import StoreError

    entries = SQLiteReads.entries
    with live(store, server) as logger:
        log_amounts(logger, 1)
        eventually(lambda: server.logged() == [1])

        def failing(*_: object) -> None:
            raise StoreError(store, "failed (disk I/O error)")

        monkeypatch.setattr(SQLiteReads, "entries", failing)
        log_amounts(logger, 2)
        eventually(lambda: "is published again when the store can be read" in warnings.text)
        monkeypatch.setattr(SQLiteReads, "entries", entries)
        eventually(lambda: server.logged() == [1, 2])


def test_two_logs_on_one_prefix_lose_nothing(
    tmp_path: Path, server: RedisServer, warnings: pytest.LogCaptureFixture
) -> None:
    subscriber = Subscriber(server)
    with live(url_of(tmp_path / "a.db"), server) as one:
        log_amounts(one, 1)
        eventually(lambda: server.logged() == [1])
        with live(url_of(tmp_path / "b.db"), server) as other:
            log_amounts(one, *range(99))
            log_amounts(other, *range(100))
            eventually(lambda: "is published when the other is gone" in warnings.text)
            eventually(lambda: server.logged() == list(range(1, 101)))
            one.close()
            eventually(lambda: "the stream is free" in warnings.text)
            eventually(lambda: subscriber.orders()[100:] == list(range(1, 101)))
            assert server.logged() == list(range(1, 101))
    assert subscriber.orders()[:100] == list(range(1, 101))
    subscriber.close()
    refused, aside = warned(warnings)
    assert "give each a channel_prefix; log 'default' is published when" in refused
    assert "held messages of another log: it was set aside as 'events:stream:" in aside


def test_a_store_made_anew_or_restored_says_all_that_it_commits(
    tmp_path: Path, server: RedisServer, warnings: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "live.db"
    subscriber = Subscriber(server)
    with live(url_of(path), server) as logger:
        log_amounts(logger, *range(10))
        eventually(lambda: server.logged() == list(range(1, 11)))
    backup = path.read_bytes()
    with live(url_of(path), server) as logger:
        log_amounts(logger, *range(20))
        eventually(lambda: server.logged() == list(range(1, 31)))
    path.write_bytes(backup)
    with live(url_of(path), server) as logger:
        log_amounts(logger, *range(5))
        eventually(lambda: server.logged()[-5:] == list(range(11, 16)))
    path.unlink()
    with live(url_of(path), server) as logger:
        log_amounts(logger, *range(100))
        eventually(lambda: server.logged() == list(range(1, 101)))
    eventually(lambda: subscriber.orders()[-105:] == [*range(11, 16), *range(1, 101)])
    subscriber.close()
    beyond, another = warned(warnings)
    assert "goes beyond what this log has committed, as after its store was restored" in beyond
    assert "held messages of another log" in another


def test_the_event_is_logged_at_its_own_speed_whatever_redis_does(
    store: str, server: RedisServer
) -> None:
    with live(store, server) as logger, server.paused():
        for n in range(200):
            logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", n)
        assert logger.global_order == 200
    assert server.logged() == list(range(1, len(server.logged()) + 1))
