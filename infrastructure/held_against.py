"""A store's log held against a checkpoint: whether it has all of it, else where it first differs.

The root alone decides, by a pass over the log's entries in memory that does not grow with it. Where
a log that differs first does so is told by what was kept when it was signed, in a second pass.
"""

from __future__ import annotations

from collections.abc import Iterator

from domain.audit_log import AuditLog
from domain.errors import CorruptLogError, LogDiffersError, ProofError, shown
from domain.horizon import Horizon
from infrastructure.leaves import Leaf, Leaves
from infrastructure.listing import seldom_cycle_search
from infrastructure.store import LogStore
from projections.checkpoint import Checkpoint, base64_text
from projections.marks import Marks
from projections.merkle import HASH_BYTES
from projections.tiles import WIDTH, TileBuilder, TileTree


class HeldAgainst:
    """A log, a checkpoint of it, and what was kept of it, if anything was.

    `tiles` are those whose root is the checkpoint's; `marks` are what was kept where it was signed.
    """

    def __init__(
        self,
        store: LogStore,
        log: AuditLog,
        checkpoint: Checkpoint,
        marks: Marks | None = None,
        tiles: TileTree | None = None,
    ) -> None:
        self._store = store
        self._log = log
        self._checkpoint = checkpoint
        self._kept = marks
        self._tiles = tiles
        self._now = Marks()
        self._tree = TileBuilder(0, lambda level, index: None)
        self._waiting: tuple[Leaf, Leaf] | None = None
        """The first and the last of the leaves that no mark has told of yet."""
        self._differs: tuple[Leaf, Leaf] | None = None

    def check(self) -> None:
        """Raises `LogDiffersError` where the log does not have what the checkpoint stands for.

        Raises `TileMissingError` where the tiles do not tell all: they are to be left out then.
        """
        size = self._checkpoint.size
        end = self._store.reads.end(self._log.id).horizon
        if not size:
            raise ProofError(
                "the checkpoint", "is of no leaves, and a log has its opening at least"
            )
        upto = min(size - 1, end.position)
        if upto == size - 1 and root_of_log(self._store, self._log, size) == self._checkpoint.root:
            return
        try:
            with seldom_cycle_search():
                for page in self._leaves(Horizon(upto, 0)):
                    self._take(page)
        except CorruptLogError as error:
            raise self._damaged(error) from error
        if upto < size - 1:
            raise self._cut(end)
        if self._root() != self._checkpoint.root:
            raise self._parted()
        # What the first pass read was not there any more.
        raise ProofError(f"log {shown(self._log.name)}", "changed while it was read; ask again")

    def _leaves(self, upto: Horizon) -> Iterator[list[Leaf]]:
        leaves = Leaves(self._store, self._log)
        yield [Leaf(leaves.opening(), None)]
        yield from leaves.pages(upto)

    def _take(self, page: list[Leaf]) -> None:
        at = self._tree.size
        self._tree.extend([leaf.hash for leaf in page])
        if self._differs is not None:
            return
        if self._tiles is not None:
            told = self._told(at, len(page), self._tiles)
            if told != b"".join([leaf.hash for leaf in page]):
                differs = next(
                    leaf
                    for place, leaf in enumerate(page)
                    if told[place * HASH_BYTES : (place + 1) * HASH_BYTES] != leaf.hash
                )
                self._differs = (differs, differs)
            return
        for leaf in page:
            first = leaf if self._waiting is None else self._waiting[0]
            self._waiting = (first, leaf)
            if self._kept is not None:
                self._compare(leaf, self._kept, self._waiting)
                if self._differs is not None:
                    return

    def _told(self, at: int, count: int, tiles: TileTree) -> bytes:
        """The hashes of the leaves from an index on, all of which have the checkpoint's root."""
        first, last = at // WIDTH, (at + count - 1) // WIDTH
        size = self._checkpoint.size
        told = b"".join([tiles.told(tile, size) for tile in range(first, last + 1)])
        start = (at - first * WIDTH) * HASH_BYTES
        return told[start : start + count * HASH_BYTES]

    def _compare(self, leaf: Leaf, kept: Marks, waiting: tuple[Leaf, Leaf]) -> None:
        self._now.append(leaf.hash)
        mark = kept.last() if self._now.size == kept.size else kept.at(self._now.size)
        if mark is None:
            return
        if mark != self._now.last():
            self._differs = waiting
        self._waiting = None

    def _damaged(self, error: CorruptLogError) -> LogDiffersError:
        orders, what = (error.order, error.order), str(error)
        before = self._differs or self._waiting
        if before is not None and _order(before[0]) < error.order:
            orders = (_order(before[0]), error.order)
            if self._differs is not None:
                orders, what = _orders(self._differs), f"{_where(self._differs)}; and {error}"
        problem = f"is not what the checkpoint of {self._size} leaves says: {what}"
        return LogDiffersError(self._log.name, problem, orders, self._tree.size)

    def _cut(self, end: Horizon) -> LogDiffersError:
        """The log ends too soon; something of what is there may differ as well."""
        order = end.order + 1
        problem = (
            f"ends at {end}, {end.position + 1:,} leaves, and the checkpoint says {self._size}: the"
            f" entry at position {end.position + 1} is gone, order {order} or a transition, and"
            " what came after it"
        )
        if self._differs is None:
            return LogDiffersError(self._log.name, problem, (order, order), end.position + 1)
        problem += f", and what is there is not what it was {_where(self._differs)}"
        return self._error(problem, self._differs)

    def _parted(self) -> LogDiffersError:
        found = self._differs or self._waiting
        problem = (
            f"is not what the checkpoint of {self._size} leaves says: its root is"
            f" {base64_text(self._root())}, and the checkpoint has"
            f" {base64_text(self._checkpoint.root)}; it differs"
        )
        if found is None:
            last = self._tree.size - 1
            problem += (
                " nowhere from what was signed here, so that the checkpoint stands for another"
                " history of the log"
            )
            return LogDiffersError(self._log.name, problem, (0, last), last)
        return self._error(f"{problem} {_where(found)}", found)

    def _error(self, problem: str, found: tuple[Leaf, Leaf]) -> LogDiffersError:
        last = found[1].entry
        position = 0 if last is None else last.horizon.position
        return LogDiffersError(self._log.name, problem, _orders(found), position)

    def _root(self) -> bytes:
        return TileTree(self._tree.read).root(self._tree.size)

    @property
    def _size(self) -> str:
        return f"{self._checkpoint.size:,}"


