"""What must not alarm: sound runs, whole or cut short, and what looks like a fault and is none."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from projections.audit import Finding, Severity
from tests.audit.live_strategy import live_strategy
from tests.audit.places import drop, of_type
from tests.audit.planting import BACKTEST, LIVE, Run, copied, findings, later
from tests.audit.sound import sound_run


class Quiet(NamedTuple):
    """A run in which no rule finds an error; `make` gives it for a seeded random."""

    name: str
    mode: str
    make: Callable[[Random], Run]


def _cut(mode: str) -> Callable[[Random], Run]:
    """A run up to any moment, as an audit of a log that goes on sees it."""

    def make(random: Random) -> Run:
        run = copied(sound_run(mode))
        length = random.randrange(5, len(run))
        while length < len(run) and run[length].get("parent_event"):
            length += 1
        end = run[length - 1]["recorded_at"]
        for event in run[:length]:
            if mode == LIVE:
                event["updates"] = [one for one in event.get("updates", ()) if one["at"] <= end]
        return run[:length]

    return make


def _later_part(mode: str) -> Callable[[Random], Run]:
    """A log that begins when much has happened already."""

    def make(random: Random) -> Run:
        run = copied(sound_run(mode))
        first = random.randrange(1, len(run) - 20)
        while run[first].get("parent_event"):
            first += 1
        return run[first:]

    return make


def _without_snapshots(random: Random) -> Run:
    run = copied(sound_run(BACKTEST))
    for event in run:
        event.pop("position_snapshot", None)
    return run


def _cancelled_elsewhere(random: Random) -> Run:
    """The nonce went to a cancellation that the log does not hold."""
    run = copied(sound_run(LIVE))
    for event in of_type(run, "STAKE_DEPOSIT"):
        if event["updates"][-1]["status"] == "replaced":
            drop(run, event)
    return run


def _punctual_to_the_minute(random: Random) -> Run:
    """Payments are seen when somebody looks, minutes after the hour."""
    run = copied(sound_run(LIVE))
    for event in of_type(run, "FUNDING_PAYMENT"):
        event["timestamp"] = later(event["timestamp"], seconds=random.randrange(1, 600))
    return run


QUIET = [
    Quiet("the demo", BACKTEST, lambda random: copied(sound_run(BACKTEST))),
    Quiet("a live strategy", LIVE, lambda random: copied(sound_run(LIVE))),
    Quiet("the demo up to some hour", BACKTEST, _cut(BACKTEST)),
    Quiet("a live strategy up to some moment", LIVE, _cut(LIVE)),
    Quiet("the demo from some hour on", BACKTEST, _later_part(BACKTEST)),
    Quiet("a live strategy from some moment on", LIVE, _later_part(LIVE)),
    Quiet("the demo without snapshots", BACKTEST, _without_snapshots),
    Quiet("an interval that becomes shorter", LIVE, lambda _: live_strategy(_from(8, 4))),
    Quiet("an interval that becomes longer", LIVE, lambda _: live_strategy(_from(4, 8))),
    Quiet("an interval that becomes an hour", LIVE, lambda _: live_strategy(_from(8, 1))),
    Quiet("a nonce that was cancelled elsewhere", LIVE, _cancelled_elsewhere),
    Quiet("payments that are seen somewhat later", LIVE, _punctual_to_the_minute),
]


def _from(before: int, after: int) -> Callable[[int], int]:
    return lambda hour: before if hour <= 24 else after


def alarms(quiet: Quiet, seed: int) -> list[Finding]:
    """The errors that an audit finds there, all of them false."""
    run = quiet.make(Random(f"{quiet.name} {seed}"))
    return [one for one in findings(run, quiet.mode) if one.severity is Severity.ERROR]
