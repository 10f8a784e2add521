"""A live log: pending events, what becomes of them, and how they read by then."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from domain.errors import (
    IllegalTransitionError,
    InvalidUpdateError,
    LogConfigurationError,
    UnknownOrderError,
    UpdateNotAllowedError,
)
from event_logger import EventLogger, open_log, read_event_log
from tests.support import HOUR, run_program, url_of

OFF_THE_HOUR = datetime(2024, 5, 12, 14, 3, 7, 250, tzinfo=UTC)
DETAILS: list[dict[str, Any]] = [
    {"event_type": "FLASH_BORROW", "venue": "BALANCER", "token": "WETH", "amount": 88.7},
    {
        "event_type": "LEVERAGE_LOOP_ITERATION",
        "venue": "AAVE",
        "detail_events": [{"event_type": "STAKE_DEPOSIT", "venue": "ETHERFI"}],
    },
]


@pytest.fixture
def store(tmp_path: Path) -> str:
    return url_of(tmp_path / "live.db")


@pytest.fixture
def logger(store: str) -> Iterator[EventLogger]:
    with EventLogger("live", store=store, redis=False) as logger:
        yield logger


def stake(logger: EventLogger, **event_data: Any) -> int:
    return logger.log_event(OFF_THE_HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 1.5, **event_data)


def statuses(logger: EventLogger) -> list[str]:
    return [event["status"] for event in logger.events]


def test_an_event_is_pending_until_it_is_updated(logger: EventLogger) -> None:
    order = stake(logger)
    assert logger.events[0]["status"] == "pending"
    assert logger.events[0]["timestamp"] == pd.Timestamp(OFF_THE_HOUR)
    assert logger.update_event(order, {"status": "submitted", "tx_hash": "0xa"}) == order
    assert (logger.events[0]["status"], logger.events[0]["tx_hash"]) == ("submitted", "0xa")


def test_an_update_can_be_awaited(logger: EventLogger) -> None:
    async def run() -> None:
        order = await logger.log_event(OFF_THE_HOUR, "STAKE_DEPOSIT", "LIDO")
        assert await logger.update_event(order, {"status": "confirmed"}) == order

    asyncio.run(run())
    assert statuses(logger) == ["confirmed"]


def test_the_present_values_are_read_everywhere(logger: EventLogger, tmp_path: Path) -> None:
    snapshot = {"wallet": {"ETH": 3.5}, "cex_accounts": {"binance": {"USDT": 7}}}
    first, second = stake(logger, gas_cost_eth=0.1), stake(logger)
    done = pd.Timestamp("2024-05-12T14:05:00.000001Z")
    logger.update_event(
        first,
        {
            "status": "confirmed",
            "tx_hash": "0xa",
            "completion_timestamp": done,
            "confirmation_blocks": 12,
            "block_number": 19_850_000,
            "gas_cost_eth": 0.2,
            "reason": "included at once",
            "position_snapshot": snapshot,
        },
    )
    expected = logger.events[0]
    assert expected["completion_timestamp"] == done
    assert (expected["block_number"], expected["gas_cost_eth"]) == (19_850_000, 0.2)
    assert expected["wallet_balance_after"] == snapshot
    assert expected["cex_balance_after"] == {"binance": {"USDT": 7}}
    assert expected["reason"] == "included at once"
    assert logger.get_all_events()[0] == expected
    assert logger.get_events_by_type("STAKE_DEPOSIT")[0] == expected
    assert logger.get_events_by_venue("LIDO")[0] == expected
    assert logger.get_events_by_order_range(1, 1) == [expected]
    assert logger.to_dataframe()["status"].tolist() == ["confirmed", "pending"]
    frame = read_event_log(logger.export_to_csv(str(tmp_path / "live.csv")))
    assert frame["status"].tolist() == ["confirmed", "pending"]
    assert frame["reason"][0] == "included at once"
    assert frame["completion_timestamp"][0] == done
    assert logger.bundle_tree(second)["event"]["status"] == "pending"


def test_the_history_has_every_transition_and_every_hash(logger: EventLogger) -> None:
    order = stake(logger, tx_hash="0x0", nonce=3)
    logger.update_event(order, {"status": "submitted", "tx_hash": "0xa"})
    logger.update_event(order, {"status": "submitted", "tx_hash": "0xb"})
    logger.update_event(order, {"status": "confirmed", "confirmation_blocks": 1})
    logger.update_event(order, {"status": "reorged"})
    history = logger.history(order)
    assert [step.get("tx_hash") for step in history] == ["0x0", "0xa", "0xb", None, None]
    assert [step["status"] for step in history] == [
        "pending", "submitted", "submitted", "confirmed", "reorged",
    ]  # fmt: skip
    assert history[0]["nonce"] == 3
    assert history[4]["confirmation_blocks"] is None
    times = [step["recorded_at"] for step in history]
    assert times == sorted(times)
    assert all(isinstance(time, pd.Timestamp) for time in times)


def test_a_wrapper_carries_its_details(logger: EventLogger) -> None:
    orders = logger.log_atomic_transaction(OFF_THE_HOUR, "ENTRY", DETAILS)
    logger.update_event(orders[0], {"status": "submitted", "tx_hash": "0xa", "gas_cost_eth": 0.01})
    logger.update_event(
        orders[0],
        {"status": "confirmed", "block_number": 7, "position_snapshot": {"wallet": {"ETH": 1}}},
    )
    events = logger.get_all_events()
    assert [event["status"] for event in events] == ["confirmed"] * 4
    assert [event["tx_hash"] for event in events] == ["0xa"] * 4
    assert [event["block_number"] for event in events] == [7] * 4
    assert [event["gas_cost_eth"] for event in events] == [0.01, None, None, None]
    assert [event["wallet_balance_after"] is None for event in events] == [False, True, True, True]
    assert [step["status"] for step in logger.history(4)] == ["pending", "submitted", "confirmed"]
    assert "gas_cost_eth" not in logger.history(4)[1]


@pytest.mark.parametrize("order", [2, 3, 4])
def test_a_detail_is_not_updated_on_its_own(logger: EventLogger, order: int) -> None:
    logger.log_atomic_transaction(OFF_THE_HOUR, "ENTRY", DETAILS)
    with pytest.raises(InvalidUpdateError, match=f"{order} is a detail of the bundle of order 1"):
        logger.update_event(order, {"status": "confirmed"})
    assert statuses(logger) == ["pending"] * 4


def test_an_event_logged_later_goes_its_own_way(logger: EventLogger) -> None:
    logger.log_atomic_transaction(OFF_THE_HOUR, "ENTRY", DETAILS)
    late = logger.log_event(OFF_THE_HOUR, "GAS_FEE_PAID", "ETHEREUM", parent_event=1)
    logger.update_event(1, {"status": "confirmed"})
    assert statuses(logger) == ["confirmed"] * 4 + ["pending"]
    logger.update_event(late, {"status": "failed"})
    assert statuses(logger) == ["confirmed"] * 4 + ["failed"]
    assert logger.bundle_tree(late)["event"]["order"] == 1


def test_bundles_and_updates_across_pages(logger: EventLogger) -> None:
    for _ in range(145):
        orders = logger.log_atomic_transaction(
            OFF_THE_HOUR, "LOOP", [{"event_type": "STAKE_DEPOSIT", "venue": "LIDO"}] * 6
        )
        logger.update_event(orders[0], {"status": "confirmed", "tx_hash": f"0x{orders[0]}"})
    events = logger.get_all_events()
    assert len(events) == 1015
    assert all(event["tx_hash"] == f"0x{(event['order'] - 1) // 7 * 7 + 1}" for event in events)
    assert logger.events[1000:][5]["status"] == "confirmed"


@pytest.mark.parametrize("order", [0, 2, -1, "1", True, None, 1.0])
def test_an_order_that_does_not_exist(logger: EventLogger, order: Any) -> None:
    stake(logger)
    with pytest.raises(UnknownOrderError, match="names no event of this log: orders run from 1"):
        logger.update_event(order, {"status": "confirmed"})


def test_refused_updates_store_nothing(logger: EventLogger) -> None:
    order = stake(logger)
    for update in ({"status": "finalized"}, {"status": "submitted"}, {}, {"amount": 3}):
        with pytest.raises((IllegalTransitionError, InvalidUpdateError)):
            logger.update_event(order, update)
    assert logger.history(order) == logger.history(order)[:1]
    assert logger.live_status()["counts"] == {"pending": 1}


def test_a_backtest_is_never_updated() -> None:
    with EventLogger() as logger:
        logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO")
        with pytest.raises(UpdateNotAllowedError, match="order 1 cannot be updated"):
            logger.update_event(1, {"status": "confirmed"})


def test_snapshots_can_be_left_out(store: str) -> None:
    with EventLogger("live", False, store=store, redis=False) as logger:
        order = stake(logger, position_snapshot={"wallet": {}})
        logger.update_event(order, {"status": "confirmed", "position_snapshot": {"wallet": {}}})
        logger.update_event(order, {"position_snapshot": {"wallet": {}}})
        assert logger.events[0]["wallet_balance_after"] is None
        assert len(logger.history(order)) == 2


@pytest.mark.parametrize("memory", [":memory:", "sqlite://"])
def test_memory_is_no_place_for_a_live_log(memory: str) -> None:
    with pytest.raises(LogConfigurationError, match="store must be a file in live mode"):
        EventLogger("live", store=memory, redis=False)


def test_without_a_store_a_live_log_goes_to_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVENT_LOGGER_STORE", raising=False)
    with EventLogger("live", redis=False) as logger:
        stake(logger)
    assert (tmp_path / "event_log.db").exists()


def test_a_log_keeps_its_mode(logger: EventLogger, store: str) -> None:
    with pytest.raises(LogConfigurationError, match="log 'default' is a live log"):
        EventLogger("backtest", store=store)


def test_live_logs_stand_beside_backtests(logger: EventLogger, store: str) -> None:
    with EventLogger(store=store, log="backtest") as backtest:
        backtest.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
    stake(logger)
    logger.update_event(1, {"status": "failed"})
    with open_log(store, "backtest") as reader:
        assert [event["status"] for event in reader.events] == ["completed"]
    assert logger.live_status()["counts"] == {"failed": 1}


def test_a_reader_sees_what_a_live_logger_does(logger: EventLogger, store: str) -> None:
    stake(logger)
    with open_log(store) as reader:
        assert reader.live_status()["counts"] == {"pending": 1}
        logger.update_event(1, {"status": "confirmed"})
        assert reader.events[0]["status"] == "confirmed"
        assert reader.live_status()["counts"] == {"confirmed": 1}


def test_reopening_goes_on_where_it_was(store: str) -> None:
    with EventLogger("live", store=store, redis=False) as logger:
        logger.update_event(stake(logger), {"status": "submitted", "tx_hash": "0xa"})
    with EventLogger("live", store=store, redis=False) as logger:
        logger.update_event(1, {"status": "confirmed"})
        assert stake(logger) == 2
        assert [step["status"] for step in logger.history(1)] == [
            "pending", "submitted", "confirmed",
        ]  # fmt: skip


def test_the_board_tells_what_is_open_and_stuck(logger: EventLogger) -> None:
    stake(logger)
    stake(logger)
    logger.update_event(2, {"status": "submitted", "tx_hash": "0xb"})
    logger.update_event(stake(logger), {"status": "confirmed"})
    board = logger.live_status(stuck_after=timedelta(hours=1))
    assert board["counts"] == {"confirmed": 1, "pending": 1, "submitted": 1}
    assert board["by_venue"] == {"LIDO": board["counts"]}
    assert board["by_type"] == {"STAKE_DEPOSIT": board["counts"]}
    assert [(row["order"], row["status"], row["tx_hash"]) for row in board["open"]] == [
        (1, "pending", None),
        (2, "submitted", "0xb"),
    ]
    assert board["stuck"] == []
    assert [row["order"] for row in logger.live_status(0)["stuck"]] == [1, 2]
    logger.update_event(2, {"status": "confirmed"})
    took = logger.live_status()["confirmation_seconds"]
    assert took["median"] == took["p95"] > 0


@pytest.mark.parametrize("limit", ["soon", -1, "10 minutes", float("nan"), [], True])
def test_a_limit_that_is_no_time(logger: EventLogger, limit: Any) -> None:
    with pytest.raises(LogConfigurationError, match="stuck_after must be a time such as 90s, 10m"):
        logger.live_status(limit)


def test_the_environment_names_store_and_redis(tmp_path: Path) -> None:
    program = """
os.environ["EVENT_LOGGER_STORE"] = sys.argv[1]
os.environ["EVENT_LOGGER_REDIS"] = "nonsense"
try:
    EventLogger("live")
except Exception as error:
    print(type(error).__name__, error)
"""
    out = run_program(program, url_of(tmp_path / "live.db"))
    assert out.startswith("LogConfigurationError redis 'nonsense' is no Redis URL; write redis://")
    assert os.listdir(tmp_path) == []
