"""A store as one of its logs was known at a horizon: nothing that was committed later is there.

It is read through the same port, so that whatever reads a log reads it as of then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NoReturn, Self
from uuid import UUID

from domain.errors import ReadOnlyStoreError
from domain.horizon import START, Horizon
from infrastructure.derived_store import Board
from infrastructure.reads_as_of import ReadsAsOf
from infrastructure.store import Lease, LogStore, Reads
from infrastructure.stored import BoardRows
from projections.status_board import QUANTILES, LiveStatus, OpenEvent, quantile


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
        # A tile of what came later changes none of before.
        self.tiles = store.tiles
        self.reads: Reads = ReadsAsOf(store.reads, log_id, horizon)
        self.board: Board = BoardAsOf(store, log_id, horizon)
        self._horizon = horizon
        self._place = store.place

    def place(self) -> str:
        """See `LogStore.place`."""
        return self._place()

    def lease(self, log_id: UUID, log: str, role: str) -> Lease:
        """Nobody leases what was: raises `ReadOnlyStoreError`."""
        _refuse(self.url, self._horizon)

    def refuse_writing(self) -> None:
        """See `LogStore.refuse_writing`."""
        _refuse(self.url, self._horizon)

    def await_durable(self) -> None:
        """Nothing is signed of what was."""

    def stop_waiting(self) -> None:
        """Nobody waits here."""

    def close(self) -> None:
        """See the class."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


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
