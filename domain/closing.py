"""The end of a log in one store: its last event says where it went on, and none follows there."""

from __future__ import annotations

from typing import Any

from domain.values import decode

LOG_CLOSED = "LOG_CLOSED"
LOG_VENUE = "LOG"

_TYPE = b'"event_type":"LOG_CLOSED"'


def closing(continued_in: str) -> dict[str, Any]:
    """What the event that closes a log says beside its type and venue."""
    return {
        "transaction_type": LOG_CLOSED,
        "purpose": f"The log goes on in {continued_in}",
        "continued_in": continued_in,
    }


def continued_in(state: bytes | None) -> str | None:
    """Where a log went on whose last event has these bytes; None where it is not closed."""
    if not isinstance(state, bytes) or _TYPE not in state:
        return None
    try:
        record = decode(state, str)
        is_closing = record["event_type"] == LOG_CLOSED and record["venue"] == LOG_VENUE
        where = record["extra"]["continued_in"] if is_closing else None
    except (KeyError, TypeError, ValueError, AttributeError):
        # What is no record is said by whoever reads it.
        return None
    return where if isinstance(where, str) else None
