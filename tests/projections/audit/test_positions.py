"""Positions: the size after the trades is the size before, and what they traded."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.audit.planting import BACKTEST, LIVE, Event
from tests.projections.audit.tables import Found, found, logged, trade, updates


def shown(size: Any, venue: str = "binance") -> dict[str, Any]:
    positions = {} if size is None else {venue: {"ETHUSDT-PERP": {"size": size}}}
    return {"position_snapshot": {"perp_positions": positions}}


def seen(hours: float, size: Any) -> Event:
    return logged(hours, "PNL_SNAPSHOT", "STRATEGY", "USDT", 1, **shown(size))


SHORT, LONG = "SHORT", "LONG"
TENTH = Decimal("0.1")

TABLE: list[tuple[str, list[Event], Found]] = [
    ("opened", [seen(0, None), trade(1, SHORT, 2, **shown(-2))], []),
    ("opened otherwise", [seen(0, None), trade(1, SHORT, 2, **shown(-3))], [("error", (2,))]),
    ("what was there before the log is unknown", [trade(1, SHORT, 2, **shown(-9))], []),
    ("grown", [trade(1, SHORT, 2, **shown(-2)), trade(2, SHORT, 1, **shown(-3))], []),
    ("closed", [trade(1, SHORT, 2, **shown(-2)), trade(2, LONG, 2, **shown(0))], []),
    (
        "closed, and named no more",
        [trade(1, SHORT, 2, **shown(-2)), trade(2, LONG, 2, **shown(None))],
        [],
    ),
    (
        "closed, and still there",
        [trade(1, SHORT, 2, **shown(-2)), trade(2, LONG, 2, **shown(-1))],
        [("error", (2,))],
    ),
    ("turned", [trade(1, SHORT, 2, **shown(-2)), trade(2, LONG, 5, **shown(3))], []),
    (
        "off in the last digit",
        [
            trade(1, SHORT, TENTH, **shown(-TENTH)),
            trade(2, SHORT, TENTH, **shown(Decimal("-0.2000000000000000001"))),
        ],
        [("error", (2,))],
    ),
    (
        "a difference goes on from what was seen",
        [
            trade(1, SHORT, 2, **shown(-2)),
            trade(2, SHORT, 1, **shown(-4)),
            trade(3, SHORT, 1, **shown(-5)),
        ],
        [("error", (2,))],
    ),
    (
        "one snapshot alone was wrong",
        [
            trade(1, SHORT, 2, **shown(-2)),
            trade(2, SHORT, 1, **shown(-4)),
            trade(3, SHORT, 1, **shown(-4)),
        ],
        [("error", (2,))],
    ),
    (
        "floats that were added",
        [trade(1, SHORT, 0.1, **shown(-0.1)), trade(2, SHORT, 0.2, **shown(-0.30000000000000004))],
        [],
    ),
    (
        "floats that are further off",
        [trade(1, SHORT, 0.1, **shown(-0.1)), trade(2, SHORT, 0.2, **shown(-0.3001))],
        [("error", (2,))],
    ),
    (
        "a trade that is not logged",
        [trade(1, SHORT, 2, **shown(-2)), seen(2, -3), trade(3, SHORT, 1, **shown(-4))],
        [("error", (3,))],
    ),
    (
        "the first trade is not logged",
        [seen(0, None), seen(1, -2), trade(2, SHORT, 1, **shown(-3))],
        [("error", (3,))],
    ),
    (
        "another venue has its own",
        [
            trade(1, SHORT, 2, **shown(-2)),
            trade(2, LONG, 7, "OKX", **shown(7, "okx")),
            trade(3, SHORT, 1, **shown(-3)),
        ],
        [],
    ),
    (
        "seen somewhat later",
        [trade(1, SHORT, 2, **shown(-2)), trade(2, SHORT, 1), trade(3, SHORT, 1), seen(4, -4)],
        [],
    ),
    (
        "seen somewhat later, and wrong",
        [trade(1, SHORT, 2, **shown(-2)), trade(2, SHORT, 1), trade(3, SHORT, 1), seen(4, -5)],
        [("error", (2, 3, 4))],
    ),
    ("never seen", [trade(1, SHORT, 2), trade(2, SHORT, 1)], []),
]


@pytest.mark.parametrize(("case", "events", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_trades_explain_the_size(case: str, events: list[Event], expected: Found) -> None:
    assert found("positions", events, BACKTEST) == expected


def filled(hours: float, amount: Any, at: float, **last: Any) -> Event:
    """An order that is filled at another time."""
    fill = {"status": "filled", "filled_amount": amount} | last
    return trade(hours, SHORT, 2, exchange_order_id=f"{hours}") | updates(at, "submitted", fill)


LIVE_TABLE: list[tuple[str, list[Event], Found]] = [
    ("seen once it is filled", [seen(0, None), filled(1, 2, 1), seen(2, -2)], []),
    ("and wrong", [seen(0, None), filled(1, 2, 1), seen(2, -3)], [("error", (2, 3))]),
    ("seen before it is filled", [seen(0, None), filled(1, 2, 3), seen(2, None), seen(4, -2)], []),
    ("seen with the fill itself", [seen(0, None), filled(1, 2, 1, **shown(-2))], []),
    ("and wrong with it", [seen(0, None), filled(1, 2, 1, **shown(-3))], [("error", (2,))]),
    (
        "it was cancelled after a part",
        [
            seen(0, None),
            trade(
                1,
                SHORT,
                2,
                exchange_order_id="a",
                **updates(1, {"status": "partially_filled", "filled_amount": 1}, "cancelled"),
            ),
            seen(2, -1),
        ],
        [],
    ),
    (
        "it failed",
        [
            seen(0, None),
            trade(1, SHORT, 2, exchange_order_id="a", **updates(1, "failed")),
            seen(2, None),
        ],
        [],
    ),
    (
        "it is not filled yet",
        [seen(0, None), trade(1, SHORT, 2, exchange_order_id="a"), seen(2, None)],
        [],
    ),
]


@pytest.mark.parametrize(
    ("case", "events", "expected"), LIVE_TABLE, ids=[row[0] for row in LIVE_TABLE]
)
def test_live_they_do_once_they_are_filled(case: str, events: list[Event], expected: Found) -> None:
    assert found("positions", events, LIVE) == expected
