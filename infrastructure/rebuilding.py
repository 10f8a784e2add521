"""What is kept beside the events, made anew from them: indexes and the status board."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from domain.audit_log import AuditLog
from domain.horizon import START, Horizon
from domain.values import decode
from infrastructure.earlier import damaged, missing_entry
from infrastructure.followers.board import StatusBoard
from infrastructure.kept_checkpoints import last_seen
from infrastructure.log_tree import LogTree
from infrastructure.reading import NO_RECORD, PAGE, LogReading
from infrastructure.store import LogStore
from infrastructure.stored import IndexChange, StoredEntry
from projections.indexed import Indexed, IndexRow
from projections.status_board import QUANTILES, LiveStatus, quantile


class Rebuilt(NamedTuple):
    """What was not what the events give: of the indexes, and whether the board was not.

    `board` is up to where the board was folded anew; None where it was right, or there is none.
    `tiles` is of how many leaves they were made anew; None where they were right, or none are kept.
    """

    indexes: list[IndexChange]
    board: Horizon | None
    tiles: int | None = None

    @property
    def is_changed(self) -> bool:
        """Whether anything was not what the events give."""
        return bool(self.indexes) or self.board is not None or self.tiles is not None


def rebuild(store: LogStore, log: AuditLog) -> Rebuilt:
    """Bring the log's indexes, its status board and its tiles to what its events give.

    Tiles that stand for what this machine signed are left as they are, whatever the events give
    now: they tell where the log was changed. Who appends meanwhile waits. Raises `CorruptLogError`
    where an entry is missing or no record, `ReadOnlyStoreError` or another `StoreError`; the
    indexes then are what they were.
    """
    store.refuse_writing()
    indexes = store.indexes.rebuild(log.id, lambda: IndexRows(log).of)
    board = _rebuilt_board(store, log) if log.mode == "live" else None
    return Rebuilt(indexes, board, _rebuilt_tiles(store, log))


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


def _rebuilt_tiles(store: LogStore, log: AuditLog) -> int | None:
    kept = store.tiles.leaves(log.id)
    if not kept:
        # They are made when the log is signed.
        return None
    seen = last_seen(log.identity or "")
    tree = LogTree(store, log)
    least = kept if seen is None else max(kept, seen.checkpoint.size)
    tree.grow_to(min(least, store.reads.end(log.id).horizon.position + 1))
    if kept == tree.size and tree.is_kept(store):
        return None
    if seen is not None:
        size, root = seen.checkpoint[1:]
        if size > tree.size or tree.root(size) != root:
            return None
    tree.keep(store)
    return tree.size


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
