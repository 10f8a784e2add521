"""A search that finds nothing because what it asks for is written otherwise in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping

from domain.errors import shown
from domain.errors.base import nearest
from event_logger.search import Search, venues_of
from projections.event_dicts import EventDict

_log = logging.getLogger("event_logger")

_HELD: dict[str, Callable[[EventDict], Iterable[str | None]]] = {
    "event_type": lambda event: (event["event_type"],),
    "venue": venues_of,
    "token": lambda event: (event["token"],),
    "status": lambda event: (event["status"],),
}


def found_or_said(
    found: Iterator[EventDict], wanted: Search, name: str, events: Callable[[], Iterable[EventDict]]
) -> Iterator[EventDict]:
    """What is found. Where that is nothing, a type, venue, token or status that the log does not
    hold is said as a warning, with the nearest that it does; `events` are all of the log's.
    """
    is_empty = wanted.limit != 0
    for event in found:
        is_empty = False
        yield event
    if is_empty:
        asked = {field: value for field in _HELD if (value := getattr(wanted, field)) is not None}
        say_what_is_not_held(asked, name, events())


def say_what_is_not_held(asked: dict[str, str], name: str, events: Iterable[EventDict]) -> None:
    """Warn of each type, venue … that is asked for and that none of the events has."""
    if not asked:
        return
    held: dict[str, set[str]] = {field: set() for field in asked}
    for event in events:
        for field, values in held.items():
            values.update(value for value in _HELD[field](event) if value is not None)
    say_unless_held(asked, name, held)


def say_unless_held(asked: dict[str, str], name: str, held: Mapping[str, Iterable[str]]) -> None:
    """Warn of each type, venue … that is asked for and not among those held, with the nearest."""
    for field, value in asked.items():
        there = set(held[field])
        if value not in there:
            near = nearest(value, there)
            hint = "" if near is None else f"; the nearest is {shown(near)}"
            _log.warning("log %r holds no %s %s%s", name, field, shown(value), hint)
