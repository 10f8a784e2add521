"""The measures of what follows a live log: its updates, its status board, other logs beside it."""

from __future__ import annotations

import statistics
from pathlib import Path

from benchmarks.figure import Figure, folder, in_fresh_folders, interleaved, ratio, timed
from benchmarks.live_contestants import live_store, many_tasks
from benchmarks.workload import calls
from event_logger import EventLogger, open_log

UPDATES = 1_000
FOREIGN = 10_000
OPEN = 1_000
LOOKS = 20


def updating() -> Figure:
    """An event's thousandth update over the first of another."""
    hashes = map(hex, range(1_000_000))

    def update(order: int) -> None:
        logger.update_event(order, {"status": "submitted", "tx_hash": next(hashes)})

    with folder() as here:
        many_tasks(calls(1 + LOOKS), here)
        with EventLogger("live", store=live_store(here), redis=False) as logger:
            for _ in range(UPDATES - LOOKS):
                update(1)
            fresh = iter(range(2, 2 + LOOKS))
            found = interleaved(
                {
                    "thousandth": lambda: timed(lambda: update(1)),
                    "first": lambda: timed(lambda: update(next(fresh))),
                },
                LOOKS,
            )
    last, first = (statistics.median(found[name]) * 1e6 for name in ("thousandth", "first"))
    detail = f"{last:.0f} against {first:.0f} µs"
    name = f"update_event, {UPDATES:,}th of an event, times the first"
    return Figure(name, last / first, 1.3, 1.1, True, detail)


def following() -> Figure:
    """The first `live_status()` of a log after the store took another log's transitions."""

    def measured(here: Path, foreign: int) -> float:
        many_tasks(calls(100), here, log="ours")
        if foreign:
            many_tasks(calls(foreign), here, log="theirs")
            with EventLogger("live", store=live_store(here), log="theirs", redis=False) as theirs:
                for order in range(1, foreign + 1):
                    theirs.update_event(order, {"status": "confirmed"})
        many_tasks(calls(100), here, log="ours")
        looks = []
        for _ in range(LOOKS):
            # Each by a reader of its own: what is not folded yet is folded in memory every time.
            with open_log(live_store(here), "ours") as reader:
                looks.append(timed(reader.live_status))
        return statistics.median(looks)

    found = in_fresh_folders(
        {"alone": lambda here: measured(here, 0), "beside": lambda here: measured(here, FOREIGN)},
        rounds=2,
    )
    beside, alone = (statistics.median(found[name]) * 1e3 for name in ("beside", "alone"))
    return Figure(
        f"live_status() after {FOREIGN:,} transitions of another log, times without",
        ratio(found["beside"], found["alone"]),
        1.3,
        1.1,
        True,
        f"{beside:.1f} against {alone:.1f} ms",
    )


def status(events: int) -> list[Figure]:
    """`live_status()` on a log of so many events, a thousand of them open."""
    with folder() as long_folder, folder() as short_folder:
        long = _status_milliseconds(long_folder, events)
        short = _status_milliseconds(short_folder, min(events, 10_000))
    name = f"live_status() of {events:,} events, {OPEN:,} open"
    return [
        Figure(f"{name}, ms", long, 50.0, 20.0, True),
        Figure(f"{name}, times 10,000 events", long / short, 1.5, 1.1, True),
    ]


def _status_milliseconds(here: Path, events: int) -> float:
    many_tasks(calls(events), here)
    with EventLogger("live", store=live_store(here), redis=False) as logger:
        for order in range(1, events - OPEN + 1):
            logger.update_event(order, {"status": "confirmed", "tx_hash": f"0x{order:064x}"})
        if logger.live_status()["counts"].get("pending") != min(OPEN, events):
            raise RuntimeError("the board is wrong")
        times = [timed(lambda: logger.live_status("10m")) for _ in range(LOOKS)]
    return statistics.median(times) * 1e3
