"""`status`, `notify` and `tail`: what operations watch live trading with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from event_logger import EventLogger
from infrastructure.redis_notifier import RedisPublisher, connect
from infrastructure.redis_tail import Heard, RedisTail
from projections.messages import Message
from tests.redis_server import RedisServer, Subscriber, eventually
from tests.support import HOUR, ROOT, log_amounts, url_of


@pytest.fixture
def store(tmp_path: Path) -> str:
    return url_of(tmp_path / "live.db")


@pytest.fixture
def logger(store: str) -> Iterator[EventLogger]:
    with EventLogger("live", store=store, redis=False) as logger:
        yield logger


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "event_logger.cli", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "160"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def run(*arguments: str) -> tuple[int, str, str]:
    with start(*arguments) as program:
        out, err = program.communicate(timeout=30)
    return program.returncode, out, err


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command that runs until it is told to stop, and then ends well."""
    with start(*arguments) as program:
        try:
            yield program
        finally:
            program.send_signal(signal.SIGINT)
            out, err = program.communicate(timeout=30)
        assert program.returncode == 0, (out, err)


def test_status_lists_what_is_open(logger: EventLogger, store: str) -> None:
    log_amounts(logger, 1, 2)
    logger.update_event(1, {"status": "submitted", "tx_hash": "0xabc"})
    code, out, _ = run("status", "--store", store)
    assert code == 0
    assert out.splitlines()[0] == "pending 1  submitted 1"
    assert "0xabc" in out
    code, out, _ = run("status", "--store", store, "--json")
    assert json.loads(out)["counts"] == {"pending": 1, "submitted": 1}


def test_status_finds_the_stuck(logger: EventLogger, store: str) -> None:
    log_amounts(logger, 1)
    assert run("status", "--store", store, "--stuck", "10m")[:2] == (0, "nothing is stuck\n")
    code, out, _ = run("status", "--store", store, "--stuck", "0s", "--json")
    assert (code, [row["order"] for row in json.loads(out)]) == (1, [1])
    code, _, err = run("status", "--store", store, "--stuck", "soon")
    assert code == 2
    assert "must be a time such as 90s, 10m" in err


def test_status_watches(logger: EventLogger, store: str) -> None:
    log_amounts(logger, 1)
    with running("status", "--store", store, "--watch", "--interval", "0.1") as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "pending 1\n"
        logger.update_event(1, {"status": "confirmed"})
        while program.stdout.readline() != "confirmed 1\n":
            pass


def test_show_has_the_history(logger: EventLogger, store: str) -> None:
    log_amounts(logger, 1)
    logger.update_event(1, {"status": "submitted", "tx_hash": "0xa"})
    logger.update_event(1, {"status": "submitted", "tx_hash": "0xb"})
    _, out, _ = run("show", "1", "--store", store)
    assert "tx_hash 0xa" in out
    assert "tx_hash 0xb" in out


def test_notify_publishes_what_a_logger_without_redis_logs(
    logger: EventLogger, store: str, server: RedisServer
) -> None:
    log_amounts(logger, 1, 2)
    with running("notify", "--store", store, "--redis", server.url, "--channel-prefix", "a:"):
        eventually(lambda: len(server.streamed("a:")) == 2)
        log_amounts(logger, 3)
        eventually(lambda: len(server.streamed("a:")) == 3)


def test_notify_refuses_what_it_cannot_publish(store: str, tmp_path: Path) -> None:
    assert run("notify", "--store", store, "--redis", "redis://h")[0] == 1
    assert os.listdir(tmp_path) == []
    EventLogger(store=store).close()
    code, _, err = run("notify", "--store", store)
    assert code == 1
    assert err == "event-logger: log 'default' is a backtest log; only live logs are published\n"


def test_tail_shows_what_is_published(store: str, server: RedisServer) -> None:
    with EventLogger("live", store=store, redis=server.url) as logger:
        log_amounts(logger, 1)
        eventually(lambda: server.logged() == [1])
        with running("tail", "--redis", server.url, "--from-order", "1", "--json") as program:
            assert program.stdout is not None
            assert json.loads(program.stdout.readline())["data"]["order"] == 1
            logger.update_event(1, {"status": "confirmed"})
            heard = json.loads(program.stdout.readline())
            assert (heard["channel"], heard["data"]["status"]) == ("events:status", "confirmed")


def test_tail_says_when_redis_is_not_there(stopped_server: RedisServer) -> None:
    code, _, err = run("tail", "--redis", f"redis://:secret@127.0.0.1:{stopped_server.port}/0")
    assert code == 1
    assert err.startswith("event-logger: Redis: Error 111 connecting to 127.0.0.1")
    assert "secret" not in err


