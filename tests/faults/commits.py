"""Makes the store's commits fail, be slow, or find the disk full."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from infrastructure.stores.sqlite.appends import SQLiteAppends
from infrastructure.stores.sqlite.connections import Turn

BEFORE, AT, AFTER = "before it writes", "at the commit", "after it persisted"


@contextmanager
def failing(error: BaseException, when: str) -> Iterator[None]:
    """Makes every append raise: before it writes, at its commit, or after it persisted."""
    run = Turn.run
    fails_at = "BEGIN IMMEDIATE" if when == BEFORE else "COMMIT"

    def broken(turn: Turn, statement: str, *parameters: Any) -> Any:
        if statement != fails_at:
            return run(turn, statement, *parameters)
        if when == AFTER:
            run(turn, statement)
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Turn, "run", broken)
        yield


class Room:
    """How many pages every store may grow to, as SQLite itself sees to it."""

    ALL = 2**30
    NO_MORE = 1  # SQLite takes the pages that the file has

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pages = self.ALL
        begin = Turn.begin

        def limited(turn: Turn, *arguments: Any) -> None:
            turn.connection.execute(f"PRAGMA max_page_count = {self.pages}")
            begin(turn, *arguments)

        monkeypatch.setattr(Turn, "begin", limited)


def slow_down(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Every append takes so long."""
    append = SQLiteAppends.append

    def late(*arguments: Any) -> Any:
        time.sleep(seconds)
        return append(*arguments)

    monkeypatch.setattr(SQLiteAppends, "append", late)
