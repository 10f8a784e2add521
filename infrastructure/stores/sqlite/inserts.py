"""What a commit inserts: rows of events and transitions, and what is indexed of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from domain.audit_log import AuditLog
from domain.corrections import corrected_by_state
from domain.horizon import START, Horizon
from infrastructure.stored import Commit, PlainEvents, Transition, WriterIdentity
from infrastructure.stores.sqlite.connections import Turn

_ROWS_PER_STATEMENT = 100
"""Rows per INSERT: a statement per hundred costs a third less than one per row (measured), and each
statement gives another thread the chance to hold this one up. SQLite's module keeps 128 prepared.
"""

_COLUMNS = "originator_id, originator_version, topic, state, committed_at, writer"
_INSERT_TRANSITION = f"INSERT INTO stored_events ({_COLUMNS}, number) VALUES (?1,?2,?3,?4,?5,?6,?7)"


@cache
def _insert_rows(rows: int) -> str:
    values = ",".join(f"(?1,?2+{row},?3,?{row + 6},?4,?5)" for row in range(rows))
    return f"INSERT INTO stored_events ({_COLUMNS}) VALUES {values}"


def insert_opened(
    turn: Turn,
    opened: StoredEvent,
    name: str,
    identity: str,
    committed_at: int | None,
    writer: int | None,
) -> None:
    """Insert a log's opening and its name."""
    log_id = originator_hex(opened)
    turn.run(
        f"INSERT INTO stored_events ({_COLUMNS}) VALUES (?,?,?,?,?,?)",
        (log_id, opened.originator_version, opened.topic, opened.state, committed_at, writer),
    )
    turn.run("INSERT INTO audit_logs VALUES (?,?,?)", (log_id, name, identity))


def insert_events(
    turn: Turn,
    log_id: str,
    events: Sequence[AuditLog.EventLogged],
    committed_at: int | None,
    writer: int | None,
) -> None:
    """Insert logged events with consecutive orders."""
    if not events:
        return
    topic, first = AuditLog.EventLogged.TOPIC, events[0].originator_version
    states: Sequence[bytes]
    if isinstance(events, PlainEvents):
        states = events.states
    else:
        states = [event.record for event in events]
    turn.count(states)
    for start in range(0, len(states), _ROWS_PER_STATEMENT):
        rows = states[start : start + _ROWS_PER_STATEMENT]
        turn.run(
            _insert_rows(len(rows)), (log_id, first + start, topic, committed_at, writer, *rows)
        )
    if isinstance(events, PlainEvents):
        return
    indexed = [
        e
        for e in events
        if e.event_id is not None or e.tx_hash is not None or e.late_parent is not None
    ]
    if indexed:
        _index(turn, log_id, indexed)
    # A correction names what it corrects, and so is never among plain events.
    corrections = [
        (log_id, corrected, event.originator_version)
        for event in events
        if (corrected := corrected_by_state(event.record)) is not None
    ]
    if corrections:
        turn.run_many("INSERT INTO corrections VALUES (?,?,?)", corrections)


def _index(turn: Turn, log_id: str, events: Sequence[AuditLog.EventLogged]) -> None:
    ids = [(log_id, e.event_id, e.originator_version) for e in events if e.event_id is not None]
    if ids:
        turn.run_many("INSERT INTO event_ids VALUES (?,?,?)", ids)
    hashes = [(log_id, e.tx_hash, e.originator_version) for e in events if e.tx_hash is not None]
    if hashes:
        turn.run_many("INSERT OR IGNORE INTO transaction_hashes VALUES (?,?,?)", hashes)
    late = [
        (log_id, e.late_parent, e.originator_version) for e in events if e.late_parent is not None
    ]
    if late:
        turn.run_many("INSERT INTO late_details VALUES (?,?,?)", late)


def insert_transitions(
    turn: Turn,
    log_id: str,
    end: Horizon,
    transitions: Sequence[Transition],
    committed_at: int | None,
    writer: int | None,
) -> None:
    """Insert transitions, numbered from the log's end on."""
    for number, (order, stored, after, tx_hash) in enumerate(transitions, end.transition + 1):
        lifecycle_id, version = originator_hex(stored), stored.originator_version
        turn.run(
            _INSERT_TRANSITION,
            (lifecycle_id, version, stored.topic, stored.state, committed_at, writer, number),
        )
        turn.run(
            "INSERT INTO transitions VALUES (?,?,?,?,?,?)",
            (log_id, number, end.order + after, order, lifecycle_id, version),
        )
        if tx_hash is not None:
            row = (log_id, tx_hash, order)
            turn.run("INSERT OR IGNORE INTO transaction_hashes VALUES (?,?,?)", row)


def insert_copied(
    turn: Turn, log_id: str, batches: Iterable[Sequence[Commit]], after: Horizon = START
) -> Horizon:
    """Insert what another log holds after a horizon, as it was committed there; gives the end."""
    end = after
    for at, writer, (events, transitions, _, _) in chain.from_iterable(batches):
        insert_events(turn, log_id, events, at, writer)
        insert_transitions(turn, log_id, end, transitions, at, writer)
        end = Horizon(end.order + len(events), end.transition + len(transitions))
    return end


def introduced(turn: Turn, log: str, writer: WriterIdentity) -> int:
    """The writer's number in the log, where it is introduced unless it is already."""
    if writer.number is not None:
        return writer.number
    # There already where a signal handler, or an attempt whose answer was lost, came first.
    row = turn.run(
        "SELECT writer FROM writers WHERE log_id=? AND introduction=?",
        (log, writer.introduction),
    ).fetchone()
    if row is not None:
        return int(row[0])
    (last,) = turn.run(
        "SELECT COALESCE(MAX(writer), 0) FROM writers WHERE log_id=?", (log,)
    ).fetchone()
    number = int(last) + 1
    row = (log, number, writer.introduction)
    turn.run("INSERT INTO writers (log_id, writer, introduction) VALUES (?,?,?)", row)
    return number


def originator_hex(stored: StoredEvent) -> str:
    """The stored event's aggregate as it stands in the table."""
    originator = stored.originator_id
    return originator.hex if isinstance(originator, UUID) else originator
