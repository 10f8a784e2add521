"""Runs: who never closed, and when the log was silent for longer than it ever is."""

from __future__ import annotations

from pathlib import Path

import pytest

from event_logger import EventLogger
from infrastructure.audit_logs import AuditLogs
from infrastructure.auditing import audited
from projections.audit.runs import Runs
from tests.audit.planting import BACKTEST, LIVE, Event
from tests.projections.audit.tables import Found, found, logged
from tests.support import HOUR, run_program, url_of


def told(*hours: float) -> list[Event]:
    return [logged(hour, "PRICE_UPDATE", "OKX", "ETH", place) for place, hour in enumerate(hours)]


BURSTS = [hour + minute / 60 for hour in range(40) for minute in range(9)]

TABLE: list[tuple[str, list[Event], Found]] = [
    ("every hour", told(*range(40)), []),
    ("and silent for half a day", told(*range(20), *range(32, 60)), [("warning", (20, 21))]),
    ("and silent for two hours", told(*range(20), *range(21, 40)), []),
    ("in bursts", told(*BURSTS), []),
    (
        "in bursts, and silent",
        told(*(one for one in BURSTS if not 20 < one < 26)),
        [("warning", (181, 182))],
    ),
    ("too few to have a rhythm", told(0, 1, 2, 3, 40), []),
]


@pytest.mark.parametrize(("case", "events", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_silence_is_warned_of(case: str, events: list[Event], expected: Found) -> None:
    for mode in (BACKTEST, LIVE):
        given = [one for one in found("runs", events, mode) if one[0] != "note"]
        assert given == expected


def notes(url: str) -> list[str]:
    with AuditLogs(url, must_exist=True) as logs:
        return [one.message for one in audited(logs.store, logs.get("default"), [Runs])]


def test_a_writer_that_was_killed_is_noted(tmp_path: Path) -> None:
    url = url_of(tmp_path / "live.db")
    with EventLogger("live", store=url, redis=False) as logger:
        logger.log_event(HOUR, "PRICE_UPDATE", "OKX", "ETH", 1)
    assert notes(url) == []
    killed = """
logger = EventLogger("live", store=sys.argv[1], redis=False)
logger.log_event(HOUR, "PRICE_UPDATE", "OKX", "ETH", 2)
os._exit(0)
"""
    run_program(killed, url)
    (note,) = notes(url)
    assert "has not closed" in note
