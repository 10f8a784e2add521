"""Corrections: what one says, checked, and what it corrects, said here once for all that ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from domain.checks import order, text
from domain.errors import InvalidEventError, ReservedFieldError, shown
from domain.errors.base import nearest
from domain.event_types import refuse_of_the_log
from domain.fields import FIELD_CHECKS, RESERVED_FIELDS
from domain.sentences import sentence

CORRECTION = "CORRECTION"
CORRECTED_BY = "corrected_by"

_NEEDED = frozenset(("timestamp", "event_type", "venue"))
_TYPE = b'"event_type":"CORRECTION"'
# Before it in a record there are two times.
_AMONG_THE_FIRST = 160


class Corrected(NamedTuple):
    """What is to be corrected: where it stands, and the names of its extras, others among them."""

    venue: str
    token: str | None
    extras: frozenset[str]


def correction(
    corrects: int, corrected: Corrected | None, changes: dict[str, Any], reason: str
) -> dict[str, Any]:
    """What a correction says, checked; raises `InvalidEventError`."""
    if not isinstance(changes, dict) or not changes:
        raise InvalidEventError(
            "changes",
            changes,
            f"must be a dict of fields and their right values, not {shown(changes)}",
        )
    for name, value in changes.items():
        _check(name, value, corrected, corrects)
    return {
        "transaction_type": "CORRECTION",
        "purpose": sentence("Correct order %s: %s", corrects, text("reason", reason)),
        "related_events": [order("corrects", corrects)],
        "corrects": corrects,
        "changes": changes,
        "reason": reason,
    }


def _check(name: Any, value: Any, corrected: Corrected | None, corrects: int) -> None:
    """Raises `InvalidEventError` for a field that cannot be corrected, or cannot be so."""
    if name in RESERVED_FIELDS or name == CORRECTED_BY:
        raise ReservedFieldError(
            f"changes.{name}", value, "is filled in by the log, and no correction changes it"
        )
    check = FIELD_CHECKS.get(name)
    if check is not None:
        if value is not None or name in _NEEDED:
            check(f"changes.{name}", value)
        if name == "event_type":
            refuse_of_the_log(value, "changes.event_type")
    elif not isinstance(name, str) or (corrected is not None and name not in corrected.extras):
        there = {*FIELD_CHECKS} - RESERVED_FIELDS | (corrected.extras if corrected else set())
        raise InvalidEventError(
            "changes",
            name,
            f"has {shown(name)}, which order {corrects} does not have; the nearest field is"
            f" {shown(nearest(str(name), there))}",
        )


def place_of(corrects: int, corrected: Corrected | None) -> tuple[str, str | None]:
    """The venue and token of what is corrected; raises where they are not known."""
    if corrected is None:
        raise InvalidEventError(
            "venue",
            None,
            f"of order {shown(corrects)} is not known here; give venue= and token= of what is"
            " corrected",
        )
    return corrected.venue, corrected.token


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


Records = Iterator[tuple[int, dict[str, Any]]]


def with_corrections(records: Records, corrections: Sequence[tuple[int, int]]) -> Records:
    """The records, and among the extras of each that was corrected, by which orders.

    `corrections` are the (corrected, correction) orders of the log.
    """
    return _with_corrections(records, corrections) if corrections else records


def _with_corrections(records: Records, corrections: Sequence[tuple[int, int]]) -> Records:
    by_order: dict[int, list[int]] = {}
    for wrong, right in corrections:
        by_order.setdefault(wrong, []).append(right)
    for number, record in records:
        if number in by_order:
            record["extra"] = {**(record.get("extra") or {}), CORRECTED_BY: by_order[number]}
        yield number, record
