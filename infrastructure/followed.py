"""Entries as they are stored, and what followers are handed of them."""

from __future__ import annotations

import orjson

from domain.audit_log import AuditLog
from infrastructure.stored import StoredEntry
from projections.entries import FOLLOWED_FIELDS, LogEntry, LoggedEntry, TransitionEntry

_PATHS = {name: path.removeprefix("$.").split(".") for name, path in FOLLOWED_FIELDS.items()}


def followed_entry(entry: StoredEntry) -> LogEntry:
    """What followers need of the entry; raises `ValueError`, `TypeError`, `KeyError` or
    `AttributeError` for bytes that are no record."""
    return _logged(entry) if entry.number is None else _transition(entry)


def _logged(entry: StoredEntry) -> LogEntry:
    if entry.topic != AuditLog.EventLogged.TOPIC:
        raise ValueError(f"topic {entry.topic!r} at order {entry.order}")
    state = orjson.loads(entry.state or b"")
    record = {}
    for name, path in _PATHS.items():
        value = state
        for part in path:
            value = value.get(part) if value is not None else None
        if value is not None:
            record[name] = value
    return LoggedEntry(entry.horizon.position, entry.order, entry.committed_at, record)


def _transition(entry: StoredEntry) -> LogEntry:
    state = orjson.loads(entry.state or b"")
    return TransitionEntry(
        entry.horizon.position,
        entry.number or 0,
        entry.order,
        entry.committed_at,
        state["recorded_at"],
        state["from_status"],
        state["from_since"],
        state["status"],
        state["tx_hash"],
    )
