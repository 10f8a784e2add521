"""Funding: each interval of an open position is paid once, whatever the interval is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.audit.funding_intervals import LEGAL
from tests.audit.planting import LIVE, Event
from tests.projections.audit.tables import Found, at, found, logged, trade, updates


def paid(hours: float, venue: str = "BINANCE", **data: Any) -> Event:
    return logged(hours, "FUNDING_PAYMENT", venue, "USDT", 1, **data)


def held(
    hours: Iterable[float], venue: str = "BINANCE", end: float = 100, **data: Any
) -> list[Event]:
    """A position that is open from half past one, is paid at these hours, and is closed."""
    payments = [paid(hour, venue, **data) for hour in hours]
    opened = trade(1.5, "SHORT", 2, venue, **data)
    return [opened, *payments, trade(end, "LONG", 2, venue, **data)]


OTHER = {"instrument": "SOLUSDT-PERP"}
EVERY_8, EVERY_4 = range(8, 73, 8), range(4, 73, 4)

TABLE: list[tuple[str, list[Event], Found]] = [
    ("every interval is paid", held(EVERY_8, end=73), []),
    ("a payment at the hour of the close may be there", held(EVERY_8, end=72), []),
    ("or not", held(range(8, 65, 8), end=72), []),
    ("one is missing", held([8, 24, 32], end=33), [("error", (2, 3))]),
    ("the first", held([16, 24, 32], end=33), [("error", (1, 2))]),
    ("the last", held([8, 16, 24], end=33), [("error", (4, 5))]),
    ("several in a row are one fault", held([8, 40, 48], end=49), [("error", (2, 3))]),
    ("none of it", held([], end=33) + held([8], "BYBIT", 9), [("error", (1, 2))]),
    ("who logs no funding at all is warned", held([], end=33), [("warning", (1, 2))]),
    ("one is there twice", held([8, 16, 16, 24], end=25), [("error", (3, 4))]),
    ("the last one is there twice", [*held([8, 16, 16], end=25)[:4]], [("error", (3, 4))]),
    ("an hour late", held([8, 17, 24], end=25), [("error", (3,))]),
    ("an hour early", held([8, 15, 24], end=25), [("error", (3,))]),
    ("twenty minutes late", held([8, 16 + 1 / 3, 24], end=25), [("error", (3,))]),
    ("ten minutes late", held([8, 16 + 1 / 6, 24], end=25), []),
    ("a whole interval late", held([8, 24, 24, 32], end=33), [("error", (3,))]),
    ("besides those that were due", held([8, 13, 16, 24], end=25), [("error", (3,))]),
    ("after the close", [*held([8, 16], end=17), paid(40)], [("error", (5,))]),
    ("of another position", held(EVERY_8, end=73) + held([], "BYBIT", 3), []),
    (
        "every hour where the venue pays so",
        held(range(2, 31), "HYPERLIQUID", 31, instrument="ETH"),
        [],
    ),
    (
        "every hour, and one is missing",
        held([*range(2, 9), *range(10, 31)], "HYPERLIQUID", 31, instrument="ETH"),
        [("error", (8, 9))],
    ),
    ("an interval that only the payments tell", held(EVERY_4, "BYBIT", 73, **OTHER), []),
    (
        "and one of them is missing",
        held([4, 8, 12, 20, 24, 28], "BYBIT", 29, **OTHER),
        [("error", (4, 5))],
    ),
    (
        "too few to tell an interval from",
        held([4, 12], "BYBIT", 29, **OTHER),
        [],
    ),
    (
        "an interval that becomes shorter is said",
        held([8, 16, 24, 28, 32, 36, 40, 44], "BYBIT", 45, **OTHER),
        [("note", (5,))],
    ),
    (
        "an interval that becomes longer is said",
        held([4, 8, 12, 16, 24, 32, 40], "BYBIT", 41, **OTHER),
        [("note", (6,))],
    ),
    (
        "where another is known, it is a warning",
        held([8, 16, 24, 28, 32, 36, 40, 44], end=45),
        [("warning", (5,))],
    ),
    (
        "one is missing after an interval has changed",
        held([8, 16, 24, 28, 32, 36, 44, 48, 52], "BYBIT", 53, **OTHER),
        [("note", (5,)), ("error", (7, 8))],
    ),
    (
        "a position that is closed and opened again",
        [*held([8, 16], end=17), trade(30, "LONG", 1), paid(32), paid(40), trade(41, "SHORT", 1)],
        [],
    ),
    (
        "a position that only grows stays the same",
        [
            trade(1, "SHORT", 1),
            paid(8),
            trade(9, "SHORT", 1),
            paid(16),
            paid(32),
            trade(33, "LONG", 2),
        ],
        [("error", (4, 5))],
    ),
    (
        "what one position lacks another was paid",
        held([8, 24], end=25) + held([8, 16, 16, 24], "OKX", 25),
        [("error", (7, 8))],
    ),
    (
        "who logs no trades pays all the same, for as long as he does",
        [*(paid(hour) for hour in EVERY_8), logged(99, "PRICE_UPDATE", "OKX", "ETH", 1)],
        [],
    ),
    (
        "and is warned of a hole",
        [paid(hour) for hour in (8, 16, 32, 40)],
        [("warning", (2, 3))],
    ),
]


@pytest.mark.parametrize(("case", "events", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_funding_is_paid_once_an_interval(case: str, events: list[Event], expected: Found) -> None:
    assert found("funding", events) == expected


def test_a_live_position_is_paid_from_when_it_is_filled() -> None:
    filled = updates(9, "submitted", {"status": "filled", "filled_amount": 2})
    opened = trade(7.9, "SHORT", 2, exchange_order_id="a") | filled
    events = [opened, paid(16), paid(24), paid(32), logged(36, "PRICE_UPDATE", "BINANCE", "ETH", 1)]
    assert found("funding", events, LIVE) == []
    assert found("funding", [opened, *events[2:]], LIVE) == [("error", (1, 2))]


def test_a_replay_is_paid_by_its_own_time() -> None:
    filled = updates(90_000, "submitted", {"status": "filled", "filled_amount": 2})
    opened = trade(7.9, "SHORT", 2, exchange_order_id="a", recorded_at=at(90_000)) | filled
    last = logged(36, "PRICE_UPDATE", "BINANCE", "ETH", 1)
    assert found("funding", [opened, paid(8), paid(16), paid(24), paid(32), last], LIVE) == []
    events = [opened, paid(8), paid(24), paid(32), last]
    assert found("funding", events, LIVE) == [("error", (2, 3))]


def test_what_was_paid_before_any_trade_ends_with_the_first_that_shows_otherwise() -> None:
    snapshot = {"perp_positions": {"binance": {"ETHUSDT-PERP": {"size": -2}}}}
    opened = trade(30, "SHORT", 2, position_snapshot=snapshot)
    later = [paid(hour) for hour in (32, 40, 56)]
    closed = trade(57, "LONG", 2, position_snapshot={"perp_positions": {}})
    assert found("funding", [paid(8), paid(16), opened, *later, closed]) == [("error", (5, 6))]


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(LEGAL), st.integers(0, 7), st.integers(12, 40), st.data())
def test_of_any_interval_a_payment_that_is_missing_is_one_error(
    interval: int, first: int, count: int, data: st.DataObject
) -> None:
    hours = [(first // interval + 1 + place) * interval for place in range(count)]
    lost = data.draw(st.integers(4, count - 4))
    close = hours[-1] + 0.5
    opened = trade(hours[0] - 0.5, "SHORT", 2, "GATE", **OTHER)
    payments = [paid(hour, "GATE", **OTHER) for hour in hours]
    closed = trade(close, "LONG", 2, "GATE", **OTHER)
    assert found("funding", [opened, *payments, closed]) == []
    del payments[lost]
    assert found("funding", [opened, *payments, closed]) == [("error", (lost + 1, lost + 2))]
