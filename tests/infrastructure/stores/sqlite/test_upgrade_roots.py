"""An upgrade changes no proof: the same leaves in the same order, and so the same roots."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.infrastructure.stores.sqlite.upgraded import (
    LOGS,
    Leaf,
    format_of,
    former_leaves,
    golden_rows,
    present_leaves,
    rows_of,
    upgraded_store,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return upgraded_store(tmp_path)


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root of RFC 6962, 2.1."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    left, right = merkle_root(leaves[:split]), merkle_root(leaves[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves: Sequence[Leaf]) -> str:
    framed = [
        f"{kind} {number} {topic} {len(state)}\n".encode() + state
        for kind, number, topic, state in leaves
    ]
    return merkle_root(framed).hex()


def test_no_stored_topic_or_state_is_touched_and_no_row_moves(path: Path) -> None:
    assert format_of(path) == 2
    assert rows_of(path) == golden_rows()


@pytest.mark.parametrize("name", LOGS)
def test_a_function_of_topics_states_and_order_gives_the_same_root(path: Path, name: str) -> None:
    before, after = former_leaves(LOGS[name]), present_leaves(path, LOGS[name])
    assert after == before
    assert root_of(after) == root_of(before)


def test_the_root_is_that_of_rfc_6962() -> None:
    leaves = [bytes.fromhex(leaf) for leaf in ("", "00", "10", "2021", "3031", "40414243")]
    assert [merkle_root(leaves[:size]).hex()[:16] for size in (0, 1, 2, 3, 4, 5, 6)] == [
        "e3b0c44298fc1c14",
        "6e340b9cffb37a98",
        "fac54203e7cc696c",
        "aeb6bcfe274b70a1",
        "d37ee418976dd957",
        "4e3bbb1f7b478dcf",
        "76e67dadbcdf1e10",
    ]
