"""The measures: each gives figures, a figure being a ratio and what is required of it."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.contestants import BATCH, PEERS, flat_arguments, this_logger
from benchmarks.figure import Figure, folder
from benchmarks.workload import calls
from event_logger import EventLogger

ROUND = 20_000
ROUNDS = 5


def writing() -> list[Figure]:
    """Events per second against each peer, in interleaved rounds; medians of the rounds' ratios."""
    logged = list(calls(ROUND))
    flat = flat_arguments(logged)
    ours: list[float] = []
    theirs: dict[str, list[float]] = {name: [] for name in PEERS}
    for _ in range(ROUNDS):
        with folder() as here:
            ours.append(this_logger(logged, here))
        for name, peer in PEERS.items():
            with folder() as here:
                theirs[name].append(peer(flat, here))
    required = {"raw floor": (0.3, 0.5), "tutorial style": (1.4, 1.4)}
    figures = []
    for name, seconds in theirs.items():
        ratios = [their / our for our, their in zip(ours, seconds, strict=True)]
        least, aim = required.get(name, (0.0, 0.0))
        detail = f"{_micros(ours)} against {_micros(seconds)} µs an event"
        figures.append(
            Figure(
                f"logging, times the {name}", statistics.median(ratios), least, aim, False, detail
            )
        )
    return figures


def growth(count: int, here: Path) -> Figure:
    """Log `count` events into `here`; the last tenth's cost per batch over the first tenth's."""
    batches: list[float] = []
    stream = calls(count)
    with EventLogger(store=_store(here)) as logger:
        while batch := list(islice(stream, BATCH)):
            started = time.perf_counter()
            for method, arguments in batch:
                getattr(logger, method)(**arguments)
            batches.append(time.perf_counter() - started)
    tenth = max(1, len(batches) // 10)
    first, last = statistics.median(batches[:tenth]), statistics.median(batches[-tenth:])
    detail = f"{last / BATCH * 1e6:.1f} against {first / BATCH * 1e6:.1f} µs an event"
    return Figure(f"cost per event, last tenth of {count:,}", last / first, 1.25, 1.1, True, detail)


def opening(here: Path) -> Figure:
    """Opening the long log and appending one event, over the same for a log of 1,000 events."""
    with folder() as small:
        with EventLogger(store=_store(small)) as logger:
            for method, arguments in calls(1000):
                getattr(logger, method)(**arguments)
        one = next(calls(1))
        times: dict[Path, list[float]] = {small: [], here: []}
        for _ in range(15):
            for place, seconds in times.items():
                started = time.perf_counter()
                with EventLogger(store=_store(place)) as logger:
                    getattr(logger, one[0])(**one[1])
                seconds.append(time.perf_counter() - started)
        long, short = statistics.median(times[here]), statistics.median(times[small])
    detail = f"{long * 1e3:.1f} against {short * 1e3:.1f} ms"
    return Figure("open and append one, times a log of 1,000", long / short, 2.0, 1.2, True, detail)


def random_access(here: Path) -> Figure:
    """Reading the last event of the long log over reading its first."""
    with EventLogger(store=_store(here)) as logger:
        events = logger.events
        last, first = _median_time(lambda: events[-1]), _median_time(lambda: events[0])
    detail = f"{last * 1e6:.0f} against {first * 1e6:.0f} µs"
    return Figure("last event by index, times the first", last / first, 2.0, 1.2, True, detail)


def exporting(here: Path) -> list[Figure]:
    """Rows per second and peak memory of the CSV export, against a DataFrame of the same events."""
    ours, theirs = _child("export", here), _child("pandas", here)
    rows = ours["rows"]
    speed = Figure(
        "CSV export, times pd.DataFrame(events).to_csv",
        theirs["seconds"] / ours["seconds"],
        1.5,
        3.0,
        False,
        f"{rows / ours['seconds']:,.0f} against {rows / theirs['seconds']:,.0f} rows a second",
    )
    peak = f"{theirs['megabytes']:.0f} MB with pandas"
    return [speed, Figure("CSV export, peak MB", ours["megabytes"], 300, 200, True, peak)]


def importing() -> Figure:
    """CPU seconds of `import event_logger` in a fresh interpreter, less the interpreter's own."""
    used = _median_of(5, lambda: _cpu("import event_logger") - _cpu("pass"))
    return Figure("import event_logger, CPU seconds", used, 0.35, 0.25, True)


def run_child(task: str, here: Path) -> None:
    """One export in this process, its figures printed as JSON."""
    with EventLogger(store=_store(here)) as logger:
        rows = len(logger.events)
        target = here / f"{task}.csv"
        if task == "export":
            started = time.perf_counter()
            logger.export_to_csv(str(target))
        else:
            import pandas as pd

            events = logger.get_all_events()
            started = time.perf_counter()
            pd.DataFrame(events).to_csv(target, index=False)
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "rows": rows, "megabytes": peak}))


def _child(task: str, here: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks", "--child", task, "--folder", str(here)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def _cpu(code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _median_time(action: Callable[[], object]) -> float:
    def timed() -> float:
        started = time.perf_counter()
        action()
        return time.perf_counter() - started

    return _median_of(200, timed)


def _median_of(times: int, measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(times))


def _micros(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) / ROUND * 1e6:.1f}"


def _store(here: Path) -> str:
    return f"sqlite:///{here / 'long.db'}"
