"""The status that an event has when it is logged: given, or what its type begins with."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from event_logger import (
    AsyncEventLogger,
    EventIdConflictError,
    EventLogger,
    IllegalTransitionError,
    InvalidEventError,
    ReservedFieldError,
)
from tests.domain.typed_methods import TABLE

NOON = pd.Timestamp("2024-05-12 12:00", tz="UTC")
TELLING = [
    "HOURLY_RECONCILIATION", "PRICE_UPDATE", "RISK_ALERT", "REBALANCE_EXECUTED", "PNL_SNAPSHOT",
    "REBALANCE_TRIGGER", "LIQUIDATION_RISK", "MARGIN_WARNING", "BALANCE_CHANGE", "EXPOSURE_UPDATE",
    "FUNDING_PAYMENT", "SEASONAL_REWARD_DISTRIBUTION", "TRANSACTION_FAILED", "CORRECTION",
]  # fmt: skip


@pytest.fixture
def live(tmp_path: Path) -> Iterator[EventLogger]:
    with EventLogger("live", store=f"sqlite:///{tmp_path / 'live.db'}", redis=False) as logger:
        yield logger


@pytest.mark.parametrize("event_type", TELLING)
def test_what_only_tells_something_is_completed_and_never_stuck(
    live: EventLogger, event_type: str
) -> None:
    live.log_event(NOON, event_type, "V")
    waiting = live.log_event(NOON, event_type, "V", status="pending")
    assert [event["status"] for event in live.events] == ["completed", "pending"]
    status = live.live_status(stuck_after=0)
    assert [row["order"] for row in status["open"]] == [waiting]
    assert status["stuck"] == []
    with pytest.raises(IllegalTransitionError):
        live.update_event(1, {"status": "confirmed"})


@pytest.mark.parametrize("event_type", ["STAKE_DEPOSIT", "SPOT_TRADE", "OUR_OWN_TYPE"])
def test_everything_else_waits(live: EventLogger, event_type: str) -> None:
    live.log_event(NOON, event_type, "V")
    assert live.events[0]["status"] == "pending"
    assert len(live.live_status(stuck_after=0)["stuck"]) == 1


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
@pytest.mark.parametrize("status", ["pending", "submitted", "confirmed", "filled", "completed"])
def test_every_typed_method_takes_a_status(
    live: EventLogger, row: tuple[Any, ...], status: str
) -> None:
    order = getattr(live, row[0])(NOON, **row[1], status=status, exchange_order_id="42")
    event = live.events[order - 1]
    assert (event["status"], live.history(order)[0]["status"]) == (status, status)
    assert live.live_status()["counts"] == {status: 1}
    stored = next(live._reading.rows(1, 1))[1]
    assert (b'"status"' in stored) == (status != "pending")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"status": "filled"}, r"must be one of pending, submitted, confirmed, completed, not"),
        ({"status": "failed"}, "must be one of"),
        ({"status": "FINAL"}, "must be one of"),
        ({"status": 3}, "must be one of"),
        ({"status": "submitted"}, "needs a tx_hash, an exchange_order_id or an event_id"),
    ],
)
def test_a_status_that_cannot_be_is_refused(
    live: EventLogger, given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidEventError, match=f"^status .*{sentence}"):
        live.log_event(NOON, "STAKE_DEPOSIT", "LIDO", **given)
    assert live.global_order == 0


@pytest.mark.parametrize("given", [pd.NA, pd.NaT, np.array(["pending", "x"]), ["pending"], b"x"])
def test_a_status_that_is_no_text_is_refused_whatever_it_compares_as(
    live: EventLogger, given: Any
) -> None:
    for logger in (live, EventLogger()):
        with pytest.raises(InvalidEventError, match=r"^status "):
            logger.log_event(NOON, "STAKE_DEPOSIT", "LIDO", status=given)
        assert logger.global_order == 0


class Named(str, Enum):  # noqa: UP042 - its text is its name, unlike a StrEnum's
    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"


class NamedAnew(StrEnum):
    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"


class Written(str):
    def __str__(self) -> str:
        return "written otherwise"


@pytest.mark.parametrize(
    ("submitted", "confirmed"),
    [
        (Named.SUBMITTED, Named.CONFIRMED),
        (NamedAnew.SUBMITTED, NamedAnew.CONFIRMED),
        (Written("submitted"), Written("confirmed")),
        (np.str_("submitted"), np.str_("confirmed")),
    ],
)
def test_a_status_is_the_text_that_it_holds(
    live: EventLogger, submitted: str, confirmed: str
) -> None:
    live.log_event(NOON, "STAKE_DEPOSIT", "LIDO", status=submitted, tx_hash="0xa")
    live.update_event(1, {"status": confirmed})
    assert [one["status"] for one in live.history(1)] == ["submitted", "confirmed"]
    assert live.live_status()["counts"] == {"confirmed": 1}


@pytest.mark.parametrize("given", [{"tx_hash": "0xa"}, {"event_id": "e"}])
def test_an_event_goes_on_from_the_status_that_it_was_logged_with(
    live: EventLogger, given: dict[str, Any]
) -> None:
    live.log_event(NOON, "STAKE_DEPOSIT", "LIDO", status="submitted", **given)
    assert live.live_status()["open"][0]["status"] == "submitted"
    live.update_event(1, {"status": "confirmed"})
    assert [one["status"] for one in live.history(1)] == ["submitted", "confirmed"]
    assert live.live_status()["confirmation_seconds"]["median"] >= 0


def test_what_an_update_replaces_stays_in_the_historys_first_line(live: EventLogger) -> None:
    logged: dict[str, Any] = {
        "exchange_order_id": "A", "filled_amount": 1, "average_price": 2.5, "fee": 0.1,
        "fee_token": "BNB", "gas_units": 21000, "tx_hash": "0xa", "nonce": 7,
    }  # fmt: skip
    live.log_event(NOON, "SPOT_TRADE", "BINANCE", "ETH", 10, **logged)
    live.log_event(NOON, "STAKE_DEPOSIT", "LIDO", position_snapshot={"wallet": {"ETH": 1}})
    live.update_event(1, {"status": "submitted", "exchange_order_id": "B", "filled_amount": 2})
    first, second = live.history(1)
    assert first == {"status": "pending", "recorded_at": first["recorded_at"]} | logged
    assert (second["exchange_order_id"], second["filled_amount"]) == ("B", 2)
    assert list(live.history(2)[0]) == ["status", "recorded_at"]


def test_a_bundles_details_have_their_wrappers(live: EventLogger) -> None:
    details: list[dict[str, Any]] = [
        {"event_type": "STAKE_DEPOSIT", "venue": "LIDO"},
        {"event_type": "RISK_ALERT", "venue": "V", "detail_events": [
            {"event_type": "PRICE_UPDATE", "venue": "V"}]},
    ]  # fmt: skip
    live.log_atomic_transaction(NOON, "entry", details)
    live.log_atomic_transaction(NOON, "entry", details, status="confirmed")
    with live.bundle(NOON, "entry", status="confirmed") as bundle:
        bundle.log_price_update(NOON, "V", "ETH", 1)
    assert [event["status"] for event in live.events] == ["pending"] * 4 + ["confirmed"] * 6


@pytest.mark.parametrize("mode", ["live", "backtest"])
def test_a_detail_has_no_status_of_its_own(tmp_path: Path, mode: str) -> None:
    store = f"sqlite:///{tmp_path / 'runs.db'}"
    with EventLogger(mode, store=store, redis=False) as logger:
        detail = {"event_type": "STAKE_DEPOSIT", "venue": "LIDO", "status": "completed"}
        with pytest.raises(ReservedFieldError, match=r"^detail_events\[0\]\.status of a detail"):
            logger.log_atomic_transaction(NOON, "entry", [detail])
        with logger.bundle(NOON, "entry") as bundle:
            with pytest.raises(ReservedFieldError, match=r"^status of a detail"):
                bundle.log_event(NOON, "STAKE_DEPOSIT", "LIDO", status="completed")
            with pytest.raises(ReservedFieldError, match=r"^status of a detail"):
                bundle.bundle(NOON, "inner", status="completed")
        assert logger.global_order == 1


def test_in_a_backtest_everything_is_completed_and_may_be_called_so() -> None:
    with EventLogger() as logger:
        logger.log_event(NOON, "STAKE_DEPOSIT", "LIDO", status="completed")
        logger.log_price_update(NOON, "V", "ETH", 1, status=None)
        for status in ("pending", "confirmed", "filled"):
            with pytest.raises(InvalidEventError, match="in a backtest, whose events are"):
                logger.log_event(NOON, "STAKE_DEPOSIT", "LIDO", status=status)
        assert [event["status"] for event in logger.events] == ["completed"] * 2


def test_an_event_id_stands_for_a_status_too(live: EventLogger) -> None:
    live.log_event(NOON, "STAKE_DEPOSIT", "LIDO", event_id="e", status="confirmed")
    assert live.log_event(NOON, "STAKE_DEPOSIT", "LIDO", event_id="e", status="confirmed") == 1
    with pytest.raises(EventIdConflictError, match="status"):
        live.log_event(NOON, "STAKE_DEPOSIT", "LIDO", event_id="e")
    # As a log of before there were statuses at logging holds it.
    live.log_event(NOON, "PRICE_UPDATE", "V", event_id="p", status="pending")
    assert live.log_event(NOON, "PRICE_UPDATE", "V", event_id="p") == 2


def test_the_board_is_asked_by_type_venue_and_status(live: EventLogger) -> None:
    live.log_event(NOON, "STAKE_DEPOSIT", "LIDO")
    live.log_event(NOON, "STAKE_DEPOSIT", "ETHERFI", status="submitted", tx_hash="0xa")
    live.log_event(NOON, "LOAN_CREATED", "AAVE")
    live.log_venue_transfer(NOON, "BINANCE", "ETHEREUM", "ETH", 1, status="submitted", tx_hash="b")
    for only, orders in (
        ({"venue": "BINANCE"}, [4]),
        ({"venue": "ETHEREUM"}, [4]),
        ({"venue": "BINANCE→ETHEREUM"}, [4]),
        ({"venue": "ETH"}, []),
        ({"event_type": "STAKE_DEPOSIT"}, [1, 2]),
        ({"venue": "AAVE"}, [3]),
        ({"status": "pending"}, [1, 3]),
        ({"status": "pending", "event_type": "STAKE_DEPOSIT"}, [1]),
        ({"venue": "NOWHERE"}, []),
    ):
        board = live.live_status(stuck_after=0, **only)
        assert [row["order"] for row in board["open"]] == orders
        assert [row["order"] for row in board["stuck"]] == orders
        assert sum(board["counts"].values()) == len(orders)


def test_the_asynchronous_logger_takes_a_status_too(tmp_path: Path) -> None:
    async def logged() -> list[str]:
        store = f"sqlite:///{tmp_path / 'live.db'}"
        async with AsyncEventLogger("live", store=store, redis=False) as logger:
            await logger.log_stake(NOON, "LIDO", 1, 1, 1, status="confirmed")
            await logger.log_price_update(NOON, "V", "ETH", 1)
            async with logger.bundle(NOON, "entry", status="confirmed") as bundle:
                bundle.log_price_update(NOON, "V", "ETH", 1)
            return [event["status"] async for event in logger.events]

    assert asyncio.run(logged()) == ["confirmed", "completed", "confirmed", "confirmed"]
