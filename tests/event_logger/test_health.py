"""Health: how far a log's followers have come, whether Redis answers, and what waits."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from event_logger import AsyncEventLogger, EventLogger, LogConfigurationError, open_log
from tests.commands import run
from tests.redis_server import RedisServer, eventually
from tests.support import log_amounts, url_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "live.db"


@pytest.fixture
def store(path: Path) -> str:
    return url_of(path)


def by_name(health: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {follower["name"]: follower for follower in health["followers"]}


def test_of_a_log_that_is_followed_nothing_waits(store: str, server: RedisServer) -> None:
    with EventLogger("live", store=store, redis=server.url) as logger:
        log_amounts(logger, 1, 2)
        logger.update_event(1, {"status": "submitted", "tx_hash": "0x1"})
        # A follower that has not stored a position yet is not named.
        eventually(
            lambda: (
                len(logger.health()["followers"]) == 2
                and all(one["entries"] == 0 for one in logger.health()["followers"])
            )
        )
        health = logger.health()
    assert by_name(health) == {
        name: {"name": name, "position": "2+1", "entries": 0, "seconds": None}
        for name in ("board", "redis")
    }
    assert (health["events"], health["transitions"], health["mode"]) == (2, 1, "live")
    assert health["redis"] == {"answers": True, "error": None}
    assert (health["waiting"], health["last_errors"]) == ([], [])


def test_what_redis_misses_waits_and_is_counted(store: str, server: RedisServer) -> None:
    with EventLogger("live", store=store, redis=server.url) as logger:
        log_amounts(logger, 1)
        eventually(lambda: by_name(logger.health()).get("redis", {}).get("entries") == 0)
        server.kill()
        log_amounts(logger, 2, 3)
        eventually(lambda: logger.health()["last_errors"])
        health = logger.health(behind_after="0s")
    assert by_name(health)["redis"]["entries"] == 2
    assert by_name(health)["redis"]["seconds"] >= 0
    assert health["redis"]["answers"] is False
    assert any(sentence.startswith("redis has 2 entries") for sentence in health["waiting"])
    assert any("redis" in sentence.lower() for sentence in health["last_errors"])


def test_a_short_while_behind_is_none(store: str) -> None:
    with EventLogger("live", store=store, redis=False) as logger:
        log_amounts(logger, 1)
        assert logger.health(behind_after="1d")["waiting"] == []


def test_a_clock_set_back_gives_no_negative_age(store: str, path: Path) -> None:
    with EventLogger("live", store=store, redis=False) as logger:
        log_amounts(logger, 1)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE stored_events SET committed_at = committed_at + 3600000000")
        connection.execute("DELETE FROM follower_positions")
        connection.execute("DELETE FROM status_counts")
        connection.execute("DELETE FROM open_events")
    connection.close()
    with open_log(store) as reader:
        assert by_name(reader.health())["board"] == {
            "name": "board",
            "position": "0",
            "entries": 1,
            "seconds": 0.0,
        }


def test_a_log_that_lost_its_tail_is_said(store: str, path: Path) -> None:
    with EventLogger("live", store=store, redis=False) as logger:
        log_amounts(logger, 1, 2)
        eventually(lambda: by_name(logger.health())["board"]["entries"] == 0)
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM stored_events WHERE originator_version = 2")
    connection.close()
    with open_log(store) as reader:
        (sentence,) = reader.health()["waiting"]
    assert sentence.startswith("board stands at 2, and log 'default' ends at 1")


def test_a_backtest_has_no_followers() -> None:
    with EventLogger() as logger:
        log_amounts(logger, 1)
        health = logger.health()
    assert (health["followers"], health["redis"], health["waiting"]) == ([], None, [])


def test_in_asynchronous_code(store: str) -> None:
    async def health() -> dict[str, Any]:
        async with AsyncEventLogger("live", store=store, redis=False) as logger:
            return await logger.health()

    assert asyncio.run(health())["waiting"] == []


@pytest.mark.parametrize(
    "asked", [{"behind_after": "soon"}, {"behind_after": -1}, {"redis": "ftp://x"}]
)
def test_what_makes_no_sense_is_refused(store: str, asked: dict[str, Any]) -> None:
    with (
        EventLogger("live", store=store, redis=False) as logger,
        pytest.raises(LogConfigurationError),
    ):
        logger.health(**asked)


class TestTheCommand:
    def test_says_that_nothing_waits(self, store: str, server: RedisServer) -> None:
        with EventLogger("live", store=store, redis=server.url) as logger:
            log_amounts(logger, 1)
            eventually(lambda: all(f["entries"] == 0 for f in logger.health()["followers"]))
        out = run("health", "--store", store, "--redis", server.url).stdout.splitlines()
        assert out[0].startswith("log default (live): 1 event, 0 transitions, last commit ")
        assert out[1:] == [
            "board: at 1, 0 behind",
            "redis: at 1, 0 behind",
            "redis: answers",
            "nothing waits",
        ]

    def test_exits_1_when_something_waits(self, store: str, server: RedisServer) -> None:
        with EventLogger("live", store=store, redis=server.url) as logger:
            log_amounts(logger, 1)
            eventually(lambda: all(f["entries"] == 0 for f in logger.health()["followers"]))
        with EventLogger("live", store=store, redis=False) as logger:
            log_amounts(logger, 2)
        asked = ("health", "--store", store, "--behind", "0s")
        out = run(*asked, "--json", code=1).stdout
        (sentence,) = json.loads(out)["waiting"]
        assert sentence.startswith("redis has 1 entries of log 'default' before it")
        server.kill()
        out = run(*asked, "--redis", server.url, code=1).stdout
        assert "redis: does not answer" in out

    def test_of_no_log_is_one_sentence(self, store: str) -> None:
        assert "there is no file" in run("health", "--store", store, code=1).stderr
