"""What can be read from a log, the same from memory, from a file, and from a reader of its own."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from domain.errors import UnknownOrderError, UpdateNotAllowedError
from domain.fields import CHAIN_FIELDS, DECLARED_FIELDS, EVENT_FIELDS
from event_logger import EventLogger, InvalidEventError, open_log
from event_logger.reader import LogReader
from tests.support import HOUR, url_of


def log_a_day(logger: EventLogger) -> None:
    snapshot = {"wallet": {"ETH": 1.5}, "cex_accounts": {"binance": {"USDT": Decimal("0.10")}}}
    logger.log_gas_fee(HOUR, 0.0035, 8.75, "STAKE_DEPOSIT", 150_000, 25.0, snapshot)
    logger.log_stake(HOUR, "ETHERFI", 50.0, 49.8, 1.004, event_id="stake-1")
    logger.log_atomic_transaction(
        HOUR,
        "ENTRY",
        [
            {"event_type": "FLASH_BORROW", "venue": "BALANCER", "token": "WETH", "amount": 2**70},
            {"event_type": "STAKE_DEPOSIT", "venue": "ETHERFI", "amount": Decimal("1.10")},
        ],
        {"debt": 88.7},
    )
    logger.log_funding_payment(HOUR, "binance", 0.0001, 50_000.0, -5.0, extra_note=["a", {"b": 1}])


@pytest.fixture(params=["logger in memory", "logger on a file", "reader"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LogReader]:
    url = ":memory:" if request.param == "logger in memory" else url_of(tmp_path / "runs.db")
    with EventLogger(store=url) as logger:
        log_a_day(logger)
        if request.param == "reader":
            logger.flush()
            with open_log(url) as reader:
                yield reader
        else:
            yield logger


def orders(events: list[dict[str, Any]]) -> list[int]:
    return [event["order"] for event in events]


def test_all_events_and_the_last_order(log: LogReader) -> None:
    assert orders(log.get_all_events()) == [1, 2, 3, 4, 5, 6]
    assert log.global_order == 6
    assert log.get_all_events() == log.events


def test_an_event_has_every_declared_field_in_the_order_of_the_specification(
    log: LogReader,
) -> None:
    for event in log.events:
        assert list(event)[: len(EVENT_FIELDS)] == list(EVENT_FIELDS)
    assert list(log.events[5])[len(EVENT_FIELDS) :] == [
        "funding_rate",
        "notional_usd",
        "pnl_usd",
        "pnl_type",
        "extra_note",
    ]


def test_an_event_as_a_whole(log: LogReader) -> None:
    event = log.events[0]
    recorded_at = event.pop("recorded_at")
    assert abs(recorded_at - pd.Timestamp.now(tz="UTC")) < pd.Timedelta("1min")
    assert {name: value for name, value in event.items() if value is not None} == {
        "timestamp": pd.Timestamp("2024-05-12 14:00", tz="UTC"),
        "order": 1,
        "status": "completed",
        "event_type": "GAS_FEE_PAID",
        "venue": "ETHEREUM",
        "token": "ETH",
        "amount": 0.0035,
        "wallet_balance_after": {
            "wallet": {"ETH": 1.5},
            "cex_accounts": {"binance": {"USDT": Decimal("0.10")}},
        },
        "cex_balance_after": {"binance": {"USDT": Decimal("0.10")}},
        "aave_position_after": {"wallet": {"ETH": 1.5}, "perp_positions": None},
        "gas_cost_eth": 0.0035,
        "gas_cost_usd": 8.75,
        "gas_units": 150_000,
        "gas_price_gwei": 25.0,
        "purpose": "Gas fee for STAKE_DEPOSIT",
        "transaction_type": "GAS_FEE",
        "fee_type": "STAKE_DEPOSIT",
    }


@pytest.mark.parametrize(
    ("event_type", "expected"),
    [
        ("STAKE_DEPOSIT", [2, 5]),
        ("GAS_FEE_PAID", [1]),
        ("ATOMIC_TRANSACTION", [3]),
        ("stake_deposit", []),
        ("STAKE", []),
        ("", []),
    ],
)
def test_events_by_type(log: LogReader, event_type: str, expected: list[int]) -> None:
    assert orders(log.get_events_by_type(event_type)) == expected


@pytest.mark.parametrize(
    ("venue", "expected"), [("ETHERFI", [2, 5]), ("BINANCE", [6]), ("binance", []), ("weETH", [])]
)
def test_events_by_venue(log: LogReader, venue: str, expected: list[int]) -> None:
    assert orders(log.get_events_by_venue(venue)) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(2, 4, [2, 3, 4]), (1, 1, [1]), (5, 99, [5, 6]), (0, 2, [1, 2]), (4, 2, []), (7, 9, [])],
)
def test_events_by_order_range_both_ends_included(
    log: LogReader, start: int, end: int, expected: list[int]
) -> None:
    assert orders(log.get_events_by_order_range(start, end)) == expected


@pytest.mark.parametrize(("start", "end"), [(-3, 2), (1, -1), (-2, -1), (-(10**30), 2)])
def test_a_negative_order_is_refused_by_a_range_and_a_search(
    log: LogReader, start: int, end: int
) -> None:
    with pytest.raises(InvalidEventError, match="must be a whole number"):
        log.get_events_by_order_range(start, end)
    with pytest.raises(InvalidEventError, match="orders must be"):
        log.search(orders=(start, end))
    with pytest.raises(InvalidEventError, match="parent must be"):
        log.search(parent=min(start, end))


def test_the_summary(log: LogReader) -> None:
    assert log.get_summary_stats() == {
        "total_events": 6,
        "event_types": {
            "GAS_FEE_PAID": 1,
            "STAKE_DEPOSIT": 2,
            "ATOMIC_TRANSACTION": 1,
            "FLASH_BORROW": 1,
            "FUNDING_PAYMENT": 1,
        },
        "venues": {"ETHEREUM": 1, "ETHERFI": 2, "INSTADAPP": 1, "BALANCER": 1, "BINANCE": 1},
        "total_amount": float(2**70),
        "amount_by_token": {
            "ETH": 50.0035,
            "COMPOSITE": 1,
            "WETH": 2**70,
            "USDT": 5.0,
        },
        "first_event_order": 1,
        "last_event_order": 6,
    }


def test_the_summary_of_an_empty_log() -> None:
    with EventLogger() as logger:
        assert logger.get_summary_stats() == {
            "total_events": 0,
            "event_types": {},
            "venues": {},
            "total_amount": 0,
            "amount_by_token": {},
            "first_event_order": None,
            "last_event_order": None,
        }


def test_history_says_when_an_event_was_logged(log: LogReader) -> None:
    (logged,) = log.history(2)
    assert logged["status"] == "completed"
    assert logged["recorded_at"] == log.events[1]["recorded_at"]


@pytest.mark.parametrize("order", [0, 7, -1, "2", None, 2.0, True])
@pytest.mark.parametrize("reading", ["history", "bundle_tree"])
def test_an_order_that_no_event_has_is_refused(log: LogReader, reading: str, order: Any) -> None:
    with pytest.raises(UnknownOrderError) as refused:
        getattr(log, reading)(order)
    assert str(refused.value) == (
        f"order {order!r} names no event of this log: orders run from 1 to 6"
    )


def test_in_a_backtest_everything_is_completed(log: LogReader) -> None:
    for stuck_after in (None, pd.Timedelta("1s")):
        assert log.live_status(stuck_after) == {
            "counts": {"completed": 6},
            "by_venue": {
                venue: {"completed": count}
                for venue, count in log.get_summary_stats()["venues"].items()
            },
            "by_type": {
                event_type: {"completed": count}
                for event_type, count in log.get_summary_stats()["event_types"].items()
            },
            "open": [],
            "stuck": [],
            "confirmation_seconds": {"median": None, "p95": None},
        }


def test_the_dataframe_has_the_declared_fields_then_the_extras(log: LogReader) -> None:
    frame = log.to_dataframe()
    assert list(frame.columns) == [
        *DECLARED_FIELDS,
        "recorded_at",
        *CHAIN_FIELDS,
        "fee_type",
        "input_token",
        "output_token",
        "amount_out",
        "oracle_price",
        "bundle_name",
        "net_result",
        "detail_orders",
        "detail_count",
        "funding_rate",
        "notional_usd",
        "pnl_usd",
        "pnl_type",
        "extra_note",
    ]
    assert list(frame["order"]) == [1, 2, 3, 4, 5, 6]
    assert str(frame["timestamp"].dt.tz) == "UTC"
    assert frame["net_result"][2] == {"debt": 88.7}


def test_the_dataframe_of_an_empty_log_has_the_declared_columns() -> None:
    with EventLogger() as logger:
        frame = logger.to_dataframe()
    assert list(frame.columns) == [*DECLARED_FIELDS, "recorded_at", *CHAIN_FIELDS]
    assert len(frame) == 0


def test_an_update_is_refused_in_a_backtest() -> None:
    with EventLogger() as logger:
        log_a_day(logger)
        before = logger.get_all_events()
        with pytest.raises(UpdateNotAllowedError) as refused:
            logger.update_event(2, {"status": "confirmed"})
        assert str(refused.value) == (
            "order 2 cannot be updated: every event of a backtest log is completed when it is"
            " logged; log a further event instead"
        )
        assert logger.get_all_events() == before


def test_a_reader_sees_what_was_committed_since(tmp_path: Path) -> None:
    url = url_of(tmp_path / "runs.db")
    with EventLogger(store=url) as logger:
        logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO")
        logger.flush()
        with open_log(url) as reader:
            logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO")
            assert reader.global_order == 1
            logger.flush()
            assert reader.global_order == 2
            assert reader.events == logger.events
