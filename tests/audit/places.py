"""Where in a run a fault can be planted, and how it is put there."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from random import Random

from tests.audit.planting import Event, Run, later, order_in

Orders = tuple[int, ...] | None


def of_type(run: Run, *types: str, **fields: object) -> Run:
    """The events of these types whose fields have these values."""
    return [
        one
        for one in run
        if one["event_type"] in types
        and all(one.get(name) == value for name, value in fields.items())
    ]


def between(run: Run, before: Event | None, after: Event | None) -> Orders:
    """The orders of those that there are."""
    return tuple(order_in(run, one) for one in (before, after) if one is not None)


def neighbours(events: Run, event: Event) -> tuple[Event | None, Event | None]:
    """The event before and the one after, among these."""
    place = next(place for place, one in enumerate(events) if one is event)
    return (
        events[place - 1] if place else None,
        events[place + 1] if place + 1 < len(events) else None,
    )


def drop(run: Run, event: Event) -> None:
    """Take the event out of the run."""
    del run[order_in(run, event) - 1]


def insert_after(run: Run, event: Event, new: Event) -> Event:
    """Put a new event after another; at the end of its bundle where it wraps one."""
    place = order_in(run, event)
    while place < len(run) and is_within(run, run[place], event):
        place += 1
    run.insert(place, new)
    return new


def is_within(run: Run, event: Event, wrapper: Event) -> bool:
    """Whether the event is a detail of the wrapper, at any depth."""
    while event.get("parent_event"):
        (event,) = (one for one in run if one.get("order") == event["parent_event"])
        if event is wrapper:
            return True
    return False


def copy_of(event: Event) -> Event:
    """The same again, as a new event."""
    copied = deepcopy(event)
    copied.pop("order", None)
    return copied


def bundle_of(run: Run, wrapper: Event) -> Run:
    """The wrapper and all its details."""
    return [one for one in run if one is wrapper or is_within(run, one, wrapper)]


def moved(event: Event, **by: float) -> Event:
    """The event as if all of it had happened that much later."""
    for name in ("timestamp", "recorded_at"):
        event[name] = later(event[name], **by)
    for update in event.get("updates", ()):
        for name in ("at", "completion_timestamp"):
            if name in update:
                update[name] = later(update[name], **by)
    return event


def changing(
    choose: Callable[[Run], Run], change: Callable[[Event, Random], None]
) -> Callable[[Run, Random], Orders]:
    """A plant that changes one event among those that are chosen, which is then named."""

    def plant(run: Run, random: Random) -> Orders:
        chosen = choose(run)
        if not chosen:
            return None
        event = random.choice(chosen)
        change(event, random)
        return (order_in(run, event),)

    return plant


def storing(**stored: object) -> Callable[[Run, Random], Orders]:
    """A plant that stores other values for any one event; None takes the field away."""

    def change(event: Event, random: Random) -> None:
        event["stored"] = stored

    return changing(lambda run: run[1:-1], change)
