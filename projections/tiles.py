"""A log's tree as tiles of 256 hashes, in the layout of C2SP's tlog-tiles.

Tile n of level 0 holds the hashes of the leaves from 256 n on; a hash of level 1 is the root of a
whole tile of level 0, and so on. The last tile of a level may be partial: it is never hashed
upward. Whatever a proof needs is read from a tile or two of each level.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from struct import Struct
from typing import NamedTuple

from projections.merkle import EMPTY_ROOT, HASH_BYTES, Span, node_hash

WIDTH = 256
"""Hashes in a whole tile."""

_HEIGHT = 8
_WHOLE = WIDTH * HASH_BYTES
_PAIRS = Struct(f"{2 * HASH_BYTES}s").iter_unpack

ReadTile = Callable[[int, int], bytes | None]
"""The hashes of the tile of this level and index; None where there is none."""


class Tile(NamedTuple):
    """A tile, whole or partial."""

    level: int
    number: int
    hashes: bytes


class TileMissingError(LookupError):
    """A tile that is needed is not there, or is shorter than it was said to be."""


class TileTree:
    """Roots that tiles give; raises `TileMissingError` where one is not there."""

    def __init__(self, read: ReadTile) -> None:
        self._read = read
        self._tiles: dict[tuple[int, int], bytes] = {}
        self._leading: dict[tuple[int, int], bool] = {}

    def leaf(self, index: int) -> bytes:
        """The hash of the leaf at an index."""
        return self._node(0, index)

    def told(self, tile: int, size: int) -> bytes:
        """A tile of level 0, which is seen to lead to the root of so many leaves.

        Raises `TileMissingError` where it does not.
        """
        hashes = self._tile(0, tile)
        least = min(size - tile * WIDTH, WIDTH) * HASH_BYTES
        if len(hashes) < least or not self._leads_up(0, tile, size):
            raise TileMissingError(f"tile {tile} of level 0 does not lead to the root")
        return hashes

    def _leads_up(self, level: int, tile: int, size: int) -> bool:
        """Whether a tile is what those above it say; a partial one is part of the root itself."""
        above = _HEIGHT * (level + 1)
        if (tile + 1) << above > size:
            return True
        known = self._leading.get((level, tile))
        if known is None:
            try:
                is_said = folded(self._tile(level, tile)) == self._node(above, tile)
            except LookupError:
                is_said = False
            known = is_said and self._leads_up(level + 1, tile // WIDTH, size)
            self._leading[level, tile] = known
        return known

    def root(self, size: int) -> bytes:
        """The root of the tree of the first leaves, so many of them."""
        return self.span((0, size)) if size else EMPTY_ROOT

    def span(self, span: Span) -> bytes:
        """The root of a span of leaves that is a subtree of some tree."""
        first, end = span
        length = end - first
        height = length.bit_length() - 1
        if length == 1 << height:
            return self._node(height, first >> height)
        middle = first + (1 << height)
        return node_hash(self.span((first, middle)), self.span((middle, end)))

    def _node(self, height: int, index: int) -> bytes:
        """The root of a complete subtree, by its height and its index among those."""
        level, within = divmod(height, _HEIGHT)
        tile, place = divmod(index << within, WIDTH)
        start, end = place * HASH_BYTES, (place + (1 << within)) * HASH_BYTES
        hashes = self._tile(level, tile)[start:end]
        if len(hashes) != end - start:
            raise TileMissingError(f"tile {tile} of level {level} is missing or too short")
        return folded(hashes)

    def _tile(self, level: int, index: int) -> bytes:
        found = self._tiles.get((level, index))
        if found is None:
            found = self._read(level, index) or b""
            if len(self._tiles) > WIDTH:
                self._tiles.clear()
            self._tiles[level, index] = found
        return found


def folded(hashes: bytes) -> bytes:
    """The root over hashes whose number is a power of two; raises `LookupError` for another."""
    if not hashes or len(hashes) % HASH_BYTES or len(hashes) & (len(hashes) - 1):
        raise TileMissingError("a tile is too short")
    while len(hashes) > HASH_BYTES:
        # Two hashes beside each other are what their node is made of.
        hashes = b"".join([sha256(b"\x01" + pair).digest() for (pair,) in _PAIRS(hashes)])
    return hashes


class TileBuilder:
    """Tiles of a log that grows, from a number of leaves on that fills whole tiles."""

    def __init__(self, size: int, read: ReadTile) -> None:
        if size % WIDTH:
            raise ValueError(f"{size} leaves do not fill whole tiles")
        self.size = size
        self._read = read
        self._partial: list[bytearray] = [bytearray()]
        self._whole: dict[tuple[int, int], bytes] = {}
        level, count = 1, size // WIDTH
        while count:
            tile, width = divmod(count, WIDTH)
            there = (read(level, tile) or b"")[: width * HASH_BYTES] if width else b""
            if len(there) != width * HASH_BYTES:
                raise TileMissingError(f"tile {tile} of level {level} is missing or too short")
            self._partial.append(bytearray(there))
            level, count = level + 1, tile

    def append(self, leaf: bytes) -> None:
        """Take the next leaf, by its hash."""
        partial = self._partial[0]
        partial += leaf
        self.size += 1
        if len(partial) == _WHOLE:
            self._fill()

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Take the next leaves, by their hashes."""
        at = 0
        while at < len(leaves):
            partial = self._partial[0]
            some = leaves[at : at + WIDTH - len(partial) // HASH_BYTES]
            partial += b"".join(some)
            self.size += len(some)
            at += len(some)
            if len(partial) == _WHOLE:
                self._fill()

    def _fill(self) -> None:
        count, level = self.size, 0
        while level < len(self._partial) and len(self._partial[level]) == _WHOLE:
            count //= WIDTH
            hashes = bytes(self._partial[level])
            self._whole[level, count - 1] = hashes
            self._partial[level] = bytearray()
            level += 1
            if level == len(self._partial):
                self._partial.append(bytearray())
            self._partial[level] += folded(hashes)

    def read(self, level: int, index: int) -> bytes | None:
        """A tile of the log as it is now: one that was made here, or one from before."""
        whole = self._whole.get((level, index))
        if whole is not None:
            return whole
        if level < len(self._partial) and index == self._index(level):
            return bytes(self._partial[level])
        return self._read(level, index)

    def _index(self, level: int) -> int:
        """The index of the tile of a level that is being filled."""
        return self.size >> (_HEIGHT * (level + 1))

    def made(self) -> Iterator[Tile]:
        """The tiles that were made since they were last forgotten, partial ones included."""
        for (level, index), hashes in self._whole.items():
            yield Tile(level, index, hashes)
        for level, partial in enumerate(self._partial):
            if partial:
                yield Tile(level, self._index(level), bytes(partial))

    def forget(self) -> None:
        """Let go of the whole tiles that were made: they can be read from now on."""
        self._whole.clear()
