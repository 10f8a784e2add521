"""What the faults are given: servers that sync, as those do that are relied on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults_postgres.proxy import Proxy
from tests.postgres_server import PostgresServer, running, server_folder


@pytest.fixture
def durable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server of the test's own, to be killed."""
    with running(server_folder(tmp_path_factory, "durable")) as server:
        yield server


@pytest.fixture
def proxy(durable: PostgresServer) -> Iterator[Proxy]:
    """What stands between the loggers and that server."""
    with Proxy(durable.port) as between:
        yield between
