"""A desk: a store with a log, its owner's key, and a checkpoint that somebody holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from domain.audit_log import log_id
from event_logger import EventLogger
from infrastructure.audit_logs import AuditLogs
from infrastructure.log_tree import LogTree
from tests.commands import Done, run
from tests.small_log import fill
from tests.support import HOUR, url_of

LOG_ID = log_id("default")
LOG = LOG_ID.hex


class Desk:
    """A live log, its owner's key, and a checkpoint that somebody holds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "runs.db"
        self.url = url_of(self.path)
        self.key, self.held = str(folder / "key"), str(folder / "held")

    def make(self, filled: Callable[[EventLogger], object] = fill) -> Desk:
        self.log(filled)
        run("key", "new", self.key, "--prefix", "example.com/desk1")
        self.checkpoint("held")
        return self

    @property
    def vkey(self) -> str:
        return self.run("key", "show", self.key).stdout.strip()

    @property
    def size(self) -> int:
        return int(Path(self.held).read_text().splitlines()[1])

    def log(self, more: Callable[[EventLogger], object]) -> None:
        with EventLogger("live", store=self.url, redis=False) as logger:
            more(logger)

    def run(self, *arguments: str, code: int = 0) -> Done:
        return run(*arguments, "--store", self.url, code=code)

    def checkpoint(self, name: str, code: int = 0) -> str:
        path = str(self.folder / name)
        self.run("checkpoint", "--key", self.key, "-o", path, code=code)
        return path

    def prove(self, *arguments: str, code: int = 0) -> str:
        path = str(self.folder / "proof")
        self.run("prove", *arguments, "-o", path, code=code)
        return path

    def verify(self, *arguments: str, code: int = 0) -> Done:
        return run("verify", *arguments, "--vkey", self.vkey, code=code)

    def run_sql(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    def rewrite_tiles(self) -> None:
        """Have the tiles be those of what the log holds now."""
        with AuditLogs(self.url) as logs:
            log = logs.get("default")
            tree = LogTree(logs.store, log)
            tree.grow_to(logs.horizon(log).position + 1)
            tree.keep(logs.store)

    def rows(self, statement: str) -> list[Any]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(statement).fetchall()


def more(logger: EventLogger) -> None:
    """Log one event more."""
    logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 3)
