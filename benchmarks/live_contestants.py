"""Ways to log live, each event durable before the next; each returns the seconds it took."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from eventsourcing.application import Application

from benchmarks.contestants import Arguments, TutorialLog, plain_arguments
from benchmarks.workload import Call
from event_logger import AsyncEventLogger, EventLogger

TASKS = 100
PAGE_SIZE = 16384
"""What our stores have."""
TABLE = (
    "CREATE TABLE stored_events (originator_id TEXT, originator_version INTEGER, topic TEXT,"
    " state BLOB, PRIMARY KEY (originator_id, originator_version))"
)


def live_store(folder: Path) -> str:
    """The URL of the live store in a folder."""
    return f"sqlite:///{folder / 'live.db'}"


def one_at_a_time(calls: Sequence[Call], folder: Path, redis: Any) -> list[float]:
    """`EventLogger`, with its status board and its notifier; the seconds of each call."""
    seconds = []
    with EventLogger("live", store=live_store(folder), redis=redis) as logger:
        for method, arguments in calls:
            started = time.perf_counter()
            getattr(logger, method)(**arguments)
            seconds.append(time.perf_counter() - started)
    return seconds


def many_tasks(
    calls: Iterable[Call], folder: Path, redis: Any = False, log: str = "default"
) -> float:
    """`AsyncEventLogger` with a hundred tasks that each await event after event."""

    async def run() -> float:
        store = live_store(folder)
        async with AsyncEventLogger("live", store=store, log=log, redis=redis) as logger:
            await logger.flush()
            waiting = iter(calls)

            async def task() -> None:
                for method, arguments in waiting:
                    await getattr(logger, method)(**arguments)

            started = time.perf_counter()
            await asyncio.gather(*(task() for _ in range(TASKS)))
            return time.perf_counter() - started

    return asyncio.run(run())


def raw_inserts(events: Sequence[Arguments], folder: Path, per_commit: int) -> float:
    """`sqlite3` with our settings and orjson bytes, nothing checked: so many inserts a commit."""
    plain = plain_arguments(events)
    with _raw(folder) as connection:
        started = time.perf_counter()
        for start in range(0, len(plain), per_commit):
            rows = [
                ("raw", start + i, "logged", orjson.dumps(one))
                for i, one in enumerate(plain[start : start + per_commit], 1)
            ]
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO stored_events VALUES (?,?,?,?)", rows)
            connection.execute("COMMIT")
        return time.perf_counter() - started


@contextmanager
def _raw(folder: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(folder / "raw.db", isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size={PAGE_SIZE}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(TABLE)
        yield connection
    finally:
        connection.close()


def tutorial_alone(events: Sequence[Arguments], folder: Path) -> float:
    """The eventsourcing library as its tutorial shows it, saved after every event."""
    environment = {
        "PERSISTENCE_MODULE": "eventsourcing.sqlite",
        "SQLITE_DBNAME": str(folder / "tutorial.db"),
    }
    plain = plain_arguments(events)
    with Application[Any](env=environment) as application:
        log = TutorialLog()
        started = time.perf_counter()
        for arguments in plain:
            log.log(arguments)
            application.save(log)
        return time.perf_counter() - started
