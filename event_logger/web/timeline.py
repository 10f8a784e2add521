"""The timeline: a log's events a page at a time, all of them or those that are searched for."""

from __future__ import annotations

from typing import Any

from domain.errors import shown
from domain.errors.base import nearest
from domain.event_types import EVENT_TYPES, checked_event_type
from domain.statuses import STATUSES
from event_logger.paging import Asked as PageAsked
from event_logger.paging import Found
from event_logger.search import Criteria
from event_logger.web.asked import AS_OF, LOG, Asked, Param
from event_logger.web.view import Page, View
from projections.event_dicts import EventDict

COLUMNS = (
    "order", "timestamp", "event_type", "venue", "token", "amount", "status", "purpose",
)  # fmt: skip
_MORE_COLUMNS = (
    "recorded_at", "tx_hash", "event_id", "parent_event", "gas_cost_eth", "gas_cost_usd",
    "execution_cost_usd", "transaction_type", "iteration", "nonce", "block_number",
)  # fmt: skip
_COUNT, _MOST = 50, 500
_SECONDS = 2.0

_FILTERS = (
    Param("type", "Only this event type."),
    Param("venue", "Only this venue, or either side of a transfer."),
    Param("token", "Only this token."),
    Param("status", "Only what has this status now.", choices=STATUSES),
    Param("tx_hash", "Only what ever had this transaction hash."),
    Param("event_id", "Only the event with this id."),
    Param("text", "Only where the purpose holds this."),
    Param("parent", "Only details of this wrapper.", is_whole=True),
    Param("from_order", "From this order on.", is_whole=True),
    Param("to_order", "Up to this order.", is_whole=True),
    Param("since", "From this time on (ISO 8601; in the zone)."),
    Param("until", "Before this time (ISO 8601; in the zone)."),
)
_PLACE = (
    Param("at", "The page begins with this order.", is_whole=True),
    Param("before", "The page ends with this order.", is_whole=True),
    Param("sort", "`newest`: the last event comes first.", choices=("oldest", "newest")),
    Param("count", f"Events on a page, at most {_MOST}.", is_whole=True),
    Param("columns", "The columns that are shown, with commas between."),
    Param("fold", "`no`: a bundle is not folded to one line.", choices=("yes", "no")),
)


def events(asked: Asked) -> Page:
    """The events of a page; what was searched for, and how far, is said."""
    criteria = criteria_of(asked)
    columns = _columns(asked)
    last = asked.reader.global_order
    wanted = _page_asked(asked, last)
    found = asked.pages.found(criteria, wanted)
    is_filtered = any(name in asked.given for name in (param.name for param in _FILTERS))
    missing = _not_held(asked, criteria, found) if is_filtered and not found.events else None
    is_newest = asked.text("sort") == "newest"
    listed = found.events[::-1] if is_newest else found.events
    data = {
        "log": asked.reader.log_name,
        "horizon": str(asked.reader.horizon),
        "events": listed,
        "looked_at": {"first": found.first, "last": found.last, "is_complete": found.is_complete},
        "last_order": last,
    } | _ways(asked, found)
    shows = {
        "columns": columns,
        "lines": _lines(listed, asked.text("fold") != "no" and not is_filtered),
        "is_filtered": is_filtered,
        "missing": missing,
        "further_columns": [name for name in (*COLUMNS, *_MORE_COLUMNS) if name not in columns],
        "filters": _FILTERS,
        "types": sorted(EVENT_TYPES),
        "place": found.events[0]["order"] if found.events else found.first,
    }
    is_unknown = missing is not None and asked.text("type") not in (None, *EVENT_TYPES)
    title = f"Timeline of {asked.reader.log_name}"
    return Page("events.html", title, data, listed, shows, 404 if is_unknown else 200)


def criteria_of(asked: Asked) -> Criteria:
    """What is searched for; raises `PageError` or `InvalidEventError` for what makes no sense."""
    event_type = asked.text("type")
    if event_type is not None:
        checked_event_type(event_type)
    return {
        "event_type": event_type,
        "venue": asked.text("venue"),
        "token": asked.text("token"),
        "status": asked.text("status"),
        "tx_hash": asked.text("tx_hash"),
        "event_id": asked.text("event_id"),
        "text": asked.text("text"),
        "parent": asked.whole("parent", 0, 0) or None,
        "orders": (asked.whole("from_order", 0, 0) or None, asked.whole("to_order", 0, 0) or None),
        "since": asked.time("since"),
        "until": asked.time("until"),
    }


def _page_asked(asked: Asked, last: int) -> PageAsked:
    count = asked.whole("count", _COUNT, 1, _MOST)
    if "before" in asked.given:
        return PageAsked(asked.whole("before", last), count, True, _SECONDS)
    if asked.text("sort") == "newest" and "at" not in asked.given:
        return PageAsked(max(last, 1), count, True, _SECONDS)
    return PageAsked(asked.whole("at", 1), count, False, _SECONDS)


def _ways(asked: Asked, found: Found) -> dict[str, str | None]:
    """The addresses of the pages before and after this one, under the same filter."""
    return {
        "earlier": asked.here(at=None, before=found.earlier) if found.earlier else None,
        "later": asked.here(at=found.later, before=None) if found.later else None,
    }


def _columns(asked: Asked) -> list[str]:
    """The columns that are asked for, any field or extra by its name."""
    given = asked.text("columns")
    names = COLUMNS if given is None else [name.strip() for name in given.split(",")]
    return list(dict.fromkeys(name for name in names if name))[:30] or list(COLUMNS)


def _lines(events: list[EventDict], is_folded: bool) -> list[dict[str, Any]]:
    """The events as lines; a bundle's details stand folded below their wrapper."""
    lines: list[dict[str, Any]] = []
    wrappers: dict[int, dict[str, Any]] = {}
    for event in events:
        line: dict[str, Any] = {"event": event, "inside": []}
        wrapper = wrappers.get(event["parent_event"]) if is_folded else None
        if wrapper is not None:
            wrapper["inside"].append(event)
            wrappers[event["order"]] = wrapper
        else:
            lines.append(line)
            wrappers[event["order"]] = line
    return lines


def _not_held(asked: Asked, criteria: Criteria, found: Found) -> str:
    event_type = criteria.get("event_type")
    where = f"orders {found.first:,} to {found.last:,}"
    if not found.is_complete:
        return f"nothing so far in {where}: the time for one page was over"
    if event_type is not None and event_type not in EVENT_TYPES:
        near = nearest(event_type, EVENT_TYPES)
        return f"no event of type {shown(event_type)} here; the nearest that is known is {near}"
    return f"no event in {where} is like this"


VIEWS = (
    View(
        "/events",
        "The timeline: events from any order on, all or those that are searched for.",
        (LOG, AS_OF, *_FILTERS, *_PLACE),
        events,
    ),
)
