"""Writers whose every call is told, and what must be there of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence

from event_logger import open_log
from tests.support import PATIENCE, start_program

LIVE = """
with EventLogger("live", store=sys.argv[1], redis=False) as logger:
    for number in range(int(sys.argv[3])):
        name = f"{sys.argv[2]}.{number}"
        if number % 5 == 4:
            details = [{"event_type": "STAKE_DEPOSIT", "venue": "LIDO"}] * 2
            order = logger.log_atomic_transaction(HOUR, name, details)[0]
        else:
            order = logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", number, name=name)
        print(order, name, flush=True)
"""


def start_writers(store: str, count: int, calls: int) -> list[subprocess.Popen[str]]:
    """Processes that log to one live log and tell of each call that returned."""
    return [start_program(LIVE, store, f"w{number}", calls) for number in range(count)]


def first_of(programs: Sequence[subprocess.Popen[str]]) -> dict[str, int]:
    """What each told first: from then on all are at it."""
    told: dict[str, int] = {}
    for program in programs:
        assert program.stdout is not None
        order, _, name = program.stdout.readline().strip().partition(" ")
        told[name] = int(order)
    return told


def told_by(programs: Sequence[subprocess.Popen[str]], *, code: int | None = 0) -> dict[str, int]:
    """The order that each call was told, by its name."""
    told: dict[str, int] = {}
    for program in programs:
        assert program.stdout is not None
        assert program.stderr is not None
        # Not communicate(), which does not know of lines that were read ahead.
        with program:
            out, err = program.stdout.read(), program.stderr.read()
            program.wait(PATIENCE)
        if code is not None:
            assert program.returncode == code, err
        for line in out.splitlines():
            order, _, name = line.partition(" ")
            if name:
                told[name] = int(order)
    return told


def check(store: str, told: dict[str, int], log: str = "default") -> int:
    """What was told is there, once, at its order; orders have no gaps. Gives how many there are."""
    with open_log(store, log) as reader:
        events = list(reader.events)
        assert [event["order"] for event in events] == list(range(1, len(events) + 1))
        found: dict[str, int] = {}
        for event in events:
            name = event.get("bundle_name") or event.get("name")
            if name is not None:
                assert name not in found, f"{name} is there twice"
                found[name] = event["order"]
        missing = {name: order for name, order in told.items() if found.get(name) != order}
        assert not missing, json.dumps(missing)
        assert all(len(tree["details"]) == 2 for tree in reader.bundle_trees())
        board = reader.live_status()
        assert sum(board["counts"].values()) == len(events)
        return len(events)
