"""Cutoff: what is logged long after it happened, or into a closed period."""

from __future__ import annotations

from datetime import timedelta

import pytest

from projections.audit.rule import AuditOptions
from tests.audit.planting import BACKTEST, LIVE, Event
from tests.projections.audit.tables import Found, at, bundle, found, stake


def late(hours: float, by: float) -> Event:
    """An event that was committed so much later."""
    return stake(hours, recorded_at=at(hours + by), note=f"{hours} {by}")


PUNCTUAL = [late(hours, 0.01) for hours in range(12)]

TABLE: list[tuple[str, list[Event], Found]] = [
    ("at once", PUNCTUAL, []),
    ("within the limit", [*PUNCTUAL, late(11.5, 0.9)], []),
    ("later than that", [*PUNCTUAL, late(9, 3)], [("error", (13,))]),
    ("several in a row are one fault", [*PUNCTUAL, late(8, 5), late(9, 4)], [("error", (13, 14))]),
    (
        "two that are apart are two",
        [*PUNCTUAL, late(9, 4), late(13, 0), late(10, 3)],
        [("error", (13,)), ("error", (15,))],
    ),
    (
        "a log that tells of another time is a replay",
        [late(h, 900) for h in range(9)],
        [("note", (1,))],
    ),
    ("the timestamp lies ahead", [*PUNCTUAL, late(15, -2)], [("warning", (13,))]),
]


@pytest.mark.parametrize(("case", "events", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_what_is_logged_late_is_said(case: str, events: list[Event], expected: Found) -> None:
    assert found("cutoff", events, LIVE) == expected


def test_a_bundle_that_is_late_is_one_fault() -> None:
    details = [late(9, 3), late(9, 3)]
    entry = bundle(9, *details, recorded_at=at(12))
    assert found("cutoff", [*PUNCTUAL, entry], LIVE) == [("error", (13, 14, 15))]


def test_the_limit_is_asked_for() -> None:
    options = AuditOptions(late_after=timedelta(hours=4))
    assert found("cutoff", [*PUNCTUAL, late(9, 3)], LIVE, options) == []


def test_a_backtest_is_never_late() -> None:
    assert found("cutoff", [*PUNCTUAL, late(9, 3)], BACKTEST) == []


CLOSED: list[tuple[str, list[Event], Found]] = [
    ("before the close", [late(9.5, 0.2)], []),
    ("of after it", [late(10.5, 0.2)], []),
    ("into the period", [late(9.9, 0.2)], [("error", (13,))]),
    ("on its way when the period ended", [late(9.995, 0.01)], []),
    ("late besides", [late(7, 6)], [("error", (13,))]),
    (
        "late, into the period and not",
        [late(7, 6), late(10.5, 3)],
        [("error", (13,)), ("error", (14,))],
    ),
]


@pytest.mark.parametrize(("case", "events", "expected"), CLOSED, ids=[row[0] for row in CLOSED])
def test_nothing_is_logged_into_a_closed_period(
    case: str, events: list[Event], expected: Found
) -> None:
    punctual = [one for one in PUNCTUAL if one["timestamp"] != at(10)] + [late(10, 0)]
    options = AuditOptions(closed_until=at(10))
    assert found("cutoff", [*punctual, *events], LIVE, options) == expected
