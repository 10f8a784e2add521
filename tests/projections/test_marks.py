"""Marks tell where two logs part, however long they are."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections import marks as module
from projections.marks import Marks


def leaves(count: int, changed: int | None = None) -> list[bytes]:
    return [sha256(b"%d %d" % (n, n == changed)).digest() for n in range(count)]


def marks_of(hashes: list[bytes]) -> Marks:
    made = Marks()
    for one in hashes:
        made.append(one)
    return made


@given(count=st.integers(0, 70), cut=st.integers(0, 70))
def test_marks_that_were_kept_go_on_as_if_they_had_not_been(count: int, cut: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST_MARKS", 8)
        hashes = leaves(count)
        read = Marks.parse(bytes(marks_of(hashes[:cut])))
        for one in hashes[cut:]:
            read.append(one)
        assert bytes(read) == bytes(marks_of(hashes))
        at_once = marks_of(hashes[:cut])
        at_once.extend(hashes[cut:])
        assert bytes(at_once) == bytes(read)


@given(count=st.integers(1, 70), data=st.data())
def test_the_first_mark_that_differs_is_that_of_the_first_leaf_that_does(
    count: int, data: st.DataObject
) -> None:
    changed = data.draw(st.integers(0, count - 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST_MARKS", 8)
        one, other = marks_of(leaves(count)), marks_of(leaves(count, changed))
    assert one.every == other.every
    assert count // one.every <= 8
    for size in range(count + 1):
        is_marked = size > 0 and size % one.every == 0
        assert (one.at(size) is not None) == is_marked
        assert (one.at(size) == other.at(size)) == (not is_marked or size <= changed)
    assert one.last() != other.last()


@pytest.mark.parametrize(
    "data",
    [b"", b"\n", b"x 1 1\n" + bytes(36), b"event-logger/marks/v1 1\n" + bytes(36)]
    + [b"event-logger/marks/v1 %s\n" % one + bytes(36) for one in (b"2 1", b"1 0", b"x 1", b"1 2")]
    + [b"event-logger/marks/v1 0 1\n" + bytes(31)],
)
def test_what_are_no_marks(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"are no|are not|invalid literal"):
        Marks.parse(data)
