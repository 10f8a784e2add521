"""A store as one of its logs was known at a horizon: nothing that was committed later is there.

It is read through the same port, so that whatever reads a log reads it as of then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NoReturn, Self
from uuid import UUID

from domain.errors import ReadOnlyStoreError, StoreError
from domain.horizon import START, Horizon
from domain.lifecycle import lifecycle_id
from domain.values import decode
from infrastructure.reading import NO_RECORD
from infrastructure.store import Board, Lease, LogStore, Reads
from infrastructure.stored import (
    BoardRows,
    LogEnd,
    OpenedLog,
    Stored,
    StoredEntry,
    StoredTransition,
)
from projections.entries import FOLLOWED_FIELDS, LogEntry, LoggedEntry, TransitionEntry
from projections.status_board import QUANTILES, LiveStatus, OpenEvent, quantile

_PAGE = 500


class StoreAsOf:
    """`LogStore`, of which one log ends at a horizon that it once had; it is for reading alone.

    Other logs, the followers' positions and what writes are the store's own, as they are now.
    Closing it lets go of nothing: the store is open for as long as whoever opened it wants.
    """

    def __init__(self, store: LogStore, log_id: UUID, horizon: Horizon) -> None:
        self.url = store.url
        self.is_volatile = store.is_volatile
        self.is_read_only = True
        self.commits = store.commits
        self.recorder = store.recorder
        self.appends = store.appends
        self.indexes = store.indexes
        self.followers = store.followers
        self.reads: Reads = ReadsAsOf(store.reads, log_id, horizon)
        self.board: Board = BoardAsOf(store, log_id, horizon)
        self._horizon = horizon

    def lease(self, log_id: UUID, log: str, role: str) -> Lease:
        """Nobody leases what was: raises `ReadOnlyStoreError`."""
        _refuse(self.url, self._horizon)

    def refuse_writing(self) -> None:
        """See `LogStore.refuse_writing`."""
        _refuse(self.url, self._horizon)

    def stop_waiting(self) -> None:
        """Nobody waits here."""

    def close(self) -> None:
        """See the class."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class ReadsAsOf:
    """`infrastructure.store.Reads`, of which one log ends at a horizon."""

    def __init__(self, reads: Reads, log_id: UUID, horizon: Horizon) -> None:
        self._reads = reads
        self._log_id = log_id
        self._horizon = horizon

    def logs(self) -> list[OpenedLog]:
        """See `Reads.logs`."""
        return self._reads.logs()

    def opened(self, log_id: UUID) -> OpenedLog | None:
        """See `Reads.opened`."""
        return self._reads.opened(log_id)

    def end(self, log_id: UUID) -> LogEnd:
        """See `Reads.end`."""
        if log_id != self._log_id:
            return self._reads.end(log_id)
        return LogEnd(self._horizon, self._reads.stored(log_id, self._horizon).committed_at)

    def events(self, log_id: UUID, first: int, last: int, limit: int) -> list[tuple[int, bytes]]:
        """See `Reads.events`."""
        if log_id == self._log_id:
            last = min(last, self._horizon.order)
        return self._reads.events(log_id, first, last, limit) if first <= last else []

    def transitions(
        self, log_id: UUID, lifecycle_ids: Sequence[UUID]
    ) -> dict[UUID, list[StoredTransition]]:
        """See `Reads.transitions`."""
        found = self._reads.transitions(log_id, lifecycle_ids)
        if log_id != self._log_id:
            return found
        # One without a number is damage, whenever it came.
        known = {
            one: [t for t in stored if (t.number or 0) <= self._horizon.transition]
            for one, stored in found.items()
        }
        return {one: stored for one, stored in known.items() if stored}

    def order_of(self, log_id: UUID, event_id: str) -> int | None:
        """See `Reads.order_of`."""
        order = self._reads.order_of(log_id, event_id)
        return order if order is None or self._is_known(log_id, order) else None

    def orders_with_hash(self, log_id: UUID, tx_hash: str) -> list[int]:
        """See `Reads.orders_with_hash`."""
        found = self._reads.orders_with_hash(log_id, tx_hash)
        if log_id != self._log_id:
            return found
        return [
            order
            for order in found
            if order <= self._horizon.order and self._had_hash(order, tx_hash)
        ]

    def late_details(self, log_id: UUID) -> list[tuple[int, int]]:
        """See `Reads.late_details`."""
        found = self._reads.late_details(log_id)
        return [(parent, order) for parent, order in found if self._is_known(log_id, order)]

    def corrections(self, log_id: UUID) -> list[tuple[int, int]]:
        """See `Reads.corrections`."""
        found = self._reads.corrections(log_id)
        return [(wrong, right) for wrong, right in found if self._is_known(log_id, right)]

    def entries(self, log_id: UUID, after: Horizon, limit: int) -> list[LogEntry]:
        """See `Reads.entries`."""
        try:
            found = self._reads.entries(log_id, after, limit)
        except StoreError:
            if log_id != self._log_id:
                raise
            # What is no record may have come later: it is none of what was known then.
            known = _entries_of(self.stored_entries(log_id, after, limit))
            if known is None:
                raise
            return known
        return [one for one in found if self._is_entry_known(log_id, one)]

    def stored_entries(self, log_id: UUID, after: Horizon, limit: int) -> list[StoredEntry]:
        """See `Reads.stored_entries`."""
        found = self._reads.stored_entries(log_id, after, limit)
        return [one for one in found if self._is_entry_known(log_id, one)]

    def stored(self, log_id: UUID, horizon: Horizon) -> Stored:
        """See `Reads.stored`."""
        return self._reads.stored(log_id, horizon)

    def writers(self, log_id: UUID) -> dict[int, tuple[bytes, int | None]]:
        """See `Reads.writers`: those who had committed by then, and of them who had closed."""
        found = self._reads.writers(log_id)
        if log_id != self._log_id or self._reads.end(log_id).horizon == self._horizon:
            return found
        known = self._writers_of_entries(len(found))
        until = self.end(log_id).committed_at or 0
        return {
            number: (introduction, ended_at if ended_at is None or ended_at <= until else None)
            for number, (introduction, ended_at) in found.items()
            if number in known
        }

    def horizon_at(self, log_id: UUID, committed_at: int) -> Horizon | None:
        """See `Reads.horizon_at`."""
        found = self._reads.horizon_at(log_id, committed_at)
        if log_id == self._log_id and found is not None and found.is_beyond(self._horizon):
            return self._horizon
        return found

    def _is_known(self, log_id: UUID, order: int) -> bool:
        return log_id != self._log_id or order <= self._horizon.order

    def _is_entry_known(self, log_id: UUID, entry: LogEntry | StoredEntry) -> bool:
        if isinstance(entry, TransitionEntry) or (
            isinstance(entry, StoredEntry) and entry.number is not None
        ):
            return log_id != self._log_id or (entry.number or 0) <= self._horizon.transition
        return self._is_known(log_id, entry.order)

    def _had_hash(self, order: int, tx_hash: str) -> bool:
        """Whether the event was logged with the hash, or had been given it by then."""
        one = lifecycle_id(self._log_id, order)
        transitions = self.transitions(self._log_id, [one]).get(one, ())
        logged = self.events(self._log_id, order, order, 1)
        states = [*(state for _, state in logged), *(one.state for one in transitions)]
        return not logged or any(_may_set(state, tx_hash) for state in states)

    def _writers_of_entries(self, at_most: int) -> set[int | None]:
        known = {self._reads.stored(self._log_id, START).writer}
        after = START
        while len(known - {None}) < at_most:
            page = self.stored_entries(self._log_id, after, _PAGE)
            if not page:
                break
            known.update(one.writer for one in page)
            after = page[-1].horizon
        return known


