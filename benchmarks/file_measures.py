"""The measures of files and DataFrames, in rows a second and against pandas."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.contestants import long_store, this_logger
from benchmarks.figure import Figure, folder, interleaved, ratio, timed
from benchmarks.workload import calls
from event_logger import EventLogger, open_log, read_event_log
from event_logger.cli import app

ROUNDS = 3
SHARE, SHARE_OF_DECIMALS, SHARE_READ = 2, 4, 20
"""What costs more a row is measured on fewer: one in so many of the events asked for."""


def files(events: int) -> Iterator[Figure]:
    """Export with floats and with Decimals, then what reads files and makes DataFrames."""
    with folder() as here:
        this_logger(calls(events // SHARE), here)
        yield from _exporting(here, "")
    with folder() as here:
        this_logger(calls(events // SHARE_OF_DECIMALS, decimals=True), here)
        yield from _exporting(here, " with Decimals")
    with folder() as here:
        this_logger(calls(events // SHARE_READ), here)
        yield from _coming_back(here, events // SHARE_READ)


def _exporting(here: Path, what: str) -> list[Figure]:
    """Speed and peak memory of the export, against a DataFrame of the same events."""
    found: dict[str, list[dict[str, Any]]] = {"export": [], "pandas": []}
    for _ in range(ROUNDS):
        for task, measured in found.items():
            measured.append(_child(task, here))
    seconds = {task: [one["seconds"] for one in measured] for task, measured in found.items()}
    rows = found["export"][0]["rows"]
    rates = {task: f"{rows / statistics.median(taken):,.0f}" for task, taken in seconds.items()}
    speed = Figure(
        f"CSV export{what}, times pd.DataFrame(events).to_csv",
        ratio(seconds["pandas"], seconds["export"]),
        *((2.5, 3.0) if what else (3.0, 4.0)),
        detail=f"{rates['export']} against {rates['pandas']} rows a second",
    )
    ours, theirs = (max(one["megabytes"] for one in measured) for measured in found.values())
    detail = f"{theirs:.0f} MB with pandas"
    return [speed, Figure(f"CSV export{what}, peak MB", ours, 300, 200, True, detail)]


def _coming_back(here: Path, rows: int) -> Iterator[Figure]:
    """Reading, importing and `to_dataframe()`; beside each what pandas makes of the same rows."""
    csv = here / "log.csv"
    with open_log(long_store(here)) as reader:
        reader.export_to_csv(str(csv))
        events = reader.get_all_events()
        found = interleaved(
            {
                "to_dataframe()": lambda: timed(reader.to_dataframe),
                "pd.DataFrame": lambda: timed(lambda: pd.DataFrame(events)),
                "read_event_log": lambda: timed(lambda: read_event_log(str(csv))),
                "pd.read_csv": lambda: timed(lambda: pd.read_csv(csv)),
                "import": lambda: timed(lambda: _import(csv)),
            },
            ROUNDS,
        )
    rates = {name: rows / statistics.median(taken) for name, taken in found.items()}
    for name, peer in (
        ("read_event_log", "pd.read_csv"),
        ("import", "pd.read_csv"),
        ("to_dataframe()", "pd.DataFrame"),
    ):
        detail = f"{ratio(found[peer], found[name]):.2f} times {peer}"
        yield Figure(f"{name}, rows a second", rates[name], detail=detail)


def _import(csv: Path) -> None:
    with folder() as target:
        arguments = ["import", str(csv), "--store", long_store(target)]
        with redirect_stdout(StringIO()):
            if app(arguments, standalone_mode=False):
                raise RuntimeError("the import was refused")


def run_child(task: str, here: Path) -> None:
    """One export in this process, its figures printed as JSON."""
    with EventLogger(store=long_store(here)) as logger:
        rows = len(logger.events)
        target = str(here / f"{task}.csv")
        if task == "export":
            seconds = timed(lambda: logger.export_to_csv(target))
        else:
            events = logger.get_all_events()
            seconds = timed(lambda: pd.DataFrame(events).to_csv(target, index=False))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "rows": rows, "megabytes": peak}))


def _child(task: str, here: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks", "--child", task, "--child-folder", str(here)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures
