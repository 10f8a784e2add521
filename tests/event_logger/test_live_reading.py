"""How a live log reads: bundles and what was updated of them, whatever is asked and wherever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from domain.errors import InvalidUpdateError, LogConfigurationError, UnsupportedValueError
from event_logger import EventLogger, open_log, read_event_log
from event_logger.reader import LogReader
from projections.csv_rows import CsvColumns
from tests.support import HOUR, url_of

AT = datetime(2024, 5, 12, 14, 3, 7, tzinfo=UTC)
DETAILS: list[dict[str, Any]] = [
    {"event_type": "FLASH_BORROW", "venue": "BALANCER", "gas_cost_eth": 0.5},
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


@pytest.fixture(params=["logger", "reader"])
def log(request: pytest.FixtureRequest, logger: EventLogger, store: str) -> Iterator[LogReader]:
    """A bundle of four, confirmed; a detail logged later, pending; a bundle of two, dropped."""
    logger.log_atomic_transaction(AT, "ENTRY", DETAILS, event_id="entry")
    logger.log_event(AT, "GAS_FEE_PAID", "ETHEREUM", parent_event=3)
    with logger.bundle(AT, "EXIT") as built:
        built.log_event(None, "FLASH_REPAID", "BALANCER")
    logger.update_event(1, {"status": "submitted"})
    logger.update_event(
        1,
        {
            "status": "confirmed",
            "tx_hash": "0xa",
            "block_number": 7,
            "gas_cost_eth": 0.01,
            "reason": "in time",
            "completion_timestamp": HOUR,
            "position_snapshot": {"wallet": {"ETH": 1}},
        },
    )
    logger.update_event(6, {"status": "dropped", "tx_hash": "0xb"})
    if request.param == "logger":
        yield logger
    else:
        with open_log(store) as reader:
            yield reader


STATUSES = ["confirmed"] * 4 + ["pending"] + ["dropped"] * 2


def test_every_reading_has_the_same_statuses_and_values(log: LogReader, tmp_path: Path) -> None:
    events = log.get_all_events()
    assert [event["status"] for event in events] == STATUSES
    assert [event["tx_hash"] for event in events] == ["0xa"] * 4 + [None] + ["0xb"] * 2
    assert [event["block_number"] for event in events] == [7] * 4 + [None] * 3
    assert [event["gas_cost_eth"] for event in events] == [0.01, 0.5, *[None] * 5]
    assert [event.get("reason") for event in events] == ["in time", *[None] * 6]
    assert [event["wallet_balance_after"] for event in events] == [
        {"wallet": {"ETH": 1}},
        *[None] * 6,
    ]
    assert [log.events[i] for i in range(7)] == events
    assert list(log.events[::-1]) == events[::-1]
    assert log.get_events_by_order_range(2, 6) == events[1:6]
    for event in events:
        assert event in log.get_events_by_type(event["event_type"])
        assert event in log.get_events_by_venue(event["venue"])
    frame = log.to_dataframe()
    assert frame["status"].tolist() == STATUSES
    written = read_event_log(log.export_to_csv(str(tmp_path / "live.csv")))
    assert written["status"].tolist() == STATUSES
    assert written["tx_hash"].tolist()[:4] == ["0xa"] * 4
    assert written["completion_timestamp"].tolist()[:4] == [pd.Timestamp(HOUR)] * 4
    assert written["completion_timestamp"].isna().tolist() == [False] * 4 + [True] * 3


def test_trees_have_the_statuses_too(log: LogReader) -> None:
    def statuses(tree: dict[str, Any]) -> list[Any]:
        return [tree["event"]["status"], *map(statuses, tree["details"])]

    entry = ["confirmed", ["confirmed"], ["confirmed", ["confirmed"], ["pending"]]]
    assert [statuses(log.bundle_tree(order)) for order in range(1, 6)] == [entry] * 5
    assert [statuses(tree) for tree in log.bundle_trees()] == [entry, ["dropped", ["dropped"]]]


def test_a_detail_tells_the_history_of_its_transaction(log: LogReader) -> None:
    wrapper, detail = log.history(1), log.history(4)
    assert [step["status"] for step in detail] == ["pending", "submitted", "confirmed"]
    assert [step["recorded_at"] for step in detail] == [step["recorded_at"] for step in wrapper]
    assert detail[2].keys() == {
        "status",
        "recorded_at",
        "tx_hash",
        "block_number",
        "completion_timestamp",
    }
    assert detail[2]["completion_timestamp"] == pd.Timestamp(HOUR)
    assert wrapper[2]["gas_cost_eth"] == 0.01
    assert [step["status"] for step in log.history(5)] == ["pending"]


def test_details_have_the_hash_that_their_wrapper_was_logged_with(logger: EventLogger) -> None:
    logger.log_atomic_transaction(AT, "ENTRY", DETAILS, tx_hash="0xa", nonce=3)
    logger.update_event(1, {"status": "submitted"})
    assert [(event["tx_hash"], event["nonce"]) for event in logger.events] == [("0xa", 3)] * 4
    assert logger.history(2)[1]["tx_hash"] == "0xa"
    assert {event["tx_hash"] for event in logger.live_status()["open"]} == {"0xa"}


def test_a_reorg_is_the_details_reorg(logger: EventLogger) -> None:
    logger.log_atomic_transaction(AT, "ENTRY", DETAILS)
    logger.update_event(1, {"status": "confirmed", "tx_hash": "0xa", "confirmation_blocks": 3})
    logger.update_event(1, {"status": "reorged"})
    for event in logger.events:
        assert (event["status"], event["tx_hash"], event["confirmation_blocks"]) == (
            "reorged",
            "0xa",
            None,
        )


def test_an_update_changes_a_view_that_is_already_there(logger: EventLogger) -> None:
    for _ in range(1100):
        logger.log_event(AT, "LOAN_CREATED", "BINANCE")
    view = logger.events
    reading = iter(view)
    assert next(reading)["status"] == "pending"
    logger.log_event(AT, "LOAN_CREATED", "BINANCE")
    logger.update_event(1, {"status": "confirmed"})
    logger.update_event(1100, {"status": "failed"})
    assert (view[0]["status"], view[-1]["status"], len(view)) == ("confirmed", "failed", 1100)
    assert [event["status"] for event in reading][-1] == "failed"


def test_what_json_cannot_hold_is_named_by_its_field(logger: EventLogger) -> None:
    logger.log_event(AT, "STAKE_DEPOSIT", "LIDO")
    with pytest.raises(UnsupportedValueError, match=r"^position_snapshot\.wallet\.ETH holds <"):
        logger.update_event(1, {"position_snapshot": {"wallet": {"ETH": object()}}})
    with pytest.raises(UnsupportedValueError, match=r"^reason holds .* no valid Unicode text"):
        logger.update_event(1, {"reason": "\ud800"})
    assert len(logger.history(1)) == 1


def test_an_update_is_captured_when_it_is_made(logger: EventLogger) -> None:
    order = logger.log_event(AT, "STAKE_DEPOSIT", "LIDO")
    update: dict[str, Any] = {"status": "confirmed", "position_snapshot": {"wallet": {"ETH": 1}}}
    logger.update_event(order, update)
    assert update == {"status": "confirmed", "position_snapshot": {"wallet": {"ETH": 1}}}
    update["position_snapshot"]["wallet"]["ETH"] = 2
    assert logger.events[0]["wallet_balance_after"] == {"wallet": {"ETH": 1}}


def test_a_detail_of_a_built_bundle_is_no_event_of_its_own(logger: EventLogger) -> None:
    with logger.bundle(AT, "ENTRY") as built:
        built.log_event(None, "FLASH_BORROW", "BALANCER")
    with pytest.raises(InvalidUpdateError, match="2 is a detail of the bundle of order 1"):
        logger.update_event(2, {"status": "confirmed"})


def test_a_backtest_does_not_become_live(store: str) -> None:
    with EventLogger(store=store) as backtest:
        backtest.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
    with pytest.raises(LogConfigurationError, match="log 'default' is a backtest log"):
        EventLogger("live", store=store, redis=False)
    with open_log(store) as reader:
        assert [event["status"] for event in reader.events] == ["completed"]


def test_an_event_of_another_process_can_be_a_parent(logger: EventLogger, store: str) -> None:
    with EventLogger("live", store=store, redis=False) as other:
        parent = other.log_event(AT, "STAKE_DEPOSIT", "LIDO")
    late = logger.log_event(
        AT, "GAS_FEE_PAID", "ETHEREUM", parent_event=parent, related_events=[parent]
    )
    logger.update_event(parent, {"status": "confirmed"})
    assert [event["status"] for event in logger.events] == ["confirmed", "pending"]
    assert logger.bundle_tree(late)["event"]["order"] == parent


def test_an_export_is_of_one_moment(
    logger: EventLogger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO")
    names = CsvColumns.names

    def updated_meanwhile(columns: CsvColumns) -> list[str]:
        logger.update_event(1, {"status": "confirmed", "nonce": 3, "reason": "meanwhile"})
        return names(columns)

    monkeypatch.setattr(CsvColumns, "names", updated_meanwhile)
    frame = read_event_log(logger.export_to_csv(str(tmp_path / "live.csv")))
    assert frame["status"].tolist() == ["pending"]
    assert "nonce" not in frame.columns
    monkeypatch.undo()
    frame = read_event_log(logger.export_to_csv(str(tmp_path / "live.csv")))
    assert (frame["status"][0], frame["nonce"][0], frame["reason"][0]) == (
        "confirmed", 3, "meanwhile",
    )  # fmt: skip
