"""The end of a log in one store: its last event says where it went on, and none follows there."""

from __future__ import annotations

from typing import Any, NamedTuple

from domain.values import decode

LOG_CLOSED = "LOG_CLOSED"
LOG_VENUE = "LOG"

_TYPE = b'"event_type":"LOG_CLOSED"'


class LastEvent(NamedTuple):
    """A log's last event as a store holds it, and what tells whether it is the log's own word.

    `writer` committed it, `opened_by` the log's opening (None: before format 2, or not known).
    `taken_over` is the order up to which somebody said that the log goes on in this store.
    """

    order: int
    state: bytes
    writer: int | None
    opened_by: int | None
    taken_over: int | None


def closing(continued_in: str) -> dict[str, Any]:
    """What the event that closes a log says beside its type and venue."""
    return {
        "transaction_type": LOG_CLOSED,
        "purpose": f"The log goes on in {continued_in}",
        "continued_in": continued_in,
    }


def went_on_in(last: LastEvent | None) -> str | None:
    """Where the log went on; None for one that is not closed, or was taken over since.

    A log is closed by a writer who came after the one that opened it. An import opens a log last of
    all, after the writers of what it brings: the LOG_CLOSED among that closed another log.
    """
    if last is None or (last.writer or 0) <= (last.opened_by or 0):
        return None
    if last.taken_over is not None and last.taken_over >= last.order:
        return None
    return _continued_in(last.state)


def _continued_in(state: bytes) -> str | None:
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
