"""Reconciliations: each account keeps its own rhythm, and a hole is one error."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.audit.planting import LIVE, Event
from tests.projections.audit.tables import Found, found, logged


def compared(hours: Iterable[float], venue: str = "BINANCE", token: str = "USDT") -> list[Event]:
    return [logged(hour, "HOURLY_RECONCILIATION", venue, token, 5) for hour in hours]


def in_order(*lists: list[Event]) -> list[Event]:
    return sorted((one for each in lists for one in each), key=lambda one: one["timestamp"])


def without(hours: Iterable[float], *lost: float) -> list[float]:
    return [hour for hour in hours if hour not in lost]


JITTERY = [hour + (hour % 3) / 20 for hour in range(24)]
HOURLY = range(24)

TABLE: list[tuple[str, list[Event], Found]] = [
    ("every hour", compared(HOURLY), []),
    ("every hour, more or less", compared(JITTERY), []),
    ("one is missing", compared(without(HOURLY, 12)), [("error", (12, 13))]),
    ("one of the first", compared(without(HOURLY, 2)), [("error", (2, 3))]),
    ("one of the last", compared(without(HOURLY, 22)), [("error", (22, 23))]),
    ("several in a row", compared(without(HOURLY, 12, 13, 14)), [("error", (12, 13))]),
    ("two holes", compared(without(HOURLY, 9, 15)), [("error", (9, 10)), ("error", (14, 15))]),
    ("twice in an hour is no hole", compared([*HOURLY, 23, 23]), []),
    ("of two accounts, each its own", in_order(compared(HOURLY), compared(HOURLY, "BYBIT")), []),
    (
        "of two accounts at two rhythms",
        in_order(compared(range(48)), compared(range(0, 48, 4), "OKX")),
        [],
    ),
    (
        "both are missing: one fault",
        in_order(compared(without(HOURLY, 12)), compared(without(HOURLY, 12), "BYBIT")),
        [("error", (24, 25))],
    ),
    ("it becomes rarer", compared([*range(12), *range(12, 48, 4)]), []),
    ("it becomes more frequent", compared([*range(0, 48, 4), *range(48, 60)]), []),
    (
        "it becomes rarer, and one is missing",
        compared([*range(12), *range(12, 28, 4), *range(32, 60, 4)]),
        [("error", (16, 17))],
    ),
    ("without a rhythm nothing is missing", compared([0, 1, 5, 6, 13, 14, 20, 30, 31, 50, 90]), []),
    ("too few to tell", compared([0, 1, 2, 9]), []),
]


@pytest.mark.parametrize(("case", "events", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_reconciliations_keep_their_rhythm(case: str, events: list[Event], expected: Found) -> None:
    assert found("reconciliation", events) == expected
    assert found("reconciliation", events, LIVE) == expected
