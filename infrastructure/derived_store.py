"""The port, beside a log's entries: what follows from them, and can be made anew when it is lost.

Durability, concurrency and errors are those of `infrastructure.store`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from domain.horizon import Horizon
from infrastructure.stored import BoardRows, IndexChange, StoredEntry
from projections.indexed import IndexRow

if TYPE_CHECKING:
    from projections.status_board import LiveStatus, OpenEvent
    from projections.tiles import Tile

RowsOf = Callable[[Sequence[StoredEntry]], Iterable[IndexRow]]
"""Makes the index rows of the next entries of a log, in the order of their commit."""


class Indexes(Protocol):
    """What is indexed of each log's entries: rows that follow from them, written with them."""

    def rebuild(self, log_id: UUID, begin: Callable[[], RowsOf]) -> list[IndexChange]:
        """Make every index of the log what its entries give; what differed, index by index.

        In one transaction, while the log's end is held. What `begin` gives is given a page of
        entries at a time, from the first to the last, and must not touch the store; when it raises,
        nothing is changed. A transaction that is begun again asks for another. Other logs' rows
        stay as they are.
        """


class Followers(Protocol):
    """How far each follower of a log has come; a position is a horizon of the followed log."""

    def position(self, follower: str, log_id: UUID) -> Horizon | None:
        """The follower's position; None for a new one."""

    def store_position(self, follower: str, log_id: UUID, position: Horizon) -> None:
        """Remember how far the follower has come; a position never goes back."""

    def forget_position(self, follower: str, log_id: UUID) -> None:
        """Let the follower begin anew."""


class Board(Protocol):
    """The status board of each log: rows that follow from the events, each folded in once."""

    def read(self, log_id: UUID) -> BoardRows:
        """The rows of the log's board."""

    def quantiles(
        self, log_id: UUID, further: Sequence[tuple[int, int]]
    ) -> tuple[Horizon, dict[str, float | None]]:
        """The quantiles of the confirmation times and further ones, and the board's horizon.

        In microseconds, None where there are none; the cost does not grow with their number.
        """

    def open_rows(self, log_id: UUID, orders: Sequence[int]) -> dict[int, OpenEvent]:
        """The open events among these orders, as they were folded so far."""

    def fold(self, log_id: UUID, changes: LiveStatus, after: Horizon, upto: Horizon) -> bool:
        """Apply the changes and move the board from `after` to `upto`, in one transaction.

        False, and nothing applied, when another follower has moved it meanwhile.
        """

    def clear(self, log_id: UUID) -> None:
        """Empty the log's board, so that it is folded anew."""


class Tiles(Protocol):
    """Tiles of each log's tree: they follow from its entries, and make proofs quick.

    A store that was made before there were tiles, and was not written to since, has none.
    """

    def leaves(self, log_id: UUID) -> int:
        """How many leaves the tiles of level 0 reach to, going by the last of them."""

    def read(self, log_id: UUID, level: int, index: int) -> bytes | None:
        """The hashes of a tile; None where there is none, or what is there is no tile."""

    def write(self, log_id: UUID, tiles: Sequence[Tile], *, is_anew: bool = False) -> None:
        """Keep the tiles, in one transaction; one that is there gives way only to a longer one.

        With `is_anew` all that are there of the log give way.
        """
