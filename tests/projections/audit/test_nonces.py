"""Nonces: by sender and chain, a hole is a warning."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audit.planting import LIVE, Event
from tests.projections.audit.tables import Found, bundle, found, logged, stake, updates


def sent(nonce: int, sender: str = "0xAb", chain: int | None = 1, **data: object) -> Event:
    return stake(nonce, nonce=nonce, sender=sender, chain_id=chain, **data)


TABLE: list[tuple[str, list[Event], Found]] = [
    ("one after the other", [sent(3), sent(4), sent(5)], []),
    ("in any order", [sent(5), sent(3), sent(4)], []),
    ("one is missing", [sent(3), sent(5)], [("warning", (1, 2))]),
    ("several are missing", [sent(3), sent(9), sent(10)], [("warning", (1, 2))]),
    ("two holes", [sent(1), sent(3), sent(5)], [("warning", (1, 2)), ("warning", (2, 3))]),
    ("a hole that is filled later", [sent(3), sent(6), sent(5), sent(4)], []),
    (
        "one that is filled in part",
        [sent(3), sent(7), sent(5)],
        [("warning", (1, 3)), ("warning", (3, 2))],
    ),
    ("what comes before the first", [sent(9), sent(6)], [("warning", (2, 1))]),
    ("each chain has its own", [sent(3), sent(8, chain=10), sent(4)], []),
    ("each sender has its own", [sent(3), sent(8, "0xCd"), sent(4, "0xaB")], []),
    (
        "a cancelled one is there",
        [
            sent(3),
            sent(4, **updates(4, {"status": "submitted", "tx_hash": "0x1"}, "replaced")),
            sent(5),
        ],
        [],
    ),
    (
        "one that is known later",
        [
            sent(3),
            stake(
                4,
                sender="0xAb",
                chain_id=1,
                **updates(4, {"status": "submitted", "tx_hash": "0x1", "nonce": 4}),
            ),
            sent(5),
        ],
        [],
    ),
    (
        "gas alone tells of one",
        [
            sent(3),
            logged(4, "GAS_FEE_PAID", "ETHEREUM", "ETH", 1, nonce=4, sender="0xAb", chain_id=1),
            sent(5),
        ],
        [],
    ),
    (
        "a bundle is one transaction",
        [sent(3), bundle(4, stake(4), nonce=4, sender="0xAb", chain_id=1), sent(5)],
        [],
    ),
    (
        "what a venue sends is its own",
        [
            sent(3),
            logged(
                4,
                "VENUE_TRANSFER",
                "binance→WALLET",
                "ETH",
                1,
                nonce=900,
                sender="0xAb",
                chain_id=1,
            ),
            sent(4),
        ],
        [],
    ),
]


@pytest.mark.parametrize(("case", "events", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_a_hole_among_the_nonces_is_warned_of(
    case: str, events: list[Event], expected: Found
) -> None:
    assert found("nonces", events, LIVE) == expected


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(40)), st.sets(st.integers(1, 38)))
def test_whatever_the_order_the_holes_are_those_that_are_left(
    order: list[int], lost: set[int]
) -> None:
    events = [sent(nonce) for nonce in order if nonce not in lost]
    runs = sum(nonce - 1 not in lost for nonce in lost)
    assert len(found("nonces", events, LIVE)) == runs
