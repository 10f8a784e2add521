"""The PostgreSQL store passes the contract, on a real server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from psycopg import errors

from infrastructure.store import LogStore
from infrastructure.stores import open_store
from infrastructure.stores.postgres import clock
from infrastructure.stores.postgres.connections import Turn
from infrastructure.stores.postgres.driver import ServerConnection
from tests.infrastructure.stores.contract import DurableStoreContract
from tests.infrastructure.stores.written import Step
from tests.postgres_server import PostgresServer

_schemas = count()


class PostgresBackend:
    """`written.Backend` for a schema of a server."""

    driver_errors = (errors.IoError, errors.DiskFull)
    clock = "the server's clock"

    def __init__(self, url: str) -> None:
        self._url = url

    def open(self, *, must_exist: bool = False) -> LogStore:
        return open_store(self._url, must_exist=must_exist, durability="relaxed")

    @contextmanager
    def at_each_step(self, hook: Callable[[Step], None]) -> Iterator[None]:
        def watched(run: Callable[..., Any], *, is_commit: bool) -> Callable[..., Any]:
            def run_watched(turn: Turn, *arguments: Any) -> Any:
                hook(Step(is_commit, is_after=False))
                result = run(turn, *arguments)
                hook(Step(is_commit, is_after=True))
                return result

            return run_watched

        with pytest.MonkeyPatch.context() as patch:
            for name in ("run", "run_many", "copy_in", "commit", "commit_row"):
                is_commit = name.startswith("commit")
                patch.setattr(Turn, name, watched(getattr(Turn, name), is_commit=is_commit))
            yield

    @contextmanager
    def at_time(self, microseconds: int) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(clock, "now", lambda: f"{microseconds}::bigint")
            yield

    def cost(self, store: LogStore, read: Callable[[], object]) -> int:
        """Rows that the server looks at, when it goes by its indexes, as it does in a long log."""
        # On a connection that is there already.
        read()
        looked_at = 0
        reader = threading.get_ident()
        run = ServerConnection.run

        def run_counted(
            connection: ServerConnection, statement: str, parameters: Any = None
        ) -> Any:
            nonlocal looked_at
            if threading.get_ident() != reader:
                return run(connection, statement, parameters)
            run(connection, "SET enable_seqscan = off")
            run(connection, "SET enable_bitmapscan = off")
            (plan,) = run(
                connection, f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters
            ).fetchone() or ([],)
            looked_at += rows_of(plan[0]["Plan"])
            return run(connection, statement, parameters)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ServerConnection, "run", run_counted)
            read()
        return looked_at + 1


def rows_of(plan: dict[str, Any]) -> int:
    """Rows that a plan's nodes came upon."""
    here = plan["Actual Rows"] * plan["Actual Loops"] + plan.get("Rows Removed by Filter", 0)
    return int(here) + sum(map(rows_of, plan.get("Plans", ())))


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    """The URL of a store of this test's own."""
    schema = f"test_{next(_schemas)}"
    yield postgres.url(schema)
    postgres.run(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


class TestServer(DurableStoreContract):
    @pytest.fixture
    def backend(self, url: str) -> PostgresBackend:
        return PostgresBackend(url)
