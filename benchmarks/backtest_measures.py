"""The measures of a backtest: how fast it logs, and what a long log costs it."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from functools import partial
from itertools import islice
from pathlib import Path

from benchmarks.contestants import BATCH, PEERS, flat_arguments, long_store, this_logger
from benchmarks.figure import Figure, folder, in_fresh_folders, interleaved, micros, ratio, timed
from benchmarks.workload import calls
from event_logger import EventLogger

ROUND = 20_000


def writing() -> list[Figure]:
    """Events per second against each peer, and with Decimals against the same with floats."""
    logged = list(calls(ROUND))
    exact = list(calls(ROUND, decimals=True))
    flat = flat_arguments(logged)
    found = in_fresh_folders(
        {
            "ours": partial(this_logger, logged),
            "Decimals": partial(this_logger, exact),
            **{name: partial(peer, flat) for name, peer in PEERS.items()},
        }
    )
    required = {"raw floor": (0.42, 0.5), "tutorial style": (1.4, 1.4)}
    figures = [
        Figure(
            f"logging, times the {name}",
            ratio(found[name], found["ours"]),
            *required.get(name, (0.0, 0.0)),
            detail=f"{micros(found['ours'], ROUND)} against {micros(found[name], ROUND)} µs"
            " an event",
        )
        for name in PEERS
    ]
    exactly, freely = (micros(found[name], ROUND) for name in ("Decimals", "ours"))
    return [
        *figures,
        Figure(
            "logging Decimals, times floats",
            ratio(found["ours"], found["Decimals"]),
            0.8,
            0.9,
            detail=f"{exactly} against {freely} µs an event",
        ),
    ]


def growth(count: int, here: Path) -> Figure:
    """Log `count` events into `here`; the last tenth's cost per batch over the first tenth's."""
    batches: list[float] = []
    stream = calls(count)
    with EventLogger(store=long_store(here)) as logger:
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
    method, arguments = next(calls(1))

    def append_one(place: Path) -> None:
        with EventLogger(store=long_store(place)) as logger:
            getattr(logger, method)(**arguments)

    with folder() as small:
        this_logger(list(calls(1000)), small)
        found = interleaved(
            {
                "short": lambda: timed(lambda: append_one(small)),
                "long": lambda: timed(lambda: append_one(here)),
            },
            rounds=15,
        )
    long, short = (statistics.median(found[name]) for name in ("long", "short"))
    detail = f"{long * 1e3:.1f} against {short * 1e3:.1f} ms"
    return Figure("open and append one, times a log of 1,000", long / short, 2.0, 1.2, True, detail)


def importing() -> Figure:
    """CPU seconds of importing the logger in a fresh interpreter, less the interpreter's own.

    The package imports what is used, so that its bare import says little.
    """
    found = interleaved(
        {
            "ours": lambda: _cpu("from event_logger import EventLogger"),
            "interpreter": lambda: _cpu("pass"),
        }
    )
    used = statistics.median(found["ours"]) - statistics.median(found["interpreter"])
    return Figure("import event_logger, CPU seconds", used, 0.25, 0.2, True)


def _cpu(code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
