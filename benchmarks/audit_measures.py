"""What an audit, a certificate and a look at the log as of then cost, on the demo's strategy."""

from __future__ import annotations

import json
import resource
import sqlite3
import statistics
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from benchmarks.contestants import long_store
from benchmarks.figure import Figure, folder, ratio, timed
from event_logger import EventLogger, open_log
from event_logger.demo.generate_market import generate
from event_logger.demo.market import load_market
from event_logger.demo.strategy import Parameters, RestakingStrategy

EVENTS_PER_HOUR = 3.43
ROUNDS = 3
LOOKS = 50


def audit(events: int) -> Iterator[Figure]:
    """All rules and a certificate over so many events, and the log as of a time."""
    with folder() as here:
        fill(here, events)
        found: dict[str, list[dict[str, float]]] = {"scan": [], "audit": [], "certify": []}
        for _ in range(ROUNDS):
            for task, measured in found.items():
                measured.append(_child(task, here))
        seconds = {task: [one["seconds"] for one in all_] for task, all_ in found.items()}
        events = int(found["audit"][0]["events"])
        for task, name, required in (
            ("audit", "all rules of an audit", 0.15),
            ("certify", "a certificate", 0.2),
        ):
            rate = events / statistics.median(seconds[task])
            yield Figure(
                f"{name}, times scan and orjson.loads of all",
                ratio(seconds["scan"], seconds[task]),
                required,
                2 * required,
                detail=f"{rate:,.0f} events a second",
            )
            peak = max(one["megabytes"] for one in found[task])
            yield Figure(f"{name}, peak MB", peak, 300, 200, True)
        yield _as_of(here)


def fill(here: Path, events: int) -> None:
    """The demo's strategy over so many hours of a market made up, in a store of ours."""
    market = here / "market"
    market.mkdir()
    generate(market, int(events / EVENTS_PER_HOUR))
    with EventLogger(store=long_store(here)) as logger:
        RestakingStrategy(logger, Parameters()).run(load_market(market))


def _as_of(here: Path) -> Figure:
    with open_log(long_store(here)) as reader:
        (step,) = reader.committed(max(1, len(reader.events) // 2))
        at: datetime = step["committed_at"]
        taken = [
            timed(lambda: reader.as_of(at + timedelta(microseconds=one)))  # noqa: B023
            for one in range(LOOKS)
        ]
    name = "the log as of a time, ms"
    return Figure(name, statistics.median(taken) * 1e3, 20, 10, True)


def run_child(task: str, here: Path) -> None:
    """One pass over the log in this process, its figures printed as JSON."""
    with open_log(long_store(here)) as reader:
        events = len(reader.events)
        actions: dict[str, Any] = {
            "scan": lambda: _scan(here),
            "audit": reader.audit,
            "certify": reader.certify,
        }
        seconds = timed(actions[task])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "events": events, "megabytes": peak}))


def _scan(here: Path) -> None:
    connection = sqlite3.connect(here / "ours.db")
    for (state,) in connection.execute("SELECT state FROM stored_events"):
        orjson.loads(state)
    connection.close()


def _child(task: str, here: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks", "--child", task, "--child-folder", str(here)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures
