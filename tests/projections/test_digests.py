"""What a digest of a projection stands for is fixed for its version: certificates are kept.

A digest here that comes out otherwise is a new version of its projection, and its new row here.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from projections.control_totals import ControlTotals
from projections.digests import (
    BalancesDigest,
    BoardDigest,
    BundlesDigest,
    CsvDigest,
    Digest,
    SummaryDigest,
)
from projections.entries import LogEntry, LoggedEntry, TransitionEntry

T0, T1 = "2024-05-12T14:00:00Z", "2024-05-12T14:00:01.500000Z"


def record(event_type: str, venue: str, token: str | None, amount: Any, **rest: Any) -> Any:
    fields = {"recorded_at": T0, "timestamp": T0, "event_type": event_type, "venue": venue}
    return fields | {"token": token, "amount": amount} | rest


EVENTS: list[tuple[int, Any]] = [
    (1, record("GAS_FEE_PAID", "ETHEREUM", "ETH", Decimal("0.00210"), tx_hash="0xa")),
    (2, record("ATOMIC_TRANSACTION", "INSTADAPP", "COMPOSITE", 1, detail_orders=[3, 4])),
    (3, record("SEASONAL_REWARD_DISTRIBUTION", "ETHERFI", "KING", 2.5, parent_event=2)),
    (4, record("GAS_FEE_PAID", "ETHEREUM", "ETH", Decimal("0.001"), parent_event=2)),
    (5, record("PRICE_UPDATE", "BINANCE", "ETH", 10**30, extra={"note": 'a "b"', "x": None})),
    (6, record("RISK_ALERT", "RISK_MONITOR", None, None, parent_event=2)),
]

ENTRIES: list[LogEntry] = [
    *[LoggedEntry(order, order, 1000 * order, one) for order, one in EVENTS],
    TransitionEntry(7, 1, 1, 8000, T1, "pending", T0, "submitted", "0xb"),
    TransitionEntry(8, 2, 2, 9000, T1, "pending", T0, "submitted", None),
    TransitionEntry(9, 3, 1, 9500, T1, "submitted", T1, "confirmed", "0xb"),
]

GOLDEN: dict[type[Digest], tuple[int, str]] = {
    CsvDigest: (1, "4017f628688ae30fdc95f7ef36ccbb9bef4b48a5a76cfb777a6c28a7a3ae093e"),
    BundlesDigest: (1, "3cb6f9aba0d617f022adb32139199703a9530257f907b444f993de458f8538ff"),
    BoardDigest: (1, "1ccb11ee33400bb95ede93da9a02ac1e0977322f816eb6c67a89f4f9e3f98091"),
    SummaryDigest: (1, "617d57441ece22d1e67ec08908244057887942e6271e938ea40de45ac5b080d4"),
    BalancesDigest: (2, "f9c2df96342c2c789430ff265a4f5374576ed001fb8da1d8a49fa2bc95b1dd40"),
}
LIVE_BOARD = "32820af825d34a885eb400cdb1bade53c4bcae1b44e86867d70f8bddcde78319"


def folded(kind: type[Digest]) -> Digest:
    made = CsvDigest(stored=False) if kind is CsvDigest else kind()
    for order, one in EVENTS:
        made.fold(order, one)
    return made


def members(order: int) -> list[tuple[int, Any]]:
    return [one for one in EVENTS if one[0] == order or one[1].get("parent_event") == order]


@pytest.mark.parametrize("kind", GOLDEN, ids=lambda kind: kind.NAME)
def test_a_digest_stands_for_the_same_for_ever(kind: type[Digest]) -> None:
    made = folded(kind)
    assert (made.VERSION, made.hexdigest()) == GOLDEN[kind]


def test_the_digest_of_a_live_board() -> None:
    whole, paged = BoardDigest(), BoardDigest()
    whole.follow(ENTRIES, members)
    for entry in ENTRIES:
        paged.follow([entry], members)
    assert whole.hexdigest() == paged.hexdigest() == LIVE_BOARD


def test_control_totals() -> None:
    totals = ControlTotals()
    for order, one in EVENTS:
        totals.fold(order, one)
    assert [tuple(row.values()) for row in totals.rows()] == [
        ("ATOMIC_TRANSACTION", "COMPOSITE", 1, 1, "1"),
        ("GAS_FEE_PAID", "ETH", 2, 2, "0.00310"),
        ("PRICE_UPDATE", "ETH", 1, 1, "1" + 30 * "0"),
        ("RISK_ALERT", None, 1, 0, None),
        ("SEASONAL_REWARD_DISTRIBUTION", "KING", 1, 1, "2.5"),
    ]
