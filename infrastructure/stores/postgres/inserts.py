"""What a commit inserts: the head moved on, rows of events and transitions, and their indexes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.types.numeric import Int4, Int8

from domain.audit_log import AuditLog
from domain.corrections import corrected_by_state
from domain.horizon import START
from infrastructure.stored import PlainEvents, Transition, Writes
from infrastructure.stores.postgres import clock
from infrastructure.stores.postgres.binary_copy import EVENT_COLUMNS, TRANSITION_COLUMNS, originator
from infrastructure.stores.postgres.schema import key_of

COPY_FROM = 100
"""So many events at once go by COPY, fewer by an INSERT that is one round trip with the commit."""


_ONE_EVENT = (True, False, False, False, False, False)


class Rows(NamedTuple):
    """What is to be inserted, as the statements take it."""

    states: Sequence[bytes]
    transitions: Sequence[Transition]
    ids: list[tuple[bytes, int]]
    hashes: list[tuple[bytes, int]]
    late: list[tuple[int, int]]
    corrections: list[tuple[int, int]]

    @property
    def kinds(self) -> tuple[bool, ...]:
        """Which of them there are any of."""
        return tuple(map(bool, self))

    @property
    def is_one_event(self) -> bool:
        """Whether it is one event and nothing else, as most of a live log's commits."""
        return len(self.states) == 1 and self.kinds == _ONE_EVENT


def rows_of(writes: Writes) -> Rows:
    """The rows of a commit."""
    events, transitions = writes.events, writes.transitions
    if isinstance(events, PlainEvents):
        states, ids, hashes, late, corrections = events.states, [], [], [], []
    else:
        states = [event.record for event in events]
        ids = [(key_of(e.event_id), e.originator_version) for e in events if e.event_id is not None]
        hashes = [
            (key_of(e.tx_hash), e.originator_version) for e in events if e.tx_hash is not None
        ]
        late = [(e.originator_version, e.late_parent) for e in events if e.late_parent is not None]
        # A correction names what it corrects, and so is never among plain events.
        corrections = [
            (corrected, event.originator_version)
            for event in events
            if (corrected := corrected_by_state(event.record)) is not None
        ]
    hashes += [(key_of(t.tx_hash), t.order) for t in transitions if t.tx_hash is not None]
    return Rows(states, transitions, ids, hashes, late, corrections)


def append_statement(schema: str, kinds: tuple[bool, ...], *, is_exact: bool) -> str:
    """One statement that moves the head on and inserts everything; no row where it does not.

    With `is_exact` the head is moved from one end alone, which the parameters name.
    """
    return _append_statement(schema, kinds, is_exact, clock.now())


@cache
def _append_statement(schema: str, kinds: tuple[bool, ...], is_exact: bool, now: str) -> str:
    exact = " AND last_order = %(order)s AND transition = %(transition)s" if is_exact else ""
    # A head that another session holds is not waited for: whoever waits does so where it can be
    # told to give up.
    parts = [
        f"free AS MATERIALIZED (SELECT log_id FROM {schema}.heads WHERE log_id = %(log)s"
        f" AND epoch = %(epoch)s{exact} FOR NO KEY UPDATE SKIP LOCKED)",
        f"head AS (UPDATE {schema}.heads h SET last_order = h.last_order + %(events)s,"
        " transition = h.transition + %(transitions)s,"
        f" committed_at = GREATEST(h.committed_at, {now}), token = %(token)s"
        " FROM free WHERE h.log_id = free.log_id RETURNING h.last_order - %(events)s AS o,"
        " h.transition - %(transitions)s AS t, h.committed_at AS at)",
    ]
    made = (_EVENTS, _TRANSITIONS, _IDS, _HASHES, _LATE, _CORRECTIONS)
    parts += [
        one.format(schema=schema) for one, is_there in zip(made, kinds, strict=True) if is_there
    ]
    return f"WITH {', '.join(parts)} SELECT o, t, at, {now} FROM head"


@cache
def one_event_statement(schema: str, is_exact: bool, now: str) -> str:
    """`append_statement` for one event and nothing else, as `ServerConnection.row_of` takes it."""
    exact = " AND last_order = $6::bigint AND transition = $7::bigint" if is_exact else ""
    return (
        f"WITH free AS MATERIALIZED (SELECT log_id FROM {schema}.heads WHERE log_id = $1::uuid"
        f" AND epoch = $2::bigint{exact} FOR NO KEY UPDATE SKIP LOCKED),"
        f" head AS (UPDATE {schema}.heads h SET last_order = h.last_order + 1,"
        f" committed_at = GREATEST(h.committed_at, {now}), token = $3::bigint FROM free"
        " WHERE h.log_id = free.log_id RETURNING h.last_order - 1 AS o, h.transition AS t,"
        f" h.committed_at AS at), e AS (INSERT INTO {schema}.events ({EVENT_COLUMNS})"
        f" SELECT $1::uuid, o + 1, '{AuditLog.EventLogged.TOPIC}', $5::bytea, at, $4::int,"
        f" $3::bigint FROM head) SELECT o, t, at, {now} FROM head"
    )


