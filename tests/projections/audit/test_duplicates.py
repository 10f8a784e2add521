"""Duplicates: one thing is in the log once, and what only looks alike is no fault."""

from __future__ import annotations

import pytest

from tests.audit.planting import BACKTEST, LIVE, Event
from tests.projections.audit.tables import Found, bundle, found, logged, stake, updates

SENT = {"sender": "0xAb", "chain_id": 1}
MINED = ({"status": "submitted"}, "confirmed")


def mined(hours: float, nonce: int, tx_hash: str, **data: object) -> Event:
    told = SENT | {"nonce": nonce, "tx_hash": tx_hash} | data
    return stake(hours, **told, **updates(hours, *MINED))


def gas(hours: float, tx_hash: str, left: int | None = None) -> Event:
    snapshot = {} if left is None else {"position_snapshot": {"wallet": {"ETH": left}}}
    return logged(hours, "GAS_FEE_PAID", "ETHEREUM", "ETH", 1, tx_hash=tx_hash) | snapshot


def withdrawn(hours: float, token: str, **data: object) -> Event:
    sides = {"from_venue": "binance", "to_venue": "WALLET"}
    told = {"tx_hash": "0xba7c", "status": "confirmed"} | sides | data
    return logged(hours, "VENUE_TRANSFER", "binance→WALLET", token, 5, **told)


def entry(hours: float, *details: Event, **data: object) -> Event:
    return bundle(hours, *details, **data)


ERROR: Found = [("error", (1, 2))]
LIVE_TABLE: list[tuple[str, list[Event], Found]] = [
    ("two transactions", [mined(1, 1, "0x1"), mined(2, 2, "0x2")], []),
    ("one nonce is confirmed twice", [mined(1, 1, "0x1"), mined(2, 1, "0x2")], ERROR),
    ("on two chains it is another", [mined(1, 1, "0x1"), mined(2, 1, "0x2", chain_id=10)], []),
    ("of two senders, too", [mined(1, 1, "0x1"), mined(2, 1, "0x2", sender="0xCd")], []),
    (
        "of one that is written otherwise",
        [mined(1, 1, "0x1"), mined(2, 1, "0x2", sender="0xAB")],
        ERROR,
    ),
    (
        "a nonce that was cancelled and used again",
        [
            stake(1, nonce=1, tx_hash="0x1", **SENT, **updates(1, "submitted", "replaced")),
            mined(2, 1, "0x2"),
        ],
        [],
    ),
    ("one transaction is two events", [mined(1, 1, "0x1"), mined(2, 2, "0x1")], ERROR),
    ("its nonce and its hash are one fault", [mined(1, 1, "0x1"), mined(2, 1, "0x1")], ERROR),
    ("gas is told of a transaction", [mined(1, 1, "0x1"), gas(2, "0x1")], []),
    ("gas is told twice", [gas(1, "0x1"), gas(1, "0x1")], ERROR),
    ("a venue's batch of withdrawals", [withdrawn(1, "USDT"), withdrawn(1, "ETH")], []),
    (
        "with the venue's own nonce",
        [withdrawn(1, "USDT", nonce=7, sender="0xB1"), withdrawn(1, "ETH", nonce=7, sender="0xB1")],
        [],
    ),
    ("the same withdrawal twice", [withdrawn(1, "USDT"), withdrawn(1, "USDT")], ERROR),
    (
        "what failed shares its hash with nothing",
        [
            stake(1, tx_hash="0x1", **updates(1, "submitted", "failed")),
            stake(2, tx_hash="0x1", **updates(2, "submitted", "failed")),
        ],
        [],
    ),
    ("the same at another time", [stake(1), stake(2)], []),
    ("the same at the same time", [stake(1), stake(1)], ERROR),
    ("each with its event_id", [stake(1, event_id="a"), stake(1, event_id="b")], []),
    ("the same twice in a bundle", [entry(1, stake(1), stake(1))], []),
    ("the same bundle twice", [entry(1, stake(1)), entry(1, stake(1))], [("error", (1, 3))]),
    ("a bundle of which one detail differs", [entry(1, stake(1)), entry(1, gas(1, "0x2"))], []),
    (
        "a bundle and its details are one transaction",
        [
            entry(1, stake(1), stake(1), nonce=3, tx_hash="0x3", **SENT, **updates(1, *MINED)),
        ],
        [],
    ),
    (
        "what moves nothing and is said twice",
        [logged(1, "PRICE_UPDATE", "OKX", "ETH", 5), logged(1, "PRICE_UPDATE", "OKX", "ETH", 5)],
        [("warning", (1, 2))],
    ),
    ("a third time", [stake(1), stake(1), stake(1)], [*ERROR, ("error", (1, 3))]),
    (
        "alike at a glance, and equal to the second",
        [stake(1, note="a"), stake(1, note="b"), stake(1, note="b")],
        [("error", (2, 3))],
    ),
]


@pytest.mark.parametrize(
    ("case", "events", "expected"), LIVE_TABLE, ids=[row[0] for row in LIVE_TABLE]
)
def test_one_thing_is_there_once(case: str, events: list[Event], expected: Found) -> None:
    assert found("duplicates", events, LIVE) == expected


BACKTEST_TABLE: list[tuple[str, list[Event], Found]] = [
    ("twice in an hour, as the balances show", [gas(1, "0x1", 9), gas(1, "0x1", 8)], []),
    ("once, as they show", [gas(1, "0x1", 9), gas(1, "0x1", 9)], ERROR),
    ("without balances it cannot be told", [gas(1, "0x1"), gas(1, "0x1")], [("warning", (1, 2))]),
]


@pytest.mark.parametrize(
    ("case", "events", "expected"), BACKTEST_TABLE, ids=[row[0] for row in BACKTEST_TABLE]
)
def test_what_happens_twice_in_an_hour_is_told_by_its_balances(
    case: str, events: list[Event], expected: Found
) -> None:
    assert found("duplicates", events, BACKTEST) == expected
