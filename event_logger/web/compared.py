"""Two logs side by side: what they hold, and the first order at which they part."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from event_logger.paging import LogPages
from event_logger.reader import LogReader
from event_logger.web.asked import Asked, Param
from event_logger.web.errors import PageError
from event_logger.web.view import Page, View
from projections.event_dicts import EventDict

_SECONDS = 3.0
_PAGE = 500
_TIMES = frozenset(("recorded_at",))
_MOST_FIELDS = 60


def compare(asked: Asked) -> Page:
    """Two logs of the store, or one as of two horizons."""
    names = [asked.text("left"), asked.text("right")]
    if None in names:
        missing = "left" if names[0] is None else "right"
        raise PageError(400, f"the parameter {missing} is missing: which log is meant")
    sides = [
        _side(asked, name, asked.text(f"{which}_as_of"))
        for name, which in zip(names, ("left", "right"), strict=True)
    ]
    tells = [_told(asked, reader) for reader in sides]
    parted, looked_at = _first_difference(*sides)
    rows = list(_rows(*tells))
    data = {
        "left": tells[0] | {"types": None},
        "right": tells[1] | {"types": None},
        "rows": rows,
        "first_difference": parted,
        "compared_up_to": looked_at,
    }
    return Page("compare.html", f"{names[0]} and {names[1]}", data, rows)


def _side(asked: Asked, name: str | None, as_of: str | None) -> LogReader:
    reader = asked.site.reader(name)
    return reader if as_of is None else reader.as_of(as_of)


def _told(asked: Asked, reader: LogReader) -> dict[str, Any]:
    horizon = reader.horizon
    folded = asked.site.folds.of(reader, horizon, 2 * asked.patience)
    return {
        "log": reader.log_name,
        "mode": LogPages(reader).mode,
        "horizon": str(horizon),
        "is_whole": folded.is_complete,
        "types": dict(folded.timelines.types),
        "figures": {
            f"{one.kind} {one.name} ({one.unit})": one.points[-1].value
            for one in folded.timelines.figures()
        },
    }


def _rows(left: dict[str, Any], right: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for group, what in (("types", "events"), ("figures", "last")):
        for name in sorted(left[group].keys() | right[group].keys()):
            one, other = left[group].get(name), right[group].get(name)
            yield {
                "what": f"{name}, {what}",
                "left": one,
                "right": other,
                "is_same": one == other,
            }


def _first_difference(left: LogReader, right: LogReader) -> tuple[dict[str, Any] | None, int]:
    """The first order whose events differ in anything but when they were recorded."""
    until = time.monotonic() + _SECONDS
    first, last = 1, max(left.global_order, right.global_order)
    while first <= last and time.monotonic() < until:
        pages = [one.get_events_by_order_range(first, first + _PAGE - 1) for one in (left, right)]
        for order, (one, other) in enumerate(zip_longest(*pages), first):
            fields = _fields_that_differ(one, other)
            if fields:
                return {"order": order, "fields": fields[:_MOST_FIELDS]}, order
        first += _PAGE
    return None, min(first - 1, last)


def _fields_that_differ(one: EventDict | None, other: EventDict | None) -> list[dict[str, Any]]:
    if one is None or other is None:
        return [{"field": "event", "left": one is not None, "right": other is not None}]
    names = dict.fromkeys((*one, *other))
    return [
        {"field": name, "left": one.get(name), "right": other.get(name)}
        for name in names
        if name not in _TIMES and one.get(name) != other.get(name)
    ]


VIEWS = (
    View(
        "/compare",
        "Two logs side by side: counts, figures, and the first order at which they part.",
        (
            Param("left", "A log of the store."),
            Param("right", "A log of the store."),
            Param("left_as_of", "The left one as it was known then."),
            Param("right_as_of", "The right one as it was known then."),
        ),
        compare,
    ),
)