class BoardAsOf:
    """`infrastructure.store.Board`, as far as it was folded by then; else there is none.

    A stored board that has gone past the horizon is of no use: it is folded anew, in memory.
    """

    def __init__(self, store: LogStore, log_id: UUID, horizon: Horizon) -> None:
        self._url = store.url
        self._board = store.board
        self._log_id = log_id
        self._horizon = horizon

    def read(self, log_id: UUID) -> BoardRows:
        """See `Board.read`."""
        rows = self._board.read(log_id)
        return rows if self._is_known(log_id, rows.horizon) else BoardRows(START, Counter(), {})

    def quantiles(
        self, log_id: UUID, further: Sequence[tuple[int, int]]
    ) -> tuple[Horizon, dict[str, float | None]]:
        """See `Board.quantiles`."""
        horizon, found = self._board.quantiles(log_id, further)
        if self._is_known(log_id, horizon):
            return horizon, found
        taken = sorted(microseconds for microseconds, _ in further)
        return START, {name: quantile(taken, q) for name, q in QUANTILES.items()}

    def open_rows(self, log_id: UUID, orders: Sequence[int]) -> dict[int, OpenEvent]:
        """See `Board.open_rows`."""
        found = self.read(log_id).open
        return {order: found[order] for order in orders if order in found}

    def fold(self, log_id: UUID, changes: LiveStatus, after: Horizon, upto: Horizon) -> bool:
        """What was is not folded into: raises `ReadOnlyStoreError`."""
        _refuse(self._url, self._horizon)

    def clear(self, log_id: UUID) -> None:
        """What was is not emptied: raises `ReadOnlyStoreError`."""
        _refuse(self._url, self._horizon)

    def _is_known(self, log_id: UUID, horizon: Horizon) -> bool:
        return log_id != self._log_id or not horizon.is_beyond(self._horizon)


def _refuse(url: str, horizon: Horizon) -> NoReturn:
    raise ReadOnlyStoreError(url, f"is read as of {horizon}; nothing is written there")


def _may_set(state: Any, tx_hash: str) -> bool:
    """Whether the record sets the hash; of bytes that are no record, whoever reads them says so."""
    try:
        return bool(decode(state, str).get("tx_hash") == tx_hash)
    except NO_RECORD:
        return True


def _entries_of(stored: Sequence[StoredEntry]) -> list[LogEntry] | None:
    """What followers are handed of these entries; None where one is no record."""
    try:
        return [_followed(one) for one in stored]
    except NO_RECORD:
        return None


def _followed(stored: StoredEntry) -> LogEntry:
    state: Any = decode(stored.state or b"", str)
    position, order, number = stored.horizon.position, stored.order, stored.number
    if number is None:
        record = {name: _at(path, state) for name, path in FOLLOWED_FIELDS.items()}
        known = {name: value for name, value in record.items() if value is not None}
        return LoggedEntry(position, order, stored.committed_at, known)
    return TransitionEntry(
        position,
        number,
        order,
        stored.committed_at,
        state["recorded_at"],
        state["from_status"],
        state["from_since"],
        state["status"],
        state["tx_hash"],
    )


def _at(path: str, state: Any) -> Any:
    for name in path.split(".")[1:]:
        state = None if state is None else state.get(name)
    return state