class Listening:
    """A `RedisTail` in a thread, with what it has told."""

    def __init__(self, tail: RedisTail) -> None:
        self.told: list[Heard] = []
        self._tail = tail
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen)

    def _listen(self) -> None:
        for heard in self._tail.messages(self._stopping):
            self.told.append(heard)

    def orders(self) -> list[int]:
        logged = [data for channel, data in self.told if channel == "events:logged"]
        return [json.loads(data)["order"] for data in logged]

    def __enter__(self) -> Listening:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopping.set()
        self._thread.join()


def test_a_gap_is_filled_from_the_stream(store: str, server: RedisServer) -> None:
    with (
        EventLogger("live", store=store, redis=server.url) as logger,
        Listening(RedisTail(server.url, from_order=1)) as listening,
    ):
        log_amounts(logger, 1)
        eventually(lambda: listening.orders() == [1])
        with server.client() as client:
            client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        log_amounts(logger, 2, 3)
        logger.update_event(2, {"status": "confirmed"})
        log_amounts(logger, 4)
        eventually(lambda: listening.orders() == [1, 2, 3, 4])
        told = [(channel, json.loads(data)["order"]) for channel, data in listening.told]
        assert told[-2:] == [("events:status", 2), ("events:logged", 4)]
        assert len(told) == 5


def test_a_gap_that_the_stream_no_longer_holds_is_filled_from_the_store(
    store: str, server: RedisServer
) -> None:
    from event_logger.cli_live import _stored_messages

    with EventLogger("live", store=store, redis=server.url) as logger:
        log_amounts(logger, 1, 2, 3)
        eventually(lambda: server.logged() == [1, 2, 3])
        tail = RedisTail(server.url, "", 2, _stored_messages(store, "default"))
        server.kill()
        server.start()
        with Listening(tail) as listening:
            eventually(lambda: listening.orders() == [2, 3])
            log_amounts(logger, 4)
            eventually(lambda: listening.orders() == [2, 3, 4])


@pytest.mark.parametrize(
    "url",
    ["nonsense", "http://host", "redis://", "redis://:secret@host:port/0", "redis://h/x/y:z", ""],
)
def test_a_redis_url_that_makes_no_sense(tmp_path: Path, url: str) -> None:
    with pytest.raises(ValueError, match=r"is no Redis URL; write redis://localhost") as refused:
        EventLogger("live", store=url_of(tmp_path / "live.db"), redis=url)
    assert "secret" not in str(refused.value)
    assert "secret" not in repr(vars(refused.value))
    assert refused.value.__cause__ is None or "secret" not in repr(refused.value.__cause__)
    assert os.listdir(tmp_path) == []


def test_the_password_stays_in_the_client(server: RedisServer) -> None:
    with server.client() as client:
        client.config_set("requirepass", "secret")
    url = f"redis://:wrong-secret@127.0.0.1:{server.port}/0"
    publisher = RedisPublisher(url)
    with pytest.raises(OSError, match="Redis: ") as refused:
        publisher.publish([Message("1-0", "events:logged", "{}")])
    for shown in (str(refused.value), repr(refused.value), repr(publisher), repr(connect(url))):
        assert "secret" not in shown


def test_ids_that_another_log_has_passed_are_told(store: str, server: RedisServer) -> None:
    with server.client() as client:
        client.xadd("events:stream", {"channel": "x", "data": "{}"}, id="999999-0")
    subscriber = Subscriber(server)
    publisher = RedisPublisher(server.url)
    messages = [Message(f"{n}-0", "events:logged", f'{{"order":{n}}}') for n in (1, 2)]
    assert publisher.publish(messages) == ["1-0", "2-0"]
    eventually(lambda: subscriber.orders() == [1, 2])
    subscriber.close()


def test_a_repeated_message_is_published_once(server: RedisServer) -> None:
    subscriber = Subscriber(server)
    publisher = RedisPublisher(server.url)
    for _ in range(2):
        assert publisher.publish([Message("1-0", "events:logged", '{"order":1}')]) == []
    publisher.publish([Message("2-0", "events:logged", '{"order":2}')])
    eventually(lambda: subscriber.orders() == [1, 2])
    assert server.logged() == [1, 2]
    subscriber.close()


def test_a_client_of_the_callers_own_will_do(store: str, server: RedisServer) -> None:
    with server.client() as client, EventLogger("live", store=store, redis=client) as logger:
        logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
        eventually(lambda: server.logged() == [1])
