"""Orders on an exchange that fill in parts: what can be filled, and how long it took."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from event_logger import EventLogger, InvalidEventError
from infrastructure.audit_logs import AuditLogs
from infrastructure.followers.board import StatusBoard
from infrastructure.stores.sqlite.clock import StoreClock

NOON = pd.Timestamp("2024-05-12 12:00", tz="UTC")
SUBMITTED = {"status": "submitted", "exchange_order_id": "A"}
MANY_DIGITS = "1." + 50 * "1"


def part(amount: Any, status: str = "partially_filled") -> dict[str, Any]:
    return {"status": status, "filled_amount": amount}


@pytest.fixture
def live(tmp_path: Path) -> Iterator[EventLogger]:
    with EventLogger("live", store=f"sqlite:///{tmp_path / 'live.db'}", redis=False) as logger:
        yield logger


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The store's time, in seconds, which is set by the test."""
    at = [1_700_000_000]
    monkeypatch.setattr(StoreClock, "now", lambda clock, last: at[0] * 1_000_000)
    return at


FILLED: list[tuple[Any, Any, str | None]] = [
    (10, 10, None),
    (10, 0, None),
    (-10, 10, None),
    (10.0, Decimal("10"), None),
    (0.1, Decimal("0.1"), None),
    (Decimal(MANY_DIGITS), Decimal(MANY_DIGITS), None),
    (None, 10, None),
    (10**30, 10**30, None),
    (10, 11, "filled_amount never exceeds the amount, which is 10, not 11; log what is"),
    (-10, 10.5, "filled_amount never exceeds the amount, which is -10, not 10.5"),
    (0, 1, "never exceeds the amount"),
    (Decimal(MANY_DIGITS), Decimal(MANY_DIGITS + "1"), "never exceeds the amount"),
    (10**30, 10**30 + 1, "never exceeds the amount"),
    (10, -1, "filled_amount must not be negative, not -1"),
    (None, Decimal("-0.1"), "must not be negative"),
]


@pytest.mark.parametrize(("amount", "filled", "problem"), FILLED)
@pytest.mark.parametrize("mode", ["live", "backtest"])
def test_what_is_logged_as_filled_is_part_of_the_amount(
    tmp_path: Path, mode: str, amount: Any, filled: Any, problem: str | None
) -> None:
    event = {"event_type": "TRADE_EXECUTED", "venue": "BYBIT", "amount": amount}
    event["filled_amount"] = filled
    with EventLogger(mode, store=f"sqlite:///{tmp_path / 'a.db'}", redis=False) as logger:
        if problem is None:
            logger.log_event(NOON, **event)
            logger.log_atomic_transaction(NOON, "B", [event])
            assert logger.events[0]["filled_amount"] == filled
            return
        with pytest.raises(InvalidEventError, match=problem):
            logger.log_event(NOON, **event)
        with pytest.raises(InvalidEventError, match=r"detail_events\[0\]\.filled_amount"):
            logger.log_atomic_transaction(NOON, "B", [event])
        assert logger.global_order == 0


def test_a_fill_goes_to_the_last_digit_of_the_amount(live: EventLogger) -> None:
    amount = Decimal(MANY_DIGITS)
    order = live.log_event(NOON, "SPOT_TRADE", "BYBIT", "ETH", amount)
    live.update_event(order, part(amount))
    assert live.events[0]["filled_amount"] == amount


WAYS: list[tuple[dict[str, Any], list[dict[str, Any]], list[float]]] = [
    ({}, [SUBMITTED, {"status": "confirmed"}], [10]),
    ({}, [SUBMITTED, part(10, "filled")], [10]),
    ({}, [SUBMITTED, part(4), part(10, "filled")], [20]),
    ({}, [SUBMITTED, part(4), part(7), {"fee": 1}, part(10, "filled")], [40]),
    ({}, [SUBMITTED, part(4), {"status": "confirmed"}], [20]),
    ({}, [SUBMITTED, SUBMITTED | {"exchange_order_id": "B"}, part(4), part(10, "filled")], [30]),
    (SUBMITTED, [part(4), part(10, "filled")], [20]),
    (SUBMITTED, [{"fee": 1}, part(10, "filled")], [20]),
    ({}, [part(4), part(10, "filled")], []),
    ({}, [part(10, "filled")], []),
    ({}, [SUBMITTED, part(4), {"status": "cancelled"}], []),
    ({}, [SUBMITTED, {"status": "rejected"}], []),
]


@pytest.mark.parametrize("is_followed", [False, True])
@pytest.mark.parametrize(("logged", "updates", "took"), WAYS)
def test_an_orders_time_is_that_from_its_submission_to_its_last_fill(
    tmp_path: Path,
    live: EventLogger,
    seconds: list[int],
    logged: dict[str, Any],
    updates: list[dict[str, Any]],
    took: list[float],
    *,
    is_followed: bool,
) -> None:
    live.log_event(NOON, "SPOT_TRADE", "BYBIT", "ETH", 99, status="pending")
    order = live.log_event(NOON, "SPOT_TRADE", "BYBIT", "ETH", 10, **logged)
    with AuditLogs(f"sqlite:///{tmp_path / 'live.db'}") as logs:
        board = StatusBoard(logs.store, logs.get("default"))
        for update in updates:
            seconds[0] += 10
            live.update_event(order, update)
            if is_followed:
                board.catch_up()
    told = live.live_status()["confirmation_seconds"]
    assert told == ({"median": took[0], "p95": took[0]} if took else dict.fromkeys(told))
