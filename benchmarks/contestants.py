"""Four ways to log the same events; each returns the seconds that logging took, durable or not."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from benchmarks.spec_logger import ListLogger
from benchmarks.workload import Call
from event_logger import EventLogger

BATCH = 1000
Arguments = dict[str, Any]


def long_store(folder: Path) -> str:
    """The URL of the backtest store in a folder."""
    return f"sqlite:///{folder / 'ours.db'}"


def this_logger(calls: Iterable[Call], folder: Path) -> float:
    """`EventLogger` into a SQLite file, closed at the end."""
    started = time.perf_counter()
    with EventLogger(store=long_store(folder)) as logger:
        for method, arguments in calls:
            getattr(logger, method)(**arguments)
    return time.perf_counter() - started


def flat_arguments(calls: Sequence[Call]) -> list[Arguments]:
    """What the typed methods hand to `log_event`, for the contestants that have only that."""
    flat: list[Arguments] = []

    class Collector(EventLogger):
        def log_event(self, *named: Any, **event_data: Any) -> Any:
            names = ("timestamp", "event_type", "venue", "token", "amount", "position_snapshot")
            flat.append(dict(zip(names, named, strict=True)) | event_data)

    with Collector() as collector:
        for method, arguments in calls:
            getattr(collector, method)(**arguments)
    return flat


def spec_logger(events: Sequence[Arguments], folder: Path) -> float:
    """The specification's list of dicts, in memory only."""

    async def log_all() -> None:
        logger = ListLogger()
        for arguments in events:
            await logger.log_event(**arguments)

    started = time.perf_counter()
    asyncio.run(log_all())
    return time.perf_counter() - started


class TutorialLog(Aggregate):
    @event("Logged")
    def log(self, data: dict[str, Any]) -> None:
        self.last = data["event_type"]


def tutorial_style(events: Sequence[Arguments], folder: Path) -> float:
    """The eventsourcing library as its tutorial shows it, saved every 1,000 events."""
    environment = {
        "PERSISTENCE_MODULE": "eventsourcing.sqlite",
        "SQLITE_DBNAME": str(folder / "tutorial.db"),
    }
    plain = plain_arguments(events)
    started = time.perf_counter()
    with Application[Any](env=environment) as application:
        log = TutorialLog()
        for done, arguments in enumerate(plain, 1):
            log.log(arguments)
            if done % BATCH == 0:
                application.save(log)
        application.save(log)
    return time.perf_counter() - started


def raw_floor(events: Sequence[Arguments], folder: Path) -> float:
    """`sqlite3.executemany` of orjson bytes in batches of 1,000: nothing checked, nothing known."""
    plain = plain_arguments(events)
    started = time.perf_counter()
    with raw_store(folder) as append:
        for start in range(0, len(plain), BATCH):
            append(plain[start : start + BATCH])
    return time.perf_counter() - started


@contextmanager
def raw_store(folder: Path) -> Iterator[Callable[[Sequence[Arguments]], None]]:
    """A SQLite file that takes batches of what `plain_arguments` gives."""
    connection = sqlite3.connect(folder / "raw.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, state BLOB)")

    def append(batch: Sequence[Arguments]) -> None:
        rows = [(orjson.dumps(data),) for data in batch]
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO events (state) VALUES (?)", rows)
        connection.execute("COMMIT")

    yield append
    connection.close()


def plain_arguments(events: Sequence[Arguments]) -> list[Arguments]:
    """The arguments with their timestamps as the text that JSON holds."""
    return [arguments | {"timestamp": arguments["timestamp"].isoformat()} for arguments in events]


PEERS: dict[str, Callable[[Sequence[Arguments], Path], float]] = {
    "raw floor": raw_floor,
    "tutorial style": tutorial_style,
    "spec's list of dicts": spec_logger,
}
