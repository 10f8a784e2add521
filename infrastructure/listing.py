"""Many dicts at once, without the interpreter's search for cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def without_cycle_search() -> Iterator[None]:
    """Puts off the search for cycles, which looks at every dict that is made, over and over.

    That is half of the time that a list of a long log's events takes (measured).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        # The first search afterwards would look at all of it. Held permanently for a moment, the
        # dicts go on as the oldest ones: another third (measured).
        if was_enabled and gc.get_freeze_count() == 0:
            gc.freeze()
            gc.unfreeze()
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def seldom_cycle_search() -> Iterator[None]:
    """Lets the search for cycles wait for many more containers than a page of events has.

    They come and go by the page, and hold no cycles: to look at them anyway is a third of the time
    that a pass over a log takes (measured). What does hold cycles is still found.
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(max(thresholds[0], _CONTAINERS_AT_ONCE), *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


_CONTAINERS_AT_ONCE = 200_000


def listed(items: Iterable[T]) -> list[T]:
    """The items as a list."""
    with without_cycle_search():
        return list(items)
