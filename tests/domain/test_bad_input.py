"""What cannot be logged: the sentence said, nothing stored, the next order unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from domain.errors import (
    EventLoggerError,
    InvalidAmountError,
    InvalidEventError,
    InvalidEventTypeError,
    InvalidTimestampError,
    ReservedFieldError,
    UnknownOrderError,
    UnsupportedValueError,
)
from event_logger import EventLogger

NOON = pd.Timestamp("2024-05-12 12:00", tz="UTC")
CYCLIC: dict[str, Any] = {}
CYCLIC["self"] = CYCLIC

GOOD: dict[str, Any] = {"timestamp": NOON, "event_type": "STAKE_DEPOSIT", "venue": "ETHERFI"}

NO_TYPE = "must be UPPER_SNAKE_CASE like 'STAKE_DEPOSIT', not"
NO_NUMBER = "must be a finite number (int, float or Decimal), not"
NO_TIME = "timestamp must be a time (pd.Timestamp or datetime), not"
NO_TEXT = "must be text that is not blank, not"
NO_JSON = "which JSON cannot hold; log text, numbers, times, lists or dicts"
TAKEN = "is filled in by the log; give the extra another name"

CASES: list[tuple[dict[str, Any], type[EventLoggerError], str]] = [
    ({"event_type": ""}, InvalidEventTypeError, f"event_type {NO_TYPE} ''"),
    ({"event_type": "stake"}, InvalidEventTypeError, f"event_type {NO_TYPE} 'stake'"),
    ({"event_type": "STAKE\n"}, InvalidEventTypeError, f"event_type {NO_TYPE} 'STAKE\\n'"),
    (
        {"event_type": 7},
        InvalidEventTypeError,
        "event_type must be text like 'STAKE_DEPOSIT', not 7",
    ),
    (
        {"event_type": ["X"]},
        InvalidEventTypeError,
        "event_type must be text like 'STAKE_DEPOSIT', not ['X']",
    ),
    ({"venue": None}, InvalidEventError, f"venue {NO_TEXT} None"),
    ({"venue": " "}, InvalidEventError, f"venue {NO_TEXT} ' '"),
    ({"token": 1}, InvalidEventError, f"token {NO_TEXT} 1"),
    ({"timestamp": "2024-05-12"}, InvalidTimestampError, f"{NO_TIME} '2024-05-12'"),
    ({"timestamp": 1715515200}, InvalidTimestampError, f"{NO_TIME} 1715515200"),
    ({"timestamp": None}, InvalidTimestampError, f"{NO_TIME} None"),
    ({"timestamp": pd.NaT}, InvalidTimestampError, f"{NO_TIME} NaT"),
    (
        {"timestamp": NOON + pd.Timedelta(1, "ns")},
        InvalidTimestampError,
        "timestamp 2024-05-12T12:00:00.000000001Z is not on the hour; floor it, or open the log"
        " with hourly_timestamps=False",
    ),
    ({"amount": float("nan")}, InvalidAmountError, f"amount {NO_NUMBER} nan"),
    ({"amount": np.float64("inf")}, InvalidAmountError, f"amount {NO_NUMBER} inf"),
    ({"amount": "1.5"}, InvalidAmountError, f"amount {NO_NUMBER} '1.5'"),
    ({"amount": True}, InvalidAmountError, f"amount {NO_NUMBER} True"),
    ({"gas_cost_usd": "8"}, InvalidAmountError, f"gas_cost_usd {NO_NUMBER} '8'"),
    (
        {"iteration": 1.5},
        InvalidAmountError,
        "iteration must be a whole number of 0 or more, not 1.5",
    ),
    ({"position_snapshot": [1]}, InvalidEventError, "position_snapshot must be a dict, not [1]"),
    (
        {"position_snapshot": {"wallet": {1: 2}}},
        UnsupportedValueError,
        "position_snapshot.wallet has the key 1; keys must be text, so write str(key)",
    ),
    (
        {"position_snapshot": {"wallet": {"ETH": object}}},
        UnsupportedValueError,
        f"position_snapshot.wallet.ETH holds <class 'object'>, a type, {NO_JSON}",
    ),
    ({"note": {1}}, UnsupportedValueError, f"note holds {{1}}, a set, {NO_JSON}"),
    (
        {"notes": [{"a": b"x"}]},
        UnsupportedValueError,
        f"notes[0].a holds b'x', a bytes, {NO_JSON}",
    ),
    (
        {"note": CYCLIC},
        UnsupportedValueError,
        "note" + ".self" * 98 + " nests deeper than 100 levels, or contains itself; flatten it",
    ),
    (
        {"venue": "A\ud800"},
        UnsupportedValueError,
        "venue holds 'A\\ud800', which is no valid Unicode text (a lone surrogate at 1); decode it"
        " properly first",
    ),
    ({"order": 3}, ReservedFieldError, f"order {TAKEN}"),
    (
        {"status": "pending"},
        InvalidEventError,
        "status cannot be 'pending' in a backtest, whose events are completed when logged; leave"
        " it out",
    ),
    ({"detail_orders": [2]}, ReservedFieldError, f"detail_orders {TAKEN}"),
    ({"wallet_balance_after": {}}, ReservedFieldError, f"wallet_balance_after {TAKEN}"),
    (
        {"parent_event": 2},
        UnknownOrderError,
        "parent_event 2 names no event of this log: orders run from 1 to 1",
    ),
    (
        {"related_events": [1, 9]},
        UnknownOrderError,
        "related_events 9 names no event of this log: orders run from 1 to 1",
    ),
    (
        {"related_events": [0]},
        InvalidEventError,
        "related_events[0] must be an order (1, 2, 3 …), not 0",
    ),
]


@pytest.fixture(params=["memory", "file"])
def logger(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    store = ":memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'log.db'}"
    with EventLogger(store=store) as logger:
        logger.log_event(**GOOD)
        yield logger


@pytest.mark.parametrize(("changed", "error", "sentence"), CASES, ids=lambda case: str(case)[:40])
def test_what_cannot_be_logged_is_refused_with_one_sentence_and_changes_nothing(
    logger: EventLogger,
    changed: dict[str, Any],
    error: type[EventLoggerError],
    sentence: str,
) -> None:
    before = logger.get_all_events()
    with pytest.raises(error) as raised:
        logger.log_event(**GOOD | changed)
    assert str(raised.value).startswith(sentence[:80])
    if "note.self" not in sentence:
        assert str(raised.value) == sentence
    assert logger.get_all_events() == before
    assert logger.log_event(**GOOD) == 2


@pytest.mark.parametrize(("changed", "error", "sentence"), CASES, ids=lambda case: str(case)[:40])
def test_a_detail_that_cannot_be_logged_refuses_its_whole_bundle(
    logger: EventLogger,
    changed: dict[str, Any],
    error: type[EventLoggerError],
    sentence: str,
) -> None:
    if changed.get("timestamp", NOON) is None:
        return  # a detail without a timestamp takes the wrapper's
    details = [GOOD, GOOD | changed, GOOD]
    with pytest.raises(EventLoggerError):
        logger.log_atomic_transaction(NOON, "ENTRY", details, {})
    assert logger.global_order == 1
    assert logger.log_event(**GOOD) == 2


@pytest.mark.parametrize(
    ("detail", "sentence"),
    [
        ({"venue": "AAVE"}, "detail_events[1].event_type is missing; every detail needs one"),
        ({"event_type": "X"}, "detail_events[1].venue is missing; every detail needs one"),
        ("X", "detail_events[1] must be a dict, not 'X'"),
        (
            {"event_type": "X", "venue": "V", 5: 6},
            "detail_events[1] has the key 5; keys must be text",
        ),
        (
            {"event_type": "X", "venue": "V", "parent_event": 1},
            "detail_events[1].parent_event is filled in by the bundle; leave it out",
        ),
        (
            {"event_type": "X", "venue": "V", "detail_events": [{"event_type": "Y", "venue": ""}]},
            "detail_events[1].detail_events[0].venue must be text that is not blank, not ''",
        ),
        (
            {"event_type": "X", "venue": "V", "detail_events": 3},
            "detail_events[1].detail_events must be a list, not 3",
        ),
    ],
)
def test_a_detail_is_named_by_its_path(logger: EventLogger, detail: Any, sentence: str) -> None:
    with pytest.raises(InvalidEventError) as raised:
        logger.log_atomic_transaction(NOON, "ENTRY", [GOOD, detail, GOOD], {})
    assert str(raised.value) == sentence
    assert logger.global_order == 1


def test_a_strict_log_names_the_nearest_known_type() -> None:
    with EventLogger(strict_event_types=True) as logger:
        with pytest.raises(InvalidEventTypeError) as raised:
            logger.log_event(NOON, "STAKE_DEPOSITED", "ETHERFI")
        assert str(raised.value) == (
            "event_type 'STAKE_DEPOSITED' is not in the catalogue; the nearest is 'STAKE_DEPOSIT'"
        )
        assert logger.global_order == 0
