"""What tests of several rooms are given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.redis_server import RedisServer


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
