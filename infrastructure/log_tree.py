"""The tree of a log as far as it goes now: of tiles that are kept, and of the entries after them.

What is kept beside a log is believed as far as a root that is known from elsewhere stands for it:
the caller says up to where, and compares the root. The entries after that are read.
"""

from __future__ import annotations

from collections.abc import Iterator

from domain.audit_log import AuditLog
from domain.horizon import START, Horizon
from infrastructure.leaves import Leaves
from infrastructure.listing import seldom_cycle_search
from infrastructure.positions import Positions
from infrastructure.store import LogStore
from projections.merkle import EMPTY_ROOT
from projections.tiles import WIDTH, Tile, TileBuilder, TileMissingError, TileTree


class LogTree:
    """The tree of one log, which grows as its entries are read."""

    def __init__(self, store: LogStore, log: AuditLog, believed: int = 0) -> None:
        """Made of the tiles of the first `believed` leaves, as far as they are there and whole."""
        self._store = store
        self._log = log
        self._leaves = Leaves(store, log)
        self.is_anew = False
        """Whether it is made of the entries alone."""
        self._builder = self._begun(min(believed, store.tiles.leaves(log.id)) // WIDTH * WIDTH)
        self.read_from = self._builder.size
        """From which leaf on the log's entries were read."""

    def _begun(self, size: int) -> TileBuilder:
        if size:
            try:
                builder = TileBuilder(size, self._kept)
                TileTree(builder.read).root(size)
                return builder
            except TileMissingError:
                # Some were lost: all are made anew.
                pass
        self.is_anew = True
        return TileBuilder(0, _none)

    @property
    def size(self) -> int:
        """How many leaves it has."""
        return self._builder.size

    def grow(self, size: int) -> Iterator[list[bytes]]:
        """Read the entries up to so many leaves; gives their hashes page by page, as taken in.

        Raises `CorruptLogError`.
        """
        if not self._builder.size and size:
            opening = self._leaves.opening()
            self._builder.append(opening)
            yield [opening]
        if self._builder.size >= size:
            return
        at = self._builder.size - 1
        after = Positions(self._store, self._log).horizon(at) if at else START
        for page in self._leaves.hashes(Horizon(size - 1, 0), after):
            self._builder.extend(page)
            yield page

    def grow_to(self, size: int) -> None:
        """Read the entries up to so many leaves; raises `CorruptLogError`."""
        with seldom_cycle_search():
            for _ in self.grow(size):
                pass

    def tree(self) -> TileTree:
        """The roots of what was taken in so far."""
        return TileTree(self._builder.read)

    def root(self, size: int) -> bytes:
        """The root of the first leaves, so many of them."""
        return self.tree().root(size) if size else EMPTY_ROOT

    def keep(self, store: LogStore) -> None:
        """Keep the tiles that were made in the store, which may be opened apart for writing.

        Raises `StoreError`.
        """
        store.tiles.write(self._log.id, list(self._made()), is_anew=self.is_anew)

    def is_kept(self, store: LogStore) -> bool:
        """Whether the store keeps all the tiles that were made, as they were."""
        read = store.tiles.read
        return all(read(self._log.id, one.level, one.number) == one.hashes for one in self._made())

    def _made(self) -> Iterator[Tile]:
        return self._builder.made()

    def _kept(self, level: int, index: int) -> bytes | None:
        return self._store.tiles.read(self._log.id, level, index)


def _none(level: int, index: int) -> None:
    return None


def kept_tree(store: LogStore, log: AuditLog, size: int, root: bytes) -> TileTree | None:
    """The tree that the kept tiles are of, if that is the one of this root; else None.

    Its leaves are then what they were when the root was made, whatever the log's entries are now.
    """
    tree = TileTree(lambda level, index: store.tiles.read(log.id, level, index))
    try:
        return tree if size and tree.root(size) == root else None
    except TileMissingError:
        return None
