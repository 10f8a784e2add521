"""The Merkle tree of RFC 6962 (SHA-256): roots, proofs that something is in it, and their checks.

A tree is made leaf by leaf in memory that grows with the logarithm of its size. A proof is the
hashes of a few spans of leaves, which are known beforehand: one pass over the leaves makes them.
What checks a proof needs neither the tree nor the log. Indices count leaves from 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256().digest()
"""The root of a tree without leaves."""

Span = tuple[int, int]
"""Leaves from the first index up to, but not including, the second."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf with these data."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node above two others."""
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree that grows; of it are kept the roots of its complete subtrees, the largest first."""

    __slots__ = ("_peaks", "size")

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add a leaf by its hash."""
        size, peaks = self.size, self._peaks
        self.size = size + 1
        while size & 1:
            leaf = sha256(b"\x01" + peaks.pop() + leaf).digest()
            size >>= 1
        peaks.append(leaf)

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in self._peaks[-2::-1]:
            root = node_hash(peak, root)
        return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root of the tree with these leaves, given by their hashes."""
    tree = Tree()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def _split(span: Span) -> int:
    """Where the left subtree ends: it has the largest power of two below the span's length."""
    first, end = span
    return first + (1 << (end - first - 1).bit_length() - 1)


def inclusion_spans(index: int, size: int) -> list[Span]:
    """The spans whose roots prove a leaf of a tree of this size, in the order of the proof.

    Raises `ValueError` for an index that the tree does not have.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    span, spans = (0, size), []
    while span[1] - span[0] > 1:
        middle = _split(span)
        left, right = (span[0], middle), (middle, span[1])
        span, other = (left, right) if index < middle else (right, left)
        spans.append(other)
    return spans[::-1]


def consistency_spans(old: int, size: int) -> list[Span]:
    """The spans whose roots prove that a tree of `old` leaves grew to this size.

    In the order of the proof; none where nothing was added, or nothing was there. Raises
    `ValueError` where the tree has not come so far.
    """
    if not 0 <= old <= size:
        raise ValueError(f"a tree of {size} leaves did not grow out of one of {old}")
    span, spans = (0, size), []
    while old and old != span[1]:
        middle = _split(span)
        left, right = (span[0], middle), (middle, span[1])
        span, other = (left, right) if old <= middle else (right, left)
        spans.append(other)
    if span[0]:
        # Where the old tree is no subtree of the new one, its last part must be told.
        spans.append(span)
    return spans[::-1]


def roots_of(spans: Sequence[Span], leaves: Iterable[bytes]) -> list[bytes]:
    """The root of each of these disjoint spans, in one pass over the hashes of all leaves.

    Raises `ValueError` where the leaves end too soon.
    """
    found: dict[Span, bytes] = {}
    waiting = sorted(spans, reverse=True)
    tree = Tree()
    for index, leaf in enumerate(leaves):
        if not waiting:
            break
        first, end = waiting[-1]
        if index >= first:
            tree.append(leaf)
            if index == end - 1:
                found[waiting.pop()] = tree.root()
                tree = Tree()
    if waiting:
        raise ValueError(f"there are no leaves up to {waiting[0][1]}")
    return [found[span] for span in spans]


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows that the leaf with this hash stands at the index of the tree.

    RFC 9162, 2.1.3.2.
    """
    if not (0 <= index < size and _are_hashes([leaf, root, *proof])):
        return False
    at, last, computed = index, size - 1, leaf
    for one in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            computed = node_hash(one, computed)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            computed = node_hash(computed, one)
        at, last = at >> 1, last >> 1
    return last == 0 and computed == root


def is_consistent(
    old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the proof shows that the tree of `old` leaves is the beginning of the other.

    RFC 9162, 2.1.4.2; an empty tree is the beginning of all, and its proof is empty.
    """
    if not (0 <= old <= size and _are_hashes([old_root, root, *proof])):
        return False
    if old == size:
        return not proof and old_root == root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_computed = computed = path[0]
    for one in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old_computed, computed = node_hash(one, old_computed), node_hash(one, computed)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            computed = node_hash(computed, one)
        at, last = at >> 1, last >> 1
    return last == 0 and old_computed == old_root and computed == root


def _are_hashes(hashes: Iterable[bytes]) -> bool:
    return all(len(one) == HASH_BYTES for one in hashes)
