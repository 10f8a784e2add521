"""A log that two stores hold, compared entry by entry and by the roots of both trees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import zip_longest

from domain.audit_log import AuditLog
from domain.errors import CopyError
from domain.horizon import START, Horizon
from infrastructure.leaves import Leaf, Leaves
from infrastructure.store import LogStore
from projections.merkle import Tree

Progress = Callable[[int, int], None]
"""Called with (done, total) entries."""


class Comparison:
    """Compares one log of two stores, on from where it was compared before.

    What is compared of an entry: its place, topic, bytes, time of commit, writer and that one's
    introduction. Raises `CopyError` for the first that differs, and `CorruptLogError`.
    """

    def __init__(self, source: LogStore, target: LogStore, log: AuditLog) -> None:
        self._stores = source, target
        self._log = log
        self._trees = Tree(), Tree()
        self.horizon = START
        """Up to here both are the same."""

    def openings(self) -> None:
        """Compare the log's identity and its opening; to be called first."""
        opened = [store.reads.opened(self._log.id) for store in self._stores]
        identities = [None if one is None else one.identity for one in opened]
        if identities[0] != identities[1]:
            raise CopyError(
                self._log.name,
                f"is another one in {self._stores[1].url} (identity {identities[1]}, not"
                f" {identities[0]}), and is continued by nothing but itself; copy to another store",
            )
        hashes = [Leaves(store, self._log).opening() for store in self._stores]
        self._take(Leaf(hashes[0], None), Leaf(hashes[1], None))

    def entries(self, upto: Horizon, progress: Progress | None = None) -> None:
        """Compare the entries up to a point of the log."""
        found = [self._leaves(store, upto) for store in self._stores]
        for one, other in zip_longest(*found):
            self._take(one, other)
            if progress is not None and self.horizon.position % 1000 == 0:
                progress(self.horizon.position, upto.position)
        if self.root(0) != self.root(1):
            raise self._differs("the roots of the two trees are not the same")

    def root(self, of: int = 0) -> bytes:
        """The root of the tree as far as it was compared: 0 the source's, 1 the target's."""
        return self._trees[of].root()

    def _leaves(self, store: LogStore, upto: Horizon) -> Iterator[Leaf]:
        for page in Leaves(store, self._log).pages(upto, self.horizon):
            yield from page

    def _take(self, one: Leaf | None, other: Leaf | None) -> None:
        if one is None or other is None or one != other:
            raise self._differs(f"the entry at position {self._trees[0].size} is not the same")
        for tree, leaf in zip(self._trees, (one, other), strict=True):
            tree.append(leaf.hash)
        if one.entry is not None:
            self.horizon = one.entry.horizon

    def _differs(self, how: str) -> CopyError:
        return CopyError(
            self._log.name,
            f"went on otherwise in {self._stores[1].url} than in {self._stores[0].url}: {how}, and"
            " is continued by nothing but itself; copy to another store",
        )
