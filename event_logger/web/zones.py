"""Times in the zone that somebody chose for a page; what is stored and sent to programs is UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from domain.errors import shown
from domain.errors.base import nearest
from domain.times import iso_utc
from event_logger.web.errors import PageError
from event_logger.web.exact import text_of

_SECONDS = len("2024-05-12T14:00:00")
_NAIVE = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(\.\d{1,9})?)?", re.ASCII)


def zone_of(name: str | None) -> tzinfo:
    """The zone of this name, UTC where none is given; raises `PageError` for none that is known."""
    if name is None or name == "UTC":
        return UTC
    known = _names()
    if name in known:
        return ZoneInfo(name)
    near = nearest(name, known)
    hint = "write one such as Europe/Berlin" if near is None else f"the nearest is {near}"
    raise PageError(400, f"zone {shown(name)} is none that is known: {hint}")


def zoned(value: Any, zone: tzinfo) -> str:
    """A time in the zone, with every digit and its offset; anything else as its text."""
    iso = text_of(value)
    if zone is UTC or not iso.endswith("Z"):
        return iso
    try:
        moment = datetime.fromisoformat(iso[:_SECONDS] + "+00:00").astimezone(zone)
    except (ValueError, OverflowError):
        # No time, or one that only UTC can name.
        return iso
    text = moment.isoformat()
    return f"{text[:_SECONDS]}{iso[_SECONDS:-1]}{text[_SECONDS:]}"


def in_utc(text: str, zone: tzinfo) -> str:
    """A time that somebody wrote in the zone, as UTC; what names an offset, or is none, stays.

    Of a time that comes twice, when clocks are set back, the first is meant.
    """
    found = _NAIVE.fullmatch(text.strip())
    if zone is UTC or found is None:
        return text
    day, minute, seconds, fraction = found.groups()
    try:
        local = datetime.fromisoformat(f"{day}T{minute or '00:00'}{seconds or ':00'}")
        written = iso_utc(local.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        return text
    return f"{written[:-1]}{fraction or ''}Z"


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())
