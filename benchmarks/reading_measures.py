"""The measures of reading a long log, against a scan of the same events that decodes each."""

from __future__ import annotations

import sqlite3
import statistics
from collections import deque
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from benchmarks.contestants import (
    BATCH,
    flat_arguments,
    long_store,
    plain_arguments,
    raw_store,
)
from benchmarks.figure import Figure, folder, interleaved, ratio, timed
from benchmarks.workload import calls
from event_logger import EventLogger, LogReader, open_log

FILTERED_TYPE = "STAKE_DEPOSIT"
KEY = "0x71a5"
LOOK_UPS = 50
ROUNDS = 3


def reading(events: int) -> list[Figure]:
    """Random access, look-ups, filters and whole passes over a log of so many events."""
    with folder() as here, folder() as small:
        fill(here, events)
        fill(small, 1000)
        return [_random_access(here), *_passes(here, events), *_look_up(here, small, events)]


def fill(here: Path, events: int) -> None:
    """The events in a store of ours, the last of them with an id and a hash, and in a raw one."""
    stream = calls(events)
    with EventLogger(store=long_store(here)) as logger, raw_store(here) as append_raw:
        while batch := list(islice(stream, BATCH)):
            append_raw(plain_arguments(flat_arguments(batch)))
            for method, arguments in batch:
                getattr(logger, method)(**arguments)
        _log_with_id(logger)


def _log_with_id(logger: EventLogger) -> None:
    method, arguments = next(calls(1))
    getattr(logger, method)(**arguments, event_id=KEY, tx_hash=KEY)


def _random_access(here: Path) -> Figure:
    with open_log(long_store(here)) as reader:
        view = reader.events
        found = interleaved(
            {"last": lambda: timed(lambda: view[-1]), "first": lambda: timed(lambda: view[0])},
            rounds=200,
        )
    last, first = (statistics.median(found[name]) for name in ("last", "first"))
    detail = f"{last * 1e6:.0f} against {first * 1e6:.0f} µs"
    return Figure("last event by index, times the first", last / first, 2.0, 1.2, True, detail)


def _passes(here: Path, events: int) -> list[Figure]:
    matching = 0

    def filtered() -> None:
        nonlocal matching
        matching = len(reader.get_events_by_type(FILTERED_TYPE))

    with open_log(long_store(here)) as reader:
        found = interleaved(
            {
                "scan": lambda: timed(lambda: scan(here)),
                "all": lambda: timed(lambda: deque(reader.events, maxlen=0)),
                "filter": lambda: timed(filtered),
            },
            ROUNDS,
        )
    rows = {name: f"{events / statistics.median(one):,.0f}" for name, one in found.items()}
    return [
        Figure(
            f"filter by type, {matching:,} of {events:,}, times scan and orjson.loads of all",
            ratio(found["scan"], found["filter"]),
            1.2,
            1.5,
            detail=f"{rows['filter']} against {rows['scan']} events a second",
        ),
        Figure(
            "all events as dicts, times scan and orjson.loads",
            ratio(found["scan"], found["all"]),
            0.4,
            0.5,
            detail=f"{rows['all']} against {rows['scan']} events a second",
        ),
    ]


def scan(here: Path) -> None:
    """Every event of the raw store, decoded and let go of."""
    connection = sqlite3.connect(here / "raw.db")
    for (state,) in connection.execute("SELECT state FROM events ORDER BY id"):
        orjson.loads(state)
    connection.close()


def _look_up(here: Path, small: Path, events: int) -> list[Figure]:
    """The event at the log's end, found by its id and by its transaction's hash."""
    figures = []
    with open_log(long_store(here)) as long, open_log(long_store(small)) as short:
        for criterion in ("event_id", "tx_hash"):
            found = interleaved(
                {
                    "long": lambda: timed(lambda: _found(long, criterion)),  # noqa: B023
                    "short": lambda: timed(lambda: _found(short, criterion)),  # noqa: B023
                },
                LOOK_UPS,
            )
            longer, shorter = (statistics.median(found[name]) * 1e3 for name in ("long", "short"))
            figures.append(
                Figure(
                    f"look-up by {criterion} after {events:,} events, ms",
                    longer,
                    5.0,
                    1.0,
                    True,
                    f"{shorter:.2f} ms after 1,000",
                )
            )
    return figures


def _found(reader: LogReader, criterion: str) -> None:
    criteria: Any = {criterion: KEY}
    if len(list(reader.search(**criteria))) != 1:
        raise RuntimeError(f"the event was not found by its {criterion}")