def one_event_values(
    log_id: UUID, state: bytes, writer: int, token: int, epoch: int, end: tuple[int, int] | None
) -> list[bytes]:
    """What that statement is run with; the end where it is exact."""
    numbers = (epoch, token, writer)
    values = [str(log_id).encode(), *(b"%d" % one for one in numbers), state]
    return values if end is None else [*values, b"%d" % end[0], b"%d" % end[1]]


_EVENTS = (
    "e AS (INSERT INTO {schema}.events (" + EVENT_COLUMNS + ") SELECT %(log)s, o + i, %(topic)s,"
    " u.s, at, %(writer)s::int, CASE WHEN i = %(events)s THEN %(token)s::bigint END"
    " FROM head, pg_catalog.unnest(%(states)b::bytea[]) WITH ORDINALITY AS u(s, i))"
)
_TRANSITIONS = (
    "x AS (INSERT INTO {schema}.transitions (" + TRANSITION_COLUMNS + ")"
    " SELECT %(log)s, t + i, o + u.a, u.e, u.l, u.v, u.p, u.s, at, %(writer)s::int,"
    " CASE WHEN i = %(transitions)s THEN %(token)s::bigint END FROM head,"
    " unnest(%(t_after)s::bigint[], %(t_orders)s::bigint[], %(t_ids)s::uuid[],"
    " %(t_versions)s::int[], %(t_topics)s::text[], %(t_states)b::bytea[])"
    " WITH ORDINALITY AS u(a, e, l, v, p, s, i))"
)
_IDS = (
    "n AS (INSERT INTO {schema}.event_ids (log_id, event_id, event_order) SELECT %(log)s, u.k, u.e"
    " FROM head, unnest(%(i_keys)b::bytea[], %(i_orders)s::bigint[]) AS u(k, e))"
)
_HASHES = (
    "k AS (INSERT INTO {schema}.transaction_hashes (log_id, tx_hash, event_order)"
    " SELECT %(log)s, u.k, u.e FROM head,"
    " unnest(%(h_keys)b::bytea[], %(h_orders)s::bigint[]) AS u(k, e) ON CONFLICT DO NOTHING)"
)
_LATE = (
    "d AS (INSERT INTO {schema}.late_details (log_id, detail_order, parent_order)"
    " SELECT %(log)s, u.d, u.p FROM head,"
    " unnest(%(l_details)s::bigint[], %(l_parents)s::bigint[]) AS u(d, p))"
)
_CORRECTIONS = (
    "c AS (INSERT INTO {schema}.corrections (log_id, corrected_order, correction_order)"
    " SELECT %(log)s, u.c, u.o FROM head,"
    " unnest(%(c_corrected)s::bigint[], %(c_orders)s::bigint[]) AS u(c, o))"
)


def parameters_of(
    log_id: UUID, rows: Rows, writer: int, token: int, epoch: int, end: tuple[int, int]
) -> dict[str, Any]:
    """What the statement is run with."""
    given: dict[str, Any] = {
        "log": log_id,
        "epoch": Int8(epoch),
        "order": Int8(end[0]),
        "transition": Int8(end[1]),
        "events": Int8(len(rows.states)),
        "transitions": Int8(len(rows.transitions)),
        "token": Int8(token),
        "writer": Int4(writer),
        "topic": AuditLog.EventLogged.TOPIC,
        "states": list(rows.states),
    }
    if rows.transitions:
        stored = [one.stored for one in rows.transitions]
        given |= {
            "t_after": [one.after for one in rows.transitions],
            "t_orders": [one.order for one in rows.transitions],
            "t_ids": [originator(one) for one in stored],
            "t_versions": [one.originator_version for one in stored],
            "t_topics": [one.topic for one in stored],
            "t_states": [one.state for one in stored],
        }
    for name, pairs, columns in (
        ("i", rows.ids, ("keys", "orders")),
        ("h", rows.hashes, ("keys", "orders")),
        ("l", rows.late, ("details", "parents")),
        ("c", rows.corrections, ("corrected", "orders")),
    ):
        for place, column in enumerate(columns):
            given[f"{name}_{column}"] = [pair[place] for pair in pairs]
    return given


def index_statements(schema: str, log_id: UUID, rows: Rows) -> Iterator[tuple[str, dict[str, Any]]]:
    """Statements that insert what is indexed of rows, and not the rows themselves."""
    given = parameters_of(log_id, rows, 0, 0, 0, START)
    for part, is_there in zip((_IDS, _HASHES, _LATE, _CORRECTIONS), rows.kinds[2:], strict=True):
        if is_there:
            yield f"WITH head AS (SELECT 1), {part.format(schema=schema)} SELECT", given
