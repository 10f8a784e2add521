"""Rows in the server's binary form of COPY: https://www.postgresql.org/docs/current/sql-copy.html."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import chain
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from domain.audit_log import AuditLog
from domain.horizon import Horizon
from infrastructure.stored import Transition
from infrastructure.stores.postgres.connections import Turn

EVENT_COLUMNS = "log_id, event_order, topic, state, committed_at, writer, token"
TRANSITION_COLUMNS = (
    "log_id, number, after_order, event_order, lifecycle_id, version, topic, state, committed_at,"
    " writer, token"
)

_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_END = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"


def event_rows(
    log_id: UUID, first: int, states: Sequence[bytes], committed_at: int | None, writer: int | None
) -> Iterator[bytes]:
    """Events with consecutive orders, in columns up to the token, which is to come."""
    topic = AuditLog.EventLogged.TOPIC.encode()
    before = struct.pack("!hi16si", 7, 16, log_id.bytes, 8)
    between = struct.pack("!i", len(topic)) + topic
    after = _int8(committed_at) + _int4(writer)
    order = struct.Struct("!q").pack
    size = struct.Struct("!i").pack
    for place, state in enumerate(states, first):
        yield b"".join((before, order(place), between, size(len(state)), state, after))


def transition_rows(
    log_id: UUID,
    end: Horizon,
    transitions: Sequence[Transition],
    committed_at: int | None,
    writer: int | None,
) -> Iterator[bytes]:
    """Transitions numbered after an end, in columns up to the token, which is to come."""
    by = _int8(committed_at) + _int4(writer)
    for number, (order, stored, after, _) in enumerate(transitions, end.transition + 1):
        topic = stored.topic.encode()
        placed = (8, number, 8, end.order + after, 8, order)
        whose = (16, originator(stored).bytes, 4, stored.originator_version, len(topic))
        head = struct.pack("!hi16siqiqiqi16siii", 11, 16, log_id.bytes, *placed, *whose)
        state = struct.pack("!i", len(stored.state)) + stored.state
        yield b"".join((head, topic, state, by))


def copy_in(turn: Turn, table: str, rows: Iterator[bytes], token: int | None) -> None:
    """Insert these rows into a table (with its columns) by COPY; the last of them has the token."""
    parts = [_HEAD, *chain.from_iterable((row, _NULL) for row in rows)]
    if len(parts) == 1:
        return
    parts[-1] = _int8(token)
    parts.append(_END)
    turn.copy_in(f"COPY {table} FROM STDIN (FORMAT binary)", b"".join(parts))


def originator(stored: StoredEvent) -> UUID:
    """The stored event's aggregate."""
    found = stored.originator_id
    return found if isinstance(found, UUID) else UUID(found)


def _int8(value: int | None) -> bytes:
    return _NULL if value is None else struct.pack("!iq", 8, value)


def _int4(value: int | None) -> bytes:
    return _NULL if value is None else struct.pack("!ii", 4, value)
