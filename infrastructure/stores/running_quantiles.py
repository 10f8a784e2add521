"""Exact quantiles of times that a store keeps in order, at one cost however many they are.

Of each quantile the place where it stands is kept: further times move it by no more places than
they are many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from projections.status_board import QUANTILES

Time = tuple[int, int]
"""Microseconds, and the position of the confirmation, which sets equal times apart."""


class Mark(NamedTuple):
    """Where a quantile stands: at this place, from 0 on, of so many times, and on which of them."""

    times: int
    place: int
    here: Time


class KeptTimes(Protocol):
    """One log's times in a store, within a transaction of it."""

    def mark(self, name: str) -> Mark | None:
        """Where a quantile stands; None while there are no times."""

    def set_mark(self, name: str, mark: Mark) -> None:
        """Keep where a quantile stands now."""

    def before(self, here: Time, limit: int) -> Sequence[Time]:
        """Up to so many times before one, the nearest first."""

    def after(self, here: Time, limit: int) -> Sequence[Time]:
        """Up to so many times after one, the nearest first."""


def move_marks(kept: KeptTimes, added: Sequence[Time]) -> None:
    """Have the quantiles stand right again once these times, at least one, were added."""
    for name, q in QUANTILES.items():
        mark = kept.mark(name)
        if mark is None:
            count, place, here = len(added), 0, min(added)
        else:
            count, here = mark.times + len(added), mark.here
            place = mark.place + sum(one < here for one in added)
        target = int((count - 1) * q)
        if target > place:
            here = kept.after(here, target - place)[-1]
        elif target < place:
            here = kept.before(here, place - target)[-1]
        kept.set_mark(name, Mark(count, target, here))


def quantiles(kept: KeptTimes, further: Sequence[Time] = ()) -> dict[str, float | None]:
    """The quantiles in microseconds, of the times that are kept and further ones."""
    return {name: _quantile(kept, name, q, further) for name, q in QUANTILES.items()}


def _quantile(kept: KeptTimes, name: str, q: float, further: Sequence[Time]) -> float | None:
    mark = kept.mark(name)
    window: list[Time] = []
    count = first = 0
    if mark is not None:
        # The quantile of all stands at most len(further) places from that of the times here.
        reach = len(further) + 2
        before, after = kept.before(mark.here, reach), kept.after(mark.here, reach)
        window = [*reversed(before), mark.here, *after]
        count, first = mark.times, mark.place - len(before)
    total = count + len(further)
    if total == 0:
        return None
    at = (total - 1) * q
    ordered = sorted([*window, *further])
    lower = int(at) - first
    upper = min(lower + 1, len(ordered) - 1)
    low, high = ordered[lower][0], ordered[upper][0]
    return float(low + (high - low) * (at - int(at)))
