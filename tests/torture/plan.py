"""What an episode of torture does: all of it follows from its seed, so that it can be run again."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field
from typing import Any

LIVE, ASYNC, BACKTEST = "live", "async", "backtest"
ASYNC_BACKTEST = "async backtest"
LOGS = {
    "live-a": (LIVE,),
    "live-b": (LIVE, ASYNC),
    "run": (BACKTEST,),
    "run-b": (ASYNC_BACKTEST,),
}
"""The logs of the store, and the loggers that may write to each."""

RUINS = ("remove the file", "remove the log", "cut the file", "cut the log", "overwrite a page")
"""What a stranger may do to the store's file and its write-ahead log under those who use it."""

COMMIT_EVERY = 40
"""Events per commit of the backtests: small, so that commits are often interrupted."""


@dataclass(frozen=True)
class Job:
    """What one process does until it is stopped: which logger, on which log, by which seed."""

    kind: str
    log: str
    seed: int
    threads: int
    closes: bool
    """Whether it closes its logger, or leaves that to the end of the program."""
    drops: bool
    """Whether it drops loggers now and then, for the garbage collector to find, and opens new."""
    tight_disk: bool


@dataclass(frozen=True)
class Strike:
    """What is done to the processes, the store or Redis, at a moment in seconds."""

    at: float
    what: str
    who: int
    """Which of the processes, counted over as many as there are."""
    lasts: float
    times: int


@dataclass(frozen=True)
class Plan:
    """One episode."""

    seed: int
    seconds: float
    ruin: str | None
    """What happens to the store at the end, while it is in use."""
    is_early: bool
    """Whether it is struck while the store is being made, or once all processes log."""
    jobs: list[Job]
    strikes: list[Strike] = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


STRIKES = {
    "kill": 12,
    "interrupt": 20,
    "terminate": 6,
    "log in a handler": 20,
    "stop": 8,
    "hold the lock": 8,
    "hold a lease": 3,
    "hold a moment": 3,
    "open and close": 6,
    "checkpoint": 4,
    "move away": 3,
    "stop Redis": 3,
    "pause Redis": 3,
    "read": 5,
}
"""What strikes, and how often of a hundred times."""


ON_A_SERVER = {
    "kill": 12,
    "interrupt": 20,
    "terminate": 6,
    "log in a handler": 20,
    "stop": 8,
    "hold the lock": 5,
    "hold a moment": 3,
    "checkpoint": 4,
    "end sessions": 8,
    "cancel": 8,
    "kill the server": 3,
    "restart the server": 2,
    "stop Redis": 3,
    "pause Redis": 3,
    "read": 5,
}
"""What strikes where the store is on a server, and how often."""

FILE, SERVER = "file", "postgres"
STORES = (FILE, SERVER)


def plan_of(seed: int, seconds: float, strikes_a_second: float = 6.0, store: str = FILE) -> Plan:
    """The plan of this seed, for a store of this kind."""
    chance = random.Random(seed)
    ruin = chance.choice(RUINS) if chance.random() < 0.5 and store == FILE else None
    moves_away = chance.random() < 0.5 and store == FILE

    def job(kind: str, log: str) -> Job:
        return Job(
            kind,
            log,
            chance.getrandbits(32),
            threads=chance.choice((1, 1, 2, 3)) if kind == LIVE else 1,
            closes=chance.random() < 0.5,
            drops=not moves_away and ruin is None and chance.random() < 0.4,
            tight_disk=chance.random() < 0.3 and store == FILE,
        )

    first = ("live-a", "live-a", "live-b", "run", "run-b")
    jobs = [job(LOGS[log][-1], log) for log in first]
    if chance.random() < 0.5:
        jobs.append(job(chance.choice(LOGS["live-b"]), "live-b"))
    strikes = STRIKES if store == FILE else ON_A_SERVER
    possible = {what: w for what, w in strikes.items() if moves_away or what != "move away"}
    moments = sorted(chance.uniform(0.5, seconds) for _ in range(int(seconds * strikes_a_second)))
    return Plan(
        seed,
        seconds,
        ruin,
        seed % 4 == 0,
        jobs,
        [
            Strike(
                at,
                chance.choices(list(possible), list(possible.values()))[0],
                chance.randrange(1000),
                chance.choice((0.01, 0.1, 0.4, 1.2)),
                chance.choice((1, 1, 3, 10)),
            )
            for at in moments
        ],
    )
