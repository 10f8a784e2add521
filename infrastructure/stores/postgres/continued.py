"""A log as another store holds it, inserted many commits at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from uuid import UUID

from domain.horizon import Horizon
from infrastructure.stored import Commit, LogEnd, Source
from infrastructure.stores.postgres.binary_copy import (
    EVENT_COLUMNS,
    TRANSITION_COLUMNS,
    copy_in,
    event_rows,
    transition_rows,
)
from infrastructure.stores.postgres.connections import Turn
from infrastructure.stores.postgres.inserts import Rows, index_statements, rows_of


def insert_commits(
    turn: Turn,
    schema: str,
    log_id: UUID,
    end: LogEnd,
    commits: Sequence[Commit],
    token: int | None = None,
) -> LogEnd:
    """Insert what was committed elsewhere after an end that is held; the last rows get the token.

    Gives where the log ends then. One statement for each table, however many commits there are.
    """
    rows = [rows_of(one.writes) for one in commits]
    ends = list(_ends(end.horizon, rows))
    events = chain.from_iterable(
        event_rows(log_id, at.order + 1, made.states, *commit[:2])
        for at, made, commit in zip(ends, rows, commits, strict=False)
    )
    moves = chain.from_iterable(
        transition_rows(log_id, at, made.transitions, *commit[:2])
        for at, made, commit in zip(ends, rows, commits, strict=False)
    )
    copy_in(turn, f"{schema}.events ({EVENT_COLUMNS})", events, token)
    copy_in(turn, f"{schema}.transitions ({TRANSITION_COLUMNS})", moves, token)
    for statement, parameters in index_statements(schema, log_id, _indexed(rows)):
        turn.run(statement, parameters)
    times = [end.committed_at, *(one.committed_at for one in commits)]
    last = max((one for one in times if one is not None), default=None)
    return LogEnd(ends[-1], last)


def append_commits(
    turn: Turn,
    schema: str,
    log_id: UUID,
    end: LogEnd,
    source: Source,
    commits: Sequence[Commit],
    token: int,
) -> LogEnd:
    """Insert what was committed elsewhere after the end that is held, and move the head on."""
    introduce_all(turn, schema, log_id, source)
    end = insert_commits(turn, schema, log_id, end, commits, token)
    turn.run(
        f"UPDATE {schema}.heads SET last_order = %s, transition = %s, committed_at = %s, token = %s"
        " WHERE log_id = %s",
        (end.horizon.order, end.horizon.transition, end.committed_at, token, log_id),
    )
    return end


def introduce_all(turn: Turn, schema: str, log_id: UUID, source: Source) -> None:
    """Introduce the writers of another store where they are not yet; note which have closed."""
    if not source.writers:
        return
    numbers, said, ended = zip(*source.writers, strict=True)
    turn.run(
        f"INSERT INTO {schema}.writers AS w SELECT %s, u.n, u.s, u.e"
        " FROM unnest(%s::int[], %b::bytea[], %s::bigint[]) AS u(n, s, e)"
        " ON CONFLICT (log_id, writer) DO UPDATE SET ended_at = EXCLUDED.ended_at"
        " WHERE w.ended_at IS NULL AND EXCLUDED.ended_at IS NOT NULL",
        (log_id, list(numbers), list(said), list(ended)),
    )


def _ends(after: Horizon, rows: Sequence[Rows]) -> Iterator[Horizon]:
    """Where the log ends before each of them, and after the last."""
    yield after
    for one in rows:
        after = Horizon(after.order + len(one.states), after.transition + len(one.transitions))
        yield after


def _indexed(rows: Sequence[Rows]) -> Rows:
    """The index rows of all of them, and nothing else."""
    return Rows(
        (),
        (),
        [pair for one in rows for pair in one.ids],
        [pair for one in rows for pair in one.hashes],
        [pair for one in rows for pair in one.late],
        [pair for one in rows for pair in one.corrections],
    )
