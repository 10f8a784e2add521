"""A log as another store holds it; how a commit is known again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from domain.errors import StoreError
from domain.horizon import Horizon
from infrastructure.stored import Commit, LogEnd, Source
from infrastructure.stores.sqlite.connections import Turn
from infrastructure.stores.sqlite.inserts import insert_copied, originator_hex


class Marker(NamedTuple):
    """How a commit is known again: one of its rows. Without a state, it may simply be repeated."""

    originator: str
    version: int
    state: bytes
    committed_at: int | None
    writer: int | None


def append_copied(
    turn: Turn,
    url: str,
    log: str,
    end: LogEnd,
    after: Horizon,
    source: Source,
    commits: Sequence[Commit],
) -> tuple[LogEnd, Marker]:
    """Store what was committed elsewhere after this horizon, where the log ends."""
    if end.horizon != after:
        raise StoreError(url, f"holds the log up to {end.horizon}, not {after}; copy it again")
    turn.run_many(
        "INSERT INTO writers VALUES (?1,?2,?3,?4) ON CONFLICT (log_id, writer)"
        " DO UPDATE SET ended_at=COALESCE(ended_at, ?4)",
        [(log, *writer) for writer in source.writers],
    )
    last = insert_copied(turn, log, [commits], after)
    if not commits:
        return end, Marker(log, 0, b"", None, None)
    times = [end.committed_at, *(one.committed_at for one in commits)]
    at, writer, (events, transitions, _, _) = commits[-1]
    if transitions:
        stored = transitions[-1].stored
        version, state = stored.originator_version, stored.state
        marker = Marker(originator_hex(stored), version, state, at, writer)
    else:
        marker = Marker(log, events[-1].originator_version, events[-1].record, at, writer)
    return LogEnd(last, max((one for one in times if one is not None), default=None)), marker
