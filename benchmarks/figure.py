"""A figure: what was measured, and what is asked of it; and how contestants are compared."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROUNDS = 5


@dataclass(frozen=True)
class Figure:
    """`value` must be at least (or, `at_most`, at most) `required`; we are after `aim`."""

    name: str
    value: float
    required: float = 0.0
    aim: float = 0.0
    at_most: bool = False
    detail: str = ""

    @property
    def is_met(self) -> bool:
        return self.value <= self.required if self.at_most else self.value >= self.required


def work_in(place: Path) -> None:
    """Let all contestants work in folders below this one, whose file system they measure."""
    tempfile.tempdir = str(place.absolute())


@contextmanager
def folder() -> Iterator[Path]:
    """A fresh folder where `work_in` says."""
    with tempfile.TemporaryDirectory(prefix=".bench-") as name:
        yield Path(name)


def interleaved(
    contestants: Mapping[str, Callable[[], float]], rounds: int = ROUNDS
) -> dict[str, list[float]]:
    """What each contestant measures, one after the other, in so many rounds."""
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, measure in contestants.items():
            found[name].append(measure())
    return found


def in_fresh_folders(
    contestants: Mapping[str, Callable[[Path], float]], rounds: int = ROUNDS
) -> dict[str, list[float]]:
    """`interleaved`, each time in a folder of its own."""

    def fresh(contestant: Callable[[Path], float]) -> Callable[[], float]:
        def measure() -> float:
            with folder() as here:
                return contestant(here)

        return measure

    return interleaved({name: fresh(one) for name, one in contestants.items()}, rounds)


def ratio(peer: list[float], ours: list[float]) -> float:
    """The median over the rounds of what the peer measured over what we did."""
    return statistics.median(their / our for their, our in zip(peer, ours, strict=True))


def timed(action: Callable[[], object]) -> float:
    """The seconds that the action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def micros(seconds: list[float], events: int) -> str:
    """The median as microseconds an event."""
    return f"{statistics.median(seconds) / events * 1e6:.1f}"
