"""A log's entries in the order of their commit, a page at a time: what followers are handed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

import orjson

from domain.audit_log import AuditLog
from domain.horizon import Horizon
from infrastructure.stored import StoredEntry
from projections.entries import FOLLOWED_FIELDS, LogEntry, LoggedEntry, TransitionEntry

Entry = TypeVar("Entry")

# Half of what making a named tuple by its own constructor takes (measured): a log is mostly events.
_new: Any = tuple.__new__

# One row for a whole page: SQLite takes the fields out of the records while the threads that log
# have the interpreter, and does not ask for it row by row. All fields by one json_extract: asked
# for several, it copies them as they are written; one alone it decodes, and cuts at a NUL.
_EVENTS = f"""
SELECT json_group_array(json_array(version, committed_at,
  json_extract(state, {", ".join(f"'{path}'" for path in FOLLOWED_FIELDS.values())})))
FROM (SELECT originator_version AS version, committed_at, CAST(state AS TEXT) AS state
  FROM stored_events WHERE originator_id=? AND originator_version>? AND topic=?
  ORDER BY originator_version LIMIT ?)
"""
_TRANSITIONS = """
SELECT json_group_array(json_array(number, after_order, event_order, committed_at, json(state)))
FROM (SELECT t.number AS number, t.after_order AS after_order, t.event_order AS event_order,
    s.committed_at AS committed_at, CAST(s.state AS TEXT) AS state
  FROM transitions t JOIN stored_events s
    ON s.originator_id=t.lifecycle_id AND s.originator_version=t.version
  WHERE t.log_id=? AND t.number>? ORDER BY t.number LIMIT ?)
"""

# One statement, and so one moment.
PLAIN_EVENTS = """
SELECT originator_version, topic, state, committed_at, writer FROM stored_events
WHERE originator_id=?1 AND originator_version>?2 AND originator_version<=IFNULL((
    SELECT after_order FROM transitions WHERE log_id=?1 AND number>?3 ORDER BY number LIMIT 1
  ), 9223372036854775807)
ORDER BY originator_version LIMIT ?4
"""
"""The events after a horizon, up to the next transition."""


def select_entries(
    connection: sqlite3.Connection, log_id: str, after: Horizon, limit: int
) -> list[LogEntry]:
    """Up to `limit` entries after a horizon; both sequences are read in one moment, then merged."""
    (found,) = connection.execute(
        _EVENTS, (log_id, after.order, AuditLog.EventLogged.TOPIC, limit)
    ).fetchone()
    events = orjson.loads(found)
    (found,) = connection.execute(_TRANSITIONS, (log_id, after.transition, limit)).fetchone()
    transitions = orjson.loads(found)
    return _merged(after, events, transitions, limit, _logged, _transition)


def select_stored_entries(
    connection: sqlite3.Connection, log_id: str, after: Horizon, limit: int
) -> list[StoredEntry]:
    """The same entries as they are stored."""
    events: list[Any] = connection.execute(
        "SELECT originator_version, topic, state, committed_at, writer FROM stored_events"
        " WHERE originator_id=? AND originator_version>? ORDER BY originator_version LIMIT ?",
        (log_id, after.order, limit),
    ).fetchall()
    transitions = connection.execute(
        "SELECT t.number, t.after_order, t.event_order, t.version, s.topic, s.state,"
        " s.committed_at, s.writer FROM transitions t LEFT JOIN stored_events s"
        " ON s.originator_id=t.lifecycle_id AND s.originator_version=t.version"
        " WHERE t.log_id=? AND t.number>? ORDER BY t.number LIMIT ?",
        (log_id, after.transition, limit),
    ).fetchall()
    # What is no number sorts behind all that are; it is no entry, and is missed where it was one.
    if events and type(events[-1][0]) is not int:
        events = [row for row in events if type(row[0]) is int]
    transitions = [row for row in transitions if type(row[0]) is type(row[1]) is int]
    if not transitions:
        before = after.transition
        return [
            _new(
                StoredEntry,
                (_new(Horizon, (order, before)), order, None, None, topic, state, at, writer),
            )
            for order, topic, state, at, writer in events
        ]
    return _merged(after, events, transitions, limit, _stored_event, _stored_transition)


def _stored_event(row: list[Any], transitions_before: int) -> StoredEntry:
    order, topic, state, committed_at, writer = row
    horizon = Horizon(order, transitions_before)
    return StoredEntry(horizon, order, None, None, topic, state, committed_at, writer)


def _stored_transition(row: list[Any]) -> StoredEntry:
    number, after_order, order, version, *stored = row
    return StoredEntry(Horizon(after_order, number), order, number, version, *stored)


def _merged(
    after: Horizon,
    events: list[Any],
    transitions: list[Any],
    limit: int,
    logged: Callable[[list[Any], int], Entry],
    changed: Callable[[list[Any]], Entry],
) -> list[Entry]:
    """The entries in the order of their commit: a transition comes after the event before it."""
    if not transitions:
        return [logged(event, after.transition) for event in events]
    entries: list[Entry] = []
    e = t = 0
    # Where a page of one sequence is full, what the other has beyond it may come later.
    more_events, more_transitions = len(events) == limit, len(transitions) == limit
    while len(entries) < limit:
        event = events[e] if e < len(events) else None
        transition = transitions[t] if t < len(transitions) else None
        if transition is not None and (event is None or transition[1] < event[0]):
            if event is None and more_events and transition[1] > events[-1][0]:
                break
            entries.append(changed(transition))
            t += 1
        elif event is not None:
            if transition is None and more_transitions:
                break
            entries.append(logged(event, after.transition + t))
            e += 1
        else:
            break
    return entries


def _logged(row: list[Any], transitions_before: int) -> LogEntry:
    order, committed_at, values = row
    record = {
        name: value
        for name, value in zip(FOLLOWED_FIELDS, values, strict=True)
        if value is not None
    }
    return LoggedEntry(order + transitions_before, order, committed_at, record)


def _transition(row: list[Any]) -> LogEntry:
    number, after_order, order, committed_at, state = row
    return TransitionEntry(
        after_order + number,
        number,
        order,
        committed_at,
        state["recorded_at"],
        state["from_status"],
        state["from_since"],
        state["status"],
        state["tx_hash"],
    )
