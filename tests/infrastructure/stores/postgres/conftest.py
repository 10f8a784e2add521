"""What tests of the PostgreSQL store are given."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from tests.postgres_server import PostgresServer

_schemas = count()


@pytest.fixture
def schema(postgres: PostgresServer) -> Iterator[str]:
    """A schema of the test's own, which is not there yet and is gone afterwards."""
    name = f"own_{next(_schemas)}"
    yield name
    postgres.run(f"DROP SCHEMA IF EXISTS {name} CASCADE")
