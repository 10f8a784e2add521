"""Times in the zone that somebody chose for a page; what is stored and sent to programs is UTC."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from domain.errors import InvalidTimestampError, shown
from domain.errors.base import nearest
from domain.times import iso_of_text, iso_utc
from event_logger.web.errors import PageError
from event_logger.web.exact import text_of

_SECONDS = len("2024-05-12T14:00:00")


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
    iso = None if zone is UTC else _without_offset(text.strip())
    if iso is None:
        return text
    try:
        local = datetime.fromisoformat(iso[:_SECONDS])
        written = iso_utc(local.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        return text
    return f"{written[:_SECONDS]}{iso[_SECONDS:]}"


def _without_offset(text: str) -> str | None:
    """A time that names no offset, in any form, as if it were of UTC; None for anything else."""
    try:
        iso = iso_of_text("time", text)
    except InvalidTimestampError:
        return None
    # Only what has no offset yet can be given one; a day is given its midnight, too.
    for rest in ("Z", "T00:00Z"):
        with suppress(InvalidTimestampError):
            iso_of_text("time", f"{text}{rest}")
            return iso
    return None


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())
