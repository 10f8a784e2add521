"""What a correction corrects: said here once, for those that index it and those that read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

CORRECTION = "CORRECTION"

_TYPE = b'"event_type":"CORRECTION"'
# Before it in a record there are two times.
_AMONG_THE_FIRST = 160


def corrected_by_state(state: bytes) -> int | None:
    """The order that a stored event corrects; None where it is no correction, or no record."""
    if _TYPE not in state[:_AMONG_THE_FIRST]:
        return None
    try:
        return corrected_by(orjson.loads(state))
    except (orjson.JSONDecodeError, AttributeError):
        return None


def corrected_by(record: Mapping[str, Any]) -> int | None:
    """The order that an event corrects, the first of its related ones; None where it is none."""
    if record.get("event_type") != CORRECTION:
        return None
    related = record.get("related_events")
    first = related[0] if isinstance(related, list) and related else None
    return first if type(first) is int and first > 0 else None


def changes_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a correction says is right, by the field's name."""
    extra = record.get("extra")
    changes = extra.get("changes") if isinstance(extra, dict) else None
    return changes if isinstance(changes, dict) else {}
