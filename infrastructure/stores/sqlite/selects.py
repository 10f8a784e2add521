"""The statements that both reading and writing run; `run` executes one on a connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from domain.audit_log import AuditLog
from domain.closing import LastEvent
from domain.errors import StoreError, shown
from domain.horizon import Horizon
from infrastructure.standing import CONTINUED
from infrastructure.stored import LogEnd

Run = Callable[[str, Sequence[Any]], sqlite3.Cursor]


_LAST_EVENT = (
    "SELECT originator_version, committed_at FROM stored_events WHERE originator_id=?"
    " ORDER BY originator_version DESC LIMIT 1"
)
_LAST_TRANSITION = (
    "SELECT t.number, s.committed_at FROM transitions t LEFT JOIN stored_events s"
    " ON s.originator_id=t.lifecycle_id AND s.originator_version=t.version"
    " WHERE t.log_id=? ORDER BY t.number DESC LIMIT 1"
)


def select_end(run: Run, log_id: str) -> LogEnd | None:
    """Where the log ends, read in constant time; None when there is no such log."""
    event = _last(run, _LAST_EVENT, "originator_version", log_id)
    if event is None:
        return None
    transition = _last(run, _LAST_TRANSITION, "t.number", log_id)
    number, at = (0, None) if transition is None else transition
    times = [checked_commit_time(one) for one in (event[1], at)]
    return LogEnd(
        Horizon(event[0], number), max((one for one in times if one is not None), default=None)
    )


def _last(run: Run, statement: str, number: str, log_id: str) -> Any:
    """The last row that is numbered; what is no number sorts behind it, and is no entry."""
    row = run(statement, (log_id,)).fetchone()
    if row is None or type(row[0]) is int:
        return row
    of_numbers = statement.replace(" ORDER BY", f" AND typeof({number})='integer' ORDER BY")
    return run(of_numbers, (log_id,)).fetchone()


def checked_commit_time(found: object) -> int | None:
    """The time of a commit as a row has it; raises `sqlite3.DatabaseError` for what is none."""
    if found is None or type(found) is int:
        return found
    raise sqlite3.DatabaseError(f"the time of a commit is {shown(found)}")


def require_end(run: Run, url: str, log_id: str) -> LogEnd:
    """Where the log ends; raises `StoreError` when the store holds no such log."""
    end = select_end(run, log_id)
    if end is None:
        raise StoreError(url, "holds no such log any more; open it again")
    return end


def select_states(
    run: Run, log_id: str, first: int, last: int, limit: int
) -> list[tuple[int, bytes]]:
    """The (order, state) of up to `limit` logged events from order `first` to `last`."""
    return run(
        "SELECT originator_version, state FROM stored_events WHERE originator_id=?"
        " AND originator_version BETWEEN ? AND ? AND topic=? ORDER BY originator_version LIMIT ?",
        (log_id, first, last, AuditLog.EventLogged.TOPIC, limit),
    ).fetchall()


_LAST_LOGGED = (
    "SELECT e.originator_version, e.state, e.writer,"
    " (SELECT writer FROM stored_events WHERE originator_id=?1 AND originator_version=0),"
    " (SELECT event_order FROM follower_positions WHERE log_id=?1 AND follower=?2)"
    " FROM stored_events e WHERE e.originator_id=?1 AND e.topic=?3"
    " AND typeof(e.originator_version)='integer' ORDER BY e.originator_version DESC LIMIT 1"
)


def select_last_event(run: Run, log_id: str) -> LastEvent | None:
    """The log's last event, and what tells whether it closed the log."""
    row = run(_LAST_LOGGED, (log_id, CONTINUED, AuditLog.EventLogged.TOPIC)).fetchone()
    if row is None:
        return None
    order, state, *numbers = row
    # What a damaged row has in their place is no number.
    writer, opened_by, taken_over = (one if type(one) is int else None for one in numbers)
    return LastEvent(order, state, writer, opened_by, taken_over)


def select_order_of(run: Run, log_id: str, event_id: str) -> int | None:
    """The order that was logged under this event_id."""
    row = run(
        "SELECT event_order FROM event_ids WHERE log_id=? AND event_id=?", (log_id, event_id)
    ).fetchone()
    return None if row is None else int(row[0])


def select_lifecycle(run: Run, lifecycle_id: UUID, after_version: int) -> list[StoredEvent]:
    """The lifecycle's stored events after a version, oldest first."""
    rows = run(
        "SELECT originator_version, topic, state FROM stored_events WHERE originator_id=?"
        " AND originator_version>? ORDER BY originator_version",
        (lifecycle_id.hex, after_version),
    ).fetchall()
    return [
        StoredEvent(
            originator_id=lifecycle_id, originator_version=row[0], topic=row[1], state=row[2]
        )
        for row in rows
    ]
