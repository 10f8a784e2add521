"""Where a fault is planted, and what is done there: the words in which plants are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from random import Random
from typing import Any

from tests.audit.planting import Event, Run, order_in

Orders = tuple[int, ...] | None
Change = Callable[[Event], bool | None]
"""Changes an event; False where it has no place for the fault."""


def one_of(run: Run, random: Random, *types: str) -> Iterator[Event]:
    """The events of these types (of all, where none is named), in an order of chance."""
    events = [one for one in run if not types or one["event_type"] in types]
    yield from random.sample(events, len(events))


def at_one(*types: str, change: Change) -> Callable[[Run, Random], Orders]:
    """Plants a change at the first event, by chance, that has a place for it."""

    def plant(run: Run, random: Random) -> Orders:
        for event in one_of(run, random, *types):
            if change(event) is not False:
                return (order_in(run, event),)
        return None

    return plant


def unit(number: Any) -> Decimal:
    """One of the last digit that is written."""
    return Decimal((0, (1,), int(Decimal(str(number)).as_tuple().exponent)))


def off(name: str, units: int = 1) -> Change:
    """A field whose last written digit is off."""

    def change(event: Event) -> bool:
        if not event.get(name):
            return False
        event[name] += unit(event[name]) * units
        return True

    return change


def times(name: str, factor: Any) -> Change:
    """A field that is so many times what it was."""

    def change(event: Event) -> bool:
        if not event.get(name):
            return False
        event[name] = event[name] * Decimal(factor)
        return True

    return change


def as_is(name: str, other: str) -> Change:
    """A field that holds what stands in another one."""

    def change(event: Event) -> bool:
        if event.get(name) is None or event.get(other) in (None, event[name]):
            return False
        event[name] = event[other]
        return True

    return change


def all_of(*changes: Change) -> Change:
    """Several changes that are one fault."""
    return lambda event: all(change(event) is not False for change in changes)


def as_in_another(name: str, *types: str) -> Callable[[Run, Random], Orders]:
    """Plants a field that comes from another event of the same types."""

    def plant(run: Run, random: Random) -> Orders:
        for event in one_of(run, random, *types):
            for other in one_of(run, random, *types):
                if None not in (event.get(name), other.get(name)) and other[name] != event[name]:
                    event[name] = other[name]
                    return (order_in(run, event),)
        return None

    return plant
