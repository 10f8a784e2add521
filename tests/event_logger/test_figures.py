"""`asset_figures` and `balances` of a reader, and `stats` and `balances` on the command line."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.errors import HorizonError, UnknownOrderError
from domain.horizon import Horizon
from event_logger import AsyncEventLogger, EventLogger
from event_logger.reader import LogReader
from tests.commands import run
from tests.support import HOUR

STORE = ("--store", "sqlite:///runs.db")


def fill(logger: EventLogger) -> None:
    def held(eth: str) -> dict[str, dict[str, Decimal]]:
        return {"wallet": {"ETH": Decimal(eth)}}

    logger.log_event(HOUR, "BALANCE_CHANGE", "WALLET", "ETH", 10, held("10"), changes={"ETH": 10})
    logger.log_price_update(HOUR, "BINANCE", "ETH", Decimal(3000))
    gas: dict[str, Any] = {
        "event_type": "GAS_FEE_PAID",
        "venue": "ETHEREUM",
        "token": "ETH",
        "amount": 1,
    }
    logger.log_atomic_transaction(HOUR, "ENTRY", [gas, gas], {}, held("7"))
    logger.log_event(**gas, timestamp=HOUR)
    logger.log_reconciliation(HOUR, "BINANCE", "USDT", Decimal("5.0"), Decimal("5.0"))


@pytest.fixture
def reader() -> LogReader:
    logger = EventLogger()
    fill(logger)
    return logger


@pytest.mark.parametrize(
    ("at", "order", "snapshot_order", "from_events", "difference"),
    [
        (None, 7, 5, 7, -1),
        (7, 7, 5, 7, -1),
        (5, 5, 5, 8, -1),
        (4, 5, 5, 8, -1),  # of a bundle: the whole
        (3, 5, 5, 8, -1),
        (2, 2, 1, 10, 0),
        (1, 1, 1, 10, 0),
    ],
)
def test_balances_are_as_of_an_order(
    reader: LogReader,
    at: int | None,
    order: int,
    snapshot_order: int,
    from_events: int,
    difference: int,
) -> None:
    told = reader.balances(at)
    assert (told["order"], told["snapshot_order"]) == (order, snapshot_order)
    (row,) = told["balances"]
    assert (row["account"], row["asset"]) == ("WALLET", "ETH")
    assert (row["from_events"], row["difference"]) == (from_events, difference)


@pytest.mark.parametrize("at", [8, -1, True, 1.5, "yesterday", Horizon(3, 1)])
def test_balances_as_of_what_never_was_are_refused(reader: LogReader, at: Any) -> None:
    with pytest.raises((HorizonError, UnknownOrderError)):
        reader.balances(at)


def test_prices_and_balances_are_no_flows(reader: LogReader) -> None:
    told = reader.asset_figures()
    assert told["flows"] == {"ETH": {"in": 10, "out": 3, "net": 7}}
    assert told["prices"]["ETH"]["last"] == 3000
    assert told["balances"][0]["last"] == 5
    assert set(told).isdisjoint(reader.get_summary_stats())


async def filled_asynchronously() -> tuple[object, object]:
    async with AsyncEventLogger() as logger:
        await logger.log_gas_fee(HOUR, 1, 3000, "STAKE", 1, 1)
        return await logger.balances(1), await logger.asset_figures()


def test_asynchronous_readers_give_the_same() -> None:
    import asyncio

    logger = EventLogger()
    logger.log_gas_fee(HOUR, 1, 3000, "STAKE", 1, 1)
    expected = logger.balances(), logger.asset_figures()
    assert asyncio.run(filled_asynchronously()) == expected


def test_a_live_event_that_failed_moved_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'live.db'}"
    with EventLogger("live", store=url, redis=False) as logger:
        for status in ("confirmed", "failed"):
            order = logger.log_gas_fee(HOUR, 1, 3000, "STAKE", 1, 1)
            logger.update_event(order, {"status": status})
        assert logger.balances()["balances"][0]["from_events"] == -1
        # As it was known then: the second was still open, and nothing had failed.
        assert logger.balances(Horizon(2, 1))["balances"][0]["from_events"] == -2
        assert logger.asset_figures()["flows"]["ETH"]["out"] == 1


@pytest.fixture
def _stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with EventLogger(store="sqlite:///runs.db") as logger:
        fill(logger)


@pytest.mark.usefixtures("_stored")
def test_the_command_line_shows_flows_and_balances() -> None:
    stats = json.loads(run("stats", *STORE, "--json").stdout)
    assert stats["flows"] == {"ETH": {"in": 10, "out": 3, "net": 7}}
    assert stats["amount_by_token"]["ETH"] == 3013
    lines = run("stats", *STORE).stdout.splitlines()
    assert lines[-8].split() == ["flows", "in", "out", "net"]
    assert lines[-7].split() == ["ETH", "10", "3", "7"]
    assert "amount by token" not in "\n".join(lines)
    told = json.loads(run("balances", *STORE, "--at", "4", "--json").stdout)
    assert (told["order"], told["balances"][0]["from_events"]) == (5, 8)
    first, _, titles, row = run("balances", *STORE).stdout.splitlines()
    assert first == "as of order 7; last snapshot after order 5"
    assert titles.split() == ["account", "asset", "from", "events", "snapshot", "difference"]
    assert row.split() == ["WALLET", "ETH", "7", "7", "-1"]
    later = json.loads(run("balances", *STORE, "--at", "2999-01-01T00:00Z", "--json").stdout)
    assert later["order"] == 7
    assert "9 names no event" in run("balances", *STORE, "--at", "9", code=1).stderr
