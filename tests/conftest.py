"""What tests of several rooms are given."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, settings

from tests.gate import Gate
from tests.postgres_server import PostgresServer, running, server_folder
from tests.redis_server import RedisServer
from tests.support import started

# How long an example takes is a matter of what else the machine does.
_ALL: Any = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("tests", max_examples=60, **_ALL)
settings.register_profile("long", max_examples=2000, **_ALL)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tests"))


def pytest_configure() -> None:
    """Hear SIGINT: a script's background job ignores it, and so would every child of the tests."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def no_orphans() -> Iterator[None]:
    """Whatever a test started and left running, stopped even, ends with it."""
    yield
    while started:
        with started.pop() as program:
            program.kill()


@pytest.fixture(autouse=True)
def no_open_clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever client of Redis a test made is closed with it.

    One that is left open is collected in the middle of some later test, and its socket's warning is
    taken for that test's fault.
    """
    made: list[redis.Redis] = []
    make = redis.Redis.__init__

    def noted(client: redis.Redis, *arguments: Any, **options: Any) -> None:
        make(client, *arguments, **options)
        made.append(client)

    monkeypatch.setattr(redis.Redis, "__init__", noted)
    yield
    for client in made:
        client.close()


@pytest.fixture
def stopped_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A server that has not been started."""
    server = RedisServer(tmp_path / "redis")
    yield server
    server.kill()


@pytest.fixture
def server(stopped_server: RedisServer) -> RedisServer:
    """A running server of the Redis protocol."""
    stopped_server.start()
    return stopped_server


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """A store whose appending transactions wait for the test."""
    gate = Gate(monkeypatch)
    yield gate
    gate.open()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A PostgreSQL server that all tests of a process share, each in a schema of its own.

    It does not sync, so that whoever opens a store there says `durability="relaxed"`.
    """
    with running(server_folder(tmp_path_factory, "postgres"), is_durable=False) as server:
        yield server
