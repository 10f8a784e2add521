"""What is kept beside the events, made anew from them: indexes and the status board."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from domain.audit_log import AuditLog
from domain.horizon import START, Horizon
from domain.values import decode
from infrastructure.earlier import damaged, missing_entry
from infrastructure.followers.board import StatusBoard
from infrastructure.reading import NO_RECORD, PAGE, LogReading
from infrastructure.store import LogStore
from infrastructure.stored import IndexChange, StoredEntry
from projections.indexed import Indexed, IndexRow
from projections.status_board import QUANTILES, LiveStatus, quantile


class Rebuilt(NamedTuple):
    """What was not what the events give: of the indexes, and whether the board was not.

    `board` is up to where the board was folded anew; None where it was right, or there is none.
    """

    indexes: list[IndexChange]
    board: Horizon | None

    @property
    def is_changed(self) -> bool:
        """Whether anything was not what the events give."""
        return bool(self.indexes) or self.board is not None


def rebuild(store: LogStore, log: AuditLog) -> Rebuilt:
    """Bring the log's indexes and its status board to what its events give.

    Who appends meanwhile waits. Raises `CorruptLogError` where an entry is missing or no record,
    `ReadOnlyStoreError` or another `StoreError`; the indexes then are what they were.
    """
    store.refuse_writing()
    indexes = store.indexes.rebuild(log.id, lambda: IndexRows(log).of)
    return Rebuilt(indexes, _rebuilt_board(store, log) if log.mode == "live" else None)


class IndexRows:
    """The index rows of a log's entries, page by page."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log
        self._after = START
        self._indexed = Indexed()

    def of(self, entries: Sequence[StoredEntry]) -> Iterator[IndexRow]:
        """The rows of the next entries; raises `CorruptLogError`."""
        for entry in entries:
            if entry.horizon.position != self._after.position + 1:
                raise missing_entry(self._log.name, self._after, entry)
            self._after = entry.horizon
            try:
                record = decode(entry.state or b"", str)
                if entry.number is None:
                    yield from self._indexed.of_event(entry.order, record)
                else:
                    yield from self._indexed.of_transition(entry.order, record)
            except NO_RECORD as error:
                problem = f"its bytes are no record ({error})"
                raise damaged(self._log.name, entry.order, problem) from error


def _rebuilt_board(store: LogStore, log: AuditLog) -> Horizon | None:
    board = StatusBoard(store, log)
    is_right = _is_right(store, log)
    if not is_right:
        store.board.clear(log.id)
    board.catch_up()
    return None if is_right else store.board.read(log.id).horizon


def _is_right(store: LogStore, log: AuditLog) -> bool:
    """Whether the board is what the events give up to where it was folded."""
    while True:
        rows = store.board.read(log.id)
        horizon, times = store.board.quantiles(log.id, [])
        # Else a follower has moved it between the two looks.
        if horizon == rows.horizon:
            break
    if horizon.is_beyond(store.reads.end(log.id).horizon):
        return False
    folded = _folded(LogReading(store, log), rows.horizon)
    counts = {kind: count for kind, count in folded.counts.items() if count}
    waiting = {order: event for order, event in folded.open.items() if event is not None}
    taken = sorted(microseconds for microseconds, _ in folded.confirmations)
    return (
        counts == {kind: count for kind, count in rows.counts.items() if count}
        and waiting == rows.open
        and times == {name: quantile(taken, q) for name, q in QUANTILES.items()}
    )


def _folded(reading: LogReading, upto: Horizon) -> LiveStatus:
    board, after = LiveStatus(), START
    while after.position < upto.position:
        entries = reading.entries(after, min(PAGE, upto.position - after.position))
        board.follow(entries, reading.bundle_records)
        after = entries[-1].horizon
    return board
