"""What the tests of several rooms share: a time, programs in processes of their own, raw reads."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from domain.audit_log import log_id
from event_logger import EventLogger

ROOT = Path(__file__).parents[1]
HOUR = datetime(2024, 5, 12, 14, tzinfo=UTC)
NOON = datetime(2024, 5, 12, 12, tzinfo=UTC)
PATIENCE = 120.0
"""Seconds after which something that a busy machine makes slow counts as never."""

_PREAMBLE = """
import os, sys
from datetime import UTC, datetime
from event_logger import EventLogger
HOUR = datetime(2024, 5, 12, 14, tzinfo=UTC)
"""


started: list[subprocess.Popen[str]] = []
"""The programs of the present test; what is left of them when it ends is killed."""


class StepClock:
    """A store's clock that begins at noon and is so many seconds further at each commit.

    To be put in the place of `time` in `infrastructure.stores.sqlite.clock`; opening a log is its
    first commit.
    """

    def __init__(self, step: int = 1) -> None:
        self._step = step
        self._seconds = int(NOON.timestamp())

    def time_ns(self) -> int:
        """The time, which goes on."""
        self._seconds += self._step
        return self._seconds * 10**9


def start_program(source: str, *arguments: object) -> subprocess.Popen[str]:
    """Start Python source after the usual imports; `sys.argv[1:]` holds the arguments."""
    return Program(
        [sys.executable, "-W", "error", "-c", _PREAMBLE + source, *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


class Program(subprocess.Popen[str]):
    """A program that outlives neither a failure in its `with` block nor the test."""

    def __init__(self, arguments: list[str], **options: Any) -> None:
        super().__init__(arguments, **options)
        started.append(self)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.kill()
        super().__exit__(kind, error, trace)


def run_program(source: str, *arguments: object, code: int = 0) -> str:
    """Run the source, see that it exits with the code, and return what it printed."""
    with start_program(source, *arguments) as program:
        try:
            out, err = program.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            program.kill()
            raise
    assert program.returncode == code, f"exit code {program.returncode}\n{out}\n{err}"
    return out


def log_amounts(logger: EventLogger, *amounts: int) -> list[int]:
    """Log one event per amount and return the orders."""
    return [logger.log_event(HOUR, "LOAN_CREATED", "BINANCE", "ETH", n) for n in amounts]


def url_of(path: Path) -> str:
    """The store URL of a file."""
    return f"sqlite:///{path}"


def stored(path: Path, log: str = "default") -> list[tuple[int, int]]:
    """The (order, amount) pairs in a store's file, read with SQLite alone."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(
            "SELECT originator_version, json_extract(state, '$.amount') FROM stored_events"
            " WHERE originator_id = ? AND originator_version > 0 ORDER BY originator_version",
            (log_id(log).hex,),
        ).fetchall()
    finally:
        connection.close()


def numbered(count: int) -> list[tuple[int, int]]:
    """What `stored` gives for the amounts 1, 2, 3 … logged from the start of a log."""
    return [(n, n) for n in range(1, count + 1)]
