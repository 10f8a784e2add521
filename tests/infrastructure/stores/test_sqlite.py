"""The SQLite store passes the contract, in memory and on a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infrastructure.store import LogStore
from infrastructure.stores import open_store
from infrastructure.stores.sqlite import clock
from infrastructure.stores.sqlite.checkpoints import Checkpoints
from infrastructure.stores.sqlite.connections import Loan, Turn
from tests.infrastructure.stores.contract import DurableStoreContract, StoreContract
from tests.infrastructure.stores.written import Step


class SQLiteBackend:
    """`written.Backend` for the store that a URL names."""

    driver_errors = (sqlite3.OperationalError, sqlite3.DatabaseError)
    clock = "this machine's clock"

    def __init__(self, url: str) -> None:
        self._url = url

    def open(self, *, must_exist: bool = False) -> LogStore:
        return open_store(self._url, must_exist=must_exist)

    @contextmanager
    def at_each_step(self, hook: Callable[[Step], None]) -> Iterator[None]:
        def watched(run: Callable[..., Any]) -> Callable[..., Any]:
            def run_watched(turn: Turn, statement: str, *rest: Any) -> Any:
                is_commit = statement == "COMMIT"
                hook(Step(is_commit, is_after=False))
                result = run(turn, statement, *rest)
                hook(Step(is_commit, is_after=True))
                return result

            return run_watched

        with pytest.MonkeyPatch.context() as patch:
            # Checkpoints are no steps of an append: sqlite/test_copies.py has those.
            steps = {name: getattr(Turn, name) for name in ("run", "run_many")}
            make_due = Checkpoints.make_due

            def unwatched(checkpoints: Checkpoints, run: Any) -> None:
                turn = run.__self__
                is_turn = isinstance(turn, Turn)
                make_due(checkpoints, partial(steps["run"], turn) if is_turn else run)

            patch.setattr(Checkpoints, "make_due", unwatched)
            for name, step in steps.items():
                patch.setattr(Turn, name, watched(step))
            yield

    @contextmanager
    def at_time(self, microseconds: int) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            stopped = SimpleNamespace(time_ns=lambda: microseconds * 1000)
            patch.setattr(clock, "time", stopped)
            yield

    def cost(self, store: LogStore, read: Callable[[], object]) -> int:
        steps = 0

        def step() -> int:
            nonlocal steps
            steps += 1
            return 0

        take = Loan.take
        taken: list[sqlite3.Connection] = []

        def take_counted(loan: Loan) -> sqlite3.Connection:
            taken.append(take(loan))
            taken[-1].set_progress_handler(step, 1)
            return taken[-1]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Loan, "take", take_counted)
            read()
        for connection in taken:
            connection.set_progress_handler(None, 0)
        return steps


class TestMemory(StoreContract):
    @pytest.fixture
    def backend(self) -> SQLiteBackend:
        return SQLiteBackend(":memory:")


class TestFile(DurableStoreContract):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> SQLiteBackend:
        return SQLiteBackend(f"sqlite:///{tmp_path}/runs.db")