def root_of_log(store: LogStore, log: AuditLog, size: int) -> bytes | None:
    """The root of the first entries of a log, so many leaves of it; None where it is damaged."""
    leaves, tree = Leaves(store, log), TileBuilder(0, lambda level, index: None)
    try:
        tree.append(leaves.opening())
        with seldom_cycle_search():
            for page in leaves.hashes(Horizon(size - 1, 0)):
                tree.extend(page)
                # The root is made of the tiles that are not whole alone.
                tree.forget()
    except CorruptLogError:
        return None
    return TileTree(tree.read).root(size)


def _order(leaf: Leaf) -> int:
    return 0 if leaf.entry is None else leaf.entry.order


def _orders(found: tuple[Leaf, Leaf]) -> tuple[int, int]:
    first, last = map(_order, found)
    return min(first, last), max(first, last)


def _where(found: tuple[Leaf, Leaf]) -> str:
    first, last = found
    if first is last:
        return f"from {_name(last)} on"
    return f"from one of those between {_name(first)} and {_name(last)} on"


def _name(leaf: Leaf) -> str:
    if leaf.entry is None:
        return "its opening, order 0 (position 0),"
    order, number = leaf.entry.order, leaf.entry.number
    position = f"position {leaf.entry.horizon.position}"
    if number is None:
        return f"order {order} ({position})"
    return f"order {order}, its transition {number} of the log ({position}),"
