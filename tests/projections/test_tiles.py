"""Tiles give the roots that the tree has, however it grew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections import tiles
from projections.merkle import (
    HASH_BYTES,
    consistency_spans,
    inclusion_spans,
    root_of,
    roots_of,
)
from projections.tiles import TileBuilder, TileMissingError, TileTree

LEAVES = [sha256(b"%d" % n).digest() for n in range(1300)]
MOST = 300
SIZES = st.integers(0, MOST)


@pytest.fixture(scope="module", autouse=True)
def small_tiles() -> Iterator[None]:
    """Four hashes a tile, so that a few hundred leaves have tiles of four levels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiles, "WIDTH", 4)
        patch.setattr(tiles, "_HEIGHT", 2)
        patch.setattr(tiles, "_WHOLE", 4 * HASH_BYTES)
        yield


@contextmanager
def real_tiles() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiles, "WIDTH", 256)
        patch.setattr(tiles, "_HEIGHT", 8)
        patch.setattr(tiles, "_WHOLE", 256 * HASH_BYTES)
        yield


class Kept:
    """Tiles as a store keeps them."""

    def __init__(self) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}

    def read(self, level: int, index: int) -> bytes | None:
        return self.tiles.get((level, index))

    def grow(self, size: int, upto: int) -> TileBuilder:
        builder = TileBuilder(size // tiles.WIDTH * tiles.WIDTH, self.read)
        for leaf in LEAVES[builder.size : upto]:
            builder.append(leaf)
        self.tiles |= {(level, index): hashes for level, index, hashes in builder.made()}
        return builder


@given(size=SIZES)
def test_a_root_is_that_of_the_leaves(size: int) -> None:
    kept = Kept()
    kept.grow(0, MOST)
    assert TileTree(kept.read).root(size) == root_of(LEAVES[:size])


@given(size=st.integers(1, MOST), data=st.data())
def test_proofs_are_made_of_tiles(size: int, data: st.DataObject) -> None:
    kept = Kept()
    kept.grow(0, MOST)
    tree, index = TileTree(kept.read), data.draw(st.integers(0, size - 1))
    for spans in (inclusion_spans(index, size), consistency_spans(index, size)):
        assert [tree.span(one) for one in spans] == roots_of(spans, LEAVES[:size])
    assert tree.leaf(index) == LEAVES[index]


@given(sizes=st.lists(SIZES, min_size=1, max_size=3))
def test_tiles_that_grew_step_by_step_are_those_made_at_once(sizes: list[int]) -> None:
    kept, size = Kept(), 0
    for upto in sorted(sizes):
        builder = kept.grow(size, upto)
        assert TileTree(builder.read).root(upto) == root_of(LEAVES[:upto])
        size = upto
    once = Kept()
    once.grow(0, size)
    assert kept.tiles == once.tiles


def test_a_partial_tile_is_never_hashed_upward() -> None:
    kept = Kept()
    with real_tiles():
        kept.grow(0, 1000)
        assert TileTree(kept.read).root(1000) == root_of(LEAVES[:1000])
    assert {at: len(hashes) // HASH_BYTES for at, hashes in kept.tiles.items()} == {
        (0, 0): 256,
        (0, 1): 256,
        (0, 2): 256,
        (0, 3): 232,
        (1, 0): 3,
    }


def test_what_was_forgotten_is_read() -> None:
    kept = Kept()
    builder = TileBuilder(0, kept.read)
    for leaf in LEAVES:
        builder.append(leaf)
        if builder.size % 100 == 0:
            kept.tiles |= {(level, index): hashes for level, index, hashes in builder.made()}
            builder.forget()
    assert TileTree(builder.read).root(len(LEAVES)) == root_of(LEAVES)


@pytest.mark.parametrize("lost", [(0, 0), (0, 24), (1, 5), (2, 1), (3, 0)])
def test_a_tile_that_is_lost_is_said(lost: tuple[int, int]) -> None:
    kept = Kept()
    kept.grow(0, 99)
    whole = kept.tiles.pop(lost)
    for left in (None, whole[:-HASH_BYTES], whole[:-1]):
        if left is not None:
            kept.tiles[lost] = left
        with pytest.raises(TileMissingError, match="is missing or too short"):
            tree = TileTree(kept.read)
            tree.root(99)
            for leaf in range(99):
                tree.leaf(leaf)
                for span in inclusion_spans(leaf, 99):
                    tree.span(span)
        if lost[0] > 1:
            with pytest.raises(TileMissingError, match="is missing or too short"):
                TileBuilder(96, kept.read)
    with pytest.raises(ValueError, match="do not fill whole tiles"):
        TileBuilder(98, kept.read)


@pytest.mark.parametrize(("level", "index"), [(0, 7), (0, 24), (1, 2), (2, 0), (3, 0)])
def test_a_leaf_is_told_by_tiles_that_lead_to_the_root(level: int, index: int) -> None:
    kept = Kept()
    kept.grow(0, 99)
    tree = TileTree(kept.read)
    assert b"".join(tree.told(tile, 99) for tile in range(25)) == b"".join(LEAVES[:99])
    root = root_of(LEAVES[:99])
    hashes = bytearray(kept.tiles[level, index])
    hashes[5] ^= 1
    kept.tiles[level, index] = bytes(hashes)
    below = range(index * 4**level, min(25, (index + 1) * 4**level))
    wrong = TileTree(kept.read)
    if (level, index) in ((0, 24), (3, 0)):
        # They are part of the root itself, which then is another.
        assert wrong.root(99) != root
        return
    assert wrong.root(99) == root
    for tile in below:
        with pytest.raises(TileMissingError, match="does not lead to the root"):
            wrong.told(tile, 99)
