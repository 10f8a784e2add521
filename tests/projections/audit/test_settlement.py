"""Settlement: what waits for too long, and what is done without a name."""

from __future__ import annotations

from datetime import timedelta

import pytest

from projections.audit.rule import AuditOptions
from tests.audit.planting import BACKTEST, LIVE, Event
from tests.projections.audit.tables import Found, bundle, found, logged, stake, trade, updates

LAST = logged(9, "PRICE_UPDATE", "OKX", "ETH", 1)
SENT = {"status": "submitted", "tx_hash": "0x1"}
WAITS: Found = [("warning", (1,))]

TABLE: list[tuple[str, list[Event], Found]] = [
    ("it waits", [stake(1), LAST], WAITS),
    ("it was submitted, and waits", [stake(1, **updates(1, SENT)), LAST], WAITS),
    ("it was submitted just now", [stake(1, **updates(8.5, SENT)), LAST], []),
    (
        "it was sped up, which is no new beginning",
        [
            stake(
                1,
                **updates(1, SENT)
                | {
                    "updates": [
                        *updates(1, SENT)["updates"],
                        *updates(8.9, SENT | {"tx_hash": "0x2"})["updates"],
                    ]
                },
            ),
            LAST,
        ],
        WAITS,
    ),
    (
        "it was reorganised away",
        [stake(1, **updates(1, SENT, "confirmed", "reorged")), LAST],
        WAITS,
    ),
    ("it is confirmed", [stake(1, **updates(1, SENT, "confirmed")), LAST], []),
    ("it failed", [stake(1, **updates(1, "failed")), LAST], []),
    ("it only tells something", [logged(1, "FUNDING_PAYMENT", "OKX", "USDT", 1), LAST], []),
    (
        "an order is filled in part",
        [
            trade(
                1,
                "SHORT",
                2,
                exchange_order_id="a",
                **updates(1, {"status": "partially_filled", "filled_amount": 1}),
            ),
            LAST,
        ],
        WAITS,
    ),
    ("a bundle waits once", [bundle(1, stake(1), stake(1)), LAST], WAITS),
    ("it is confirmed and has no hash", [stake(1, status="confirmed"), LAST], WAITS),
    ("it has an id of the caller's", [stake(1, status="confirmed", event_id="a"), LAST], []),
    ("an order is filled and has no id", [trade(1, "SHORT", 2, status="filled"), LAST], WAITS),
    ("nothing came after it", [stake(1)], []),
]


@pytest.mark.parametrize(("case", "events", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_what_waits_and_what_has_no_name_is_warned_of(
    case: str, events: list[Event], expected: Found
) -> None:
    assert found("settlement", events, LIVE) == expected


def test_the_limit_is_asked_for() -> None:
    options = AuditOptions(unsettled_after=timedelta(hours=12))
    assert found("settlement", [stake(1), LAST], LIVE, options) == []


def test_nothing_waits_in_a_backtest() -> None:
    assert found("settlement", [stake(1), LAST], BACKTEST) == []
