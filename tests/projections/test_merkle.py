"""The tree against RFC 6962's own definitions, written out, and what a proof must not show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.merkle import (
    EMPTY_ROOT,
    Tree,
    consistency_spans,
    inclusion_spans,
    is_consistent,
    is_included,
    leaf_hash,
    root_of,
    roots_of,
)

DATA = [bytes.fromhex(d) for d in ("", "00", "10", "2021", "3031", "40414243", "5051", "60")]
LEAVES = [leaf_hash(data) for data in DATA]

# The roots of the first leaves that RFC 6962's implementations are commonly tried with.
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
]


def mth(leaves: Sequence[bytes]) -> bytes:
    """The Merkle tree hash of RFC 6962, 2.1, of the leaves' hashes."""
    if len(leaves) == 1:
        return leaves[0]
    k = largest_power_below(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def largest_power_below(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962, 2.1.1."""
    if len(leaves) == 1:
        return []
    k = largest_power_below(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: Sequence[bytes], is_whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962, 2.1.2."""
    if m == len(leaves):
        return [] if is_whole else [mth(leaves)]
    k = largest_power_below(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], is_whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def many(count: int) -> list[bytes]:
    return [leaf_hash(b"%d" % n) for n in range(count)]


def included(leaves: Sequence[bytes], index: int) -> list[bytes]:
    return roots_of(inclusion_spans(index, len(leaves)), leaves)


def grown(leaves: Sequence[bytes], old: int) -> list[bytes]:
    return roots_of(consistency_spans(old, len(leaves)), leaves)


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_known_roots(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size]


def test_a_tree_tells_its_root_at_every_size() -> None:
    tree, leaves = Tree(), many(70)
    assert (tree.size, tree.root()) == (0, EMPTY_ROOT)
    for size, leaf in enumerate(leaves, 1):
        tree.append(leaf)
        assert (tree.size, tree.root()) == (size, mth(leaves[:size]))


def test_what_a_tree_keeps_grows_with_the_logarithm() -> None:
    tree = Tree()
    for leaf in many(1023):
        tree.append(leaf)
    assert len(tree._peaks) == 10


@pytest.mark.parametrize("size", [*range(1, 20), 31, 32, 33])
def test_proofs_are_those_of_the_rfc_and_hold(size: int) -> None:
    leaves = many(size)
    root = mth(leaves)
    for index in range(size):
        proof = included(leaves, index)
        assert proof == path(index, leaves)
        assert is_included(leaves[index], index, size, proof, root)
    for old in range(1, size + 1):
        proof = grown(leaves, old)
        assert proof == subproof(old, leaves, True)
        assert is_consistent(old, mth(leaves[:old]), size, root, proof)
    assert grown(leaves, 0) == []
    assert is_consistent(0, EMPTY_ROOT, size, root, [])


def flipped(hash_: bytes, bit: int) -> bytes:
    at = bit % 256
    return bytes(byte ^ (1 << at % 8 if at // 8 == i else 0) for i, byte in enumerate(hash_))


@given(size=st.integers(2, 40), data=st.data())
def test_no_proof_shows_anything_else(size: int, data: st.DataObject) -> None:
    leaves = many(size)
    root, bit = mth(leaves), data.draw(st.integers(0, 255))
    index = data.draw(st.integers(0, size - 1))
    proof = included(leaves, index)
    other = data.draw(st.integers(-1, 2 * size).filter(lambda n: n != index))
    place = data.draw(st.integers(0, len(proof) - 1))
    wrong = [*proof[:place], flipped(proof[place], bit), *proof[place + 1 :]]
    assert not is_included(leaves[index], other, size, proof, root)
    assert not is_included(flipped(leaves[index], bit), index, size, proof, root)
    assert not is_included(leaves[index], index, size, proof, flipped(root, bit))
    assert not is_included(leaves[index], index, size, wrong, root)
    assert not is_included(leaves[index], index, size, proof[:-1], root)
    assert not is_included(leaves[index], index, size, [*proof, root], root)


@given(size=st.integers(2, 40), data=st.data())
def test_no_proof_shows_another_growth(size: int, data: st.DataObject) -> None:
    leaves = many(size)
    root, bit = mth(leaves), data.draw(st.integers(0, 255))
    old = data.draw(st.integers(1, size - 1))
    old_root, proof = mth(leaves[:old]), grown(leaves, old)
    other = data.draw(st.integers(-1, 2 * size).filter(lambda n: n != old))
    place = data.draw(st.integers(0, len(proof) - 1))
    wrong = [*proof[:place], flipped(proof[place], bit), *proof[place + 1 :]]
    assert not is_consistent(other, old_root, size, root, proof)
    assert not is_consistent(old, flipped(old_root, bit), size, root, proof)
    assert not is_consistent(old, old_root, size, flipped(root, bit), proof)
    assert not is_consistent(old, old_root, size, root, wrong)
    assert not is_consistent(old, old_root, size, root, proof[:-1])
    assert not is_consistent(old, old_root, size, root, [*proof, root])


ROOT, OTHER = mth(LEAVES), mth(LEAVES[:7])
NEVER: list[tuple[str, Callable[[], bool]]] = [
    ("an empty root", lambda: is_included(LEAVES[0], 0, 1, [], b"")),
    ("an empty leaf", lambda: is_included(b"", 0, 1, [], b"")),
    ("a hash too short", lambda: is_included(LEAVES[0][:31], 0, 1, [], LEAVES[0][:31])),
    ("a tree of nothing", lambda: is_included(LEAVES[0], 0, 0, [], EMPTY_ROOT)),
    ("a leaf before the first", lambda: is_included(LEAVES[0], -1, 1, [], LEAVES[0])),
    ("empty roots", lambda: is_consistent(1, b"", 1, b"", [])),
    ("equal sizes, other roots", lambda: is_consistent(8, OTHER, 8, ROOT, [])),
    ("equal sizes and a proof", lambda: is_consistent(8, ROOT, 8, ROOT, [ROOT])),
    ("nothing with a root", lambda: is_consistent(0, ROOT, 8, ROOT, [])),
    ("nothing and a proof", lambda: is_consistent(0, EMPTY_ROOT, 8, ROOT, [ROOT])),
    ("a tree that shrank", lambda: is_consistent(8, ROOT, 7, OTHER, [])),
    ("less than nothing", lambda: is_consistent(-1, ROOT, 8, ROOT, [])),
    ("no proof", lambda: is_consistent(7, OTHER, 8, ROOT, [])),
    ("no proof of half", lambda: is_consistent(4, mth(LEAVES[:4]), 8, ROOT, [])),
]


@pytest.mark.parametrize(("what", "shown"), NEVER, ids=[what for what, _ in NEVER])
def test_what_is_never_shown(what: str, shown: Callable[[], bool]) -> None:
    assert shown() is False


def test_spans_of_what_is_not_there_are_refused() -> None:
    for index, size in ((0, 0), (8, 8), (-1, 8)):
        with pytest.raises(ValueError, match=f"of {size} leaves has no leaf {index}"):
            inclusion_spans(index, size)
    for old, size in ((9, 8), (-1, 8)):
        with pytest.raises(ValueError, match=f"of {size} leaves did not grow out of one of {old}"):
            consistency_spans(old, size)
    with pytest.raises(ValueError, match="no leaves up to 8"):
        roots_of([(4, 8)], LEAVES[:7])
