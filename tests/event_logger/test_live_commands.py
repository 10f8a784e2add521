"""`status`, `notify` and `tail`: what operations watch live trading with."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from event_logger import EventLogger
from tests.commands import run, start
from tests.redis_server import RedisServer, eventually
from tests.support import HOUR, PATIENCE, log_amounts, url_of


@pytest.fixture
def store(tmp_path: Path) -> str:
    return url_of(tmp_path / "live.db")


@pytest.fixture
def logger(store: str) -> Iterator[EventLogger]:
    with EventLogger("live", store=store, redis=False) as logger:
        yield logger


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command that runs until it is told to stop, and then ends well."""
    with start(*arguments) as program:
        try:
            yield program
        finally:
            program.send_signal(signal.SIGINT)
            out, err = program.communicate(timeout=PATIENCE)
        assert program.returncode == 0, (out, err)


def test_status_lists_what_is_open(logger: EventLogger, store: str) -> None:
    log_amounts(logger, 1, 2)
    logger.update_event(1, {"status": "submitted", "tx_hash": "0xabc"})
    out = run("status", "--store", store).stdout
    assert out.splitlines()[0] == "pending 1  submitted 1"
    assert "0xabc" in out
    out = run("status", "--store", store, "--json").stdout
    assert json.loads(out)["counts"] == {"pending": 1, "submitted": 1}


def test_status_finds_the_stuck(logger: EventLogger, store: str) -> None:
    log_amounts(logger, 1)
    assert run("status", "--store", store, "--stuck", "10m").stdout == "nothing is stuck\n"
    out = run("status", "--store", store, "--stuck", "0s", "--json", code=1).stdout
    assert [row["order"] for row in json.loads(out)] == [1]
    err = run("status", "--store", store, "--stuck", "soon", code=2).stderr
    assert "--stuck must be a time such as 90s, 10m" in err


def test_a_hash_is_whole_where_no_terminal_watches(logger: EventLogger, store: str) -> None:
    log_amounts(logger, 1)
    tx_hash = "0x" + "ab" * 32
    logger.update_event(1, {"status": "submitted", "tx_hash": tx_hash})
    assert tx_hash in run("status", "--store", store, COLUMNS="").stdout
    assert f"tx_hash {tx_hash}" in run("show", "1", "--store", store, COLUMNS="").stdout


def test_the_stuck_fit_into_the_width_of_a_terminal(logger: EventLogger, store: str) -> None:
    log_amounts(logger, 1)
    out = run("status", "--store", store, "--stuck", "0s", code=1, COLUMNS="80").stdout
    (row,) = [line for line in out.splitlines() if "LOAN_CREATED" in line]
    assert re.search(r" 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ +\d", row)


def test_the_columns_of_events_hold_times_below_a_second(logger: EventLogger, store: str) -> None:
    logger.log_event(HOUR + timedelta(microseconds=1), "LOAN_CREATED", "BINANCE")
    title, row = run("events", "--store", store).stdout.splitlines()
    assert title.index("event_type") == row.index("LOAN_CREATED")
    assert title.index("venue") == row.index("BINANCE")


def test_status_watches(logger: EventLogger, store: str) -> None:
    log_amounts(logger, 1)
    with running("status", "--store", store, "--watch", "--interval", "0.1") as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "pending 1\n"
        logger.update_event(1, {"status": "confirmed"})
        while (line := program.stdout.readline()) != "confirmed 1\n":
            assert line, "it ended"


def test_show_has_the_history(logger: EventLogger, store: str) -> None:
    log_amounts(logger, 1)
    logger.update_event(1, {"status": "submitted", "tx_hash": "0xa"})
    logger.update_event(1, {"status": "submitted", "tx_hash": "0xb"})
    out = run("show", "1", "--store", store).stdout
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
    run("notify", "--store", store, "--redis", "redis://h", code=1)
    assert os.listdir(tmp_path) == []
    EventLogger(store=store).close()
    err = run("notify", "--store", store, code=1).stderr
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_tail_ends_when_it_is_told_to_also_in_the_background_of_a_script(
    server: RedisServer, number: signal.Signals
) -> None:
    ignored = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        program = start("tail", "--redis", server.url)
    finally:
        signal.signal(signal.SIGINT, ignored)
    with program:
        assert program.stderr is not None
        assert program.stderr.readline() == "no log has published on this prefix yet; waiting\n"
        assert program.stderr.readline() == "listening\n"
        server.kill()
        line = program.stderr.readline()
        assert line.startswith("Redis: ")
        assert line.endswith("; waiting until it answers\n")
        server.start()
        assert program.stderr.readline() == "Redis answers again; what was missed follows\n"
        program.send_signal(number)
        assert program.wait(PATIENCE) == 0
        assert program.stderr.read() == ""


def test_tail_follows_the_stores_log_alone(store: str, server: RedisServer, tmp_path: Path) -> None:
    with EventLogger("live", store=url_of(tmp_path / "other.db"), redis=server.url) as other:
        log_amounts(other, *range(5))
        eventually(lambda: len(server.logged()) == 5)
    with EventLogger("live", store=store, redis=server.url) as logger:
        with running(
            "tail", "--redis", server.url, "--store", store, "--from-order", "1"
        ) as program:
            assert program.stderr is not None
            assert program.stdout is not None
            assert "publishes on this prefix now" in program.stderr.readline()
            assert program.stderr.readline() == "listening\n"
            log_amounts(logger, 1)
            assert '"order":1,"event_type":"LOAN_CREATED"' in program.stdout.readline()


def test_tail_says_when_redis_is_not_there(stopped_server: RedisServer) -> None:
    url = f"redis://:secret@127.0.0.1:{stopped_server.port}/0"
    err = run("tail", "--redis", url, code=1).stderr
    assert err.startswith("event-logger: Redis: Error 111 connecting to 127.0.0.1")
    assert err.endswith("; start it, or name another with --redis or EVENT_LOGGER_REDIS\n")
    assert "secret" not in err


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


def test_a_client_of_the_callers_own_will_do(store: str, server: RedisServer) -> None:
    with server.client() as client, EventLogger("live", store=store, redis=client) as logger:
        logger.log_event(HOUR, "LOAN_CREATED", "BINANCE")
        eventually(lambda: server.logged() == [1])
