"""The demo: a strategy whose balances follow from its events, on data that can be made again."""

from __future__ import annotations

import shutil
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from event_logger import EventLogger, open_log
from event_logger.demo.generate_market import generate
from event_logger.demo.market import SOURCES, load_market
from event_logger.demo.market_files import MarketDataError
from event_logger.demo.run import (
    LOG,
    SHIPPED_MARKET,
    DemoFolderError,
    DemoResult,
    run_demo,
    run_demo_on,
)
from projections.balances import check_balances
from tests.commands import run
from tests.demo.conftest import csv_of


@pytest.fixture
def market(tmp_path: Path) -> Path:
    folder = tmp_path / "market"
    folder.mkdir()
    generate(folder)
    return folder


def test_every_snapshot_equals_the_balances_recomputed_from_the_events(demo: DemoResult) -> None:
    assert demo.differences == []


def test_its_audit_finds_nothing_and_what_is_certified_is_what_is_there(demo: DemoResult) -> None:
    assert [one for one in demo.audit if one.severity == "error"] == []
    assert demo.audit.is_sound
    assert str(demo.audit.horizon) == demo.certificate["horizon"]
    with open_log(demo.store, demo.log) as log:
        assert log.certify()["tree"]["root"] == demo.certificate["tree"]["root"]
        assert log.audit().results == demo.audit.results


def test_the_check_of_the_balances_can_fail(demo: DemoResult) -> None:
    with open_log(demo.store, demo.log) as log:
        events = log.get_all_events()
    trade = next(event for event in events if event["event_type"] == "SPOT_TRADE")
    trade["amount"] += Decimal("1e-18")
    differences = check_balances(events)
    assert differences[0].order == trade["order"]
    assert differences[0].balance == "binance.ETH"


def test_the_run_does_what_such_a_strategy_does(demo: DemoResult) -> None:
    types = demo.stats["event_types"]
    hours = demo.hours
    assert types["PRICE_UPDATE"] == hours - 1
    assert types["HOURLY_RECONCILIATION"] == 2 * (hours - 1)
    assert types["FUNDING_PAYMENT"] == 2 * ((hours - 1) // 8)
    assert types["RISK_ALERT"] >= 1
    assert types["REBALANCE_EXECUTED"] >= 1
    assert demo.entry["event"]["bundle_name"] == "ATOMIC_LEVERAGE_ENTRY"
    assert len(demo.entry["details"]) >= 6
    with open_log(demo.store, demo.log) as log:
        trees = list(log.bundle_trees())
        assert all(event["wallet_balance_after"] is not None for event in log.events)
        assert log.metadata["parameters"]["leverage"] == "3"
    assert trees[-1]["event"]["bundle_name"] == "ATOMIC_EXIT"


def test_at_the_end_everything_is_usdt_but_the_gas_reserve(demo: DemoResult) -> None:
    with open_log(demo.store, demo.log) as log:
        last = log.events[-1]["wallet_balance_after"]
    assert last["wallet"]["aWeETH"] == last["wallet"]["variableDebtWETH"] == 0
    assert all(account["USDT"] == 0 for account in last["cex_accounts"].values())
    assert all(one["ETHUSDT-PERP"]["size"] == 0 for one in last["perp_positions"].values())
    assert last["wallet"]["USDT"] > 95_000


def test_the_same_market_gives_the_same_file(demo: DemoResult, tmp_path: Path) -> None:
    again = run_demo(folder=tmp_path / "demo-run")
    assert csv_of(again).read_bytes() == csv_of(demo).read_bytes()


def test_a_second_run_replaces_the_folder(tmp_path: Path, market: Path, demo: DemoResult) -> None:
    folder = tmp_path / "demo-run"
    shutil.copytree(csv_of(demo).parent, folder)
    run_demo(market, folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "event_log.csv",
        "event_log.db",
    ]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("name", ["left-over", "notes.txt", "event_log.csv.bak", ".hidden", "sub/"])
def test_what_lies_beside_a_former_run_is_never_deleted(
    name: str, tmp_path: Path, demo: DemoResult
) -> None:
    folder = tmp_path / "demo-run"
    shutil.copytree(csv_of(demo).parent, folder)
    beside = folder / name
    beside.mkdir() if name.endswith("/") else beside.write_text("precious")
    before = {
        path: path.stat().st_mtime_ns for path in folder.iterdir() if path.suffix != ".db-shm"
    }
    with pytest.raises(DemoFolderError, match="is no former demo run alone"):
        run_demo(folder=folder)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_folder_that_is_no_demo_run_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    with pytest.raises(DemoFolderError, match="is there and is no former demo run alone"):
        run_demo(folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_the_shipped_month_is_what_its_script_makes(market: Path) -> None:
    made = {path.name: path.read_bytes() for path in market.iterdir()}
    assert made == {path.name: path.read_bytes() for path in SHIPPED_MARKET.iterdir()}


def test_exact_duplicates_are_dropped_and_counted(market: Path) -> None:
    path = market / SOURCES["eth_usd"].file
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:5], lines[4], *lines[5:]]))
    cleaning = {one.file: one for one in load_market(market).cleaning}
    assert cleaning[path.name].duplicates == 1
    assert load_market(market).hours == load_market(SHIPPED_MARKET).hours


def test_a_short_gap_is_filled_from_before_and_counted(market: Path) -> None:
    path = market / SOURCES["eth_usd"].file
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:10], *lines[12:]]))
    hours = load_market(market).hours
    shipped = load_market(SHIPPED_MARKET).hours
    assert hours[9].eth_usd == hours[10].eth_usd == shipped[8].eth_usd
    assert hours[11].eth_usd == shipped[11].eth_usd


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda lines: lines[:10] + lines[20:], "more than the 3:00:00 that a value stays usable"),
        (lambda lines: [*lines[:5], lines[4].replace(",3", ",4", 1), *lines[5:]], "contradicts"),
        (lambda lines: [*lines[:5], lines[3], *lines[5:]], "contradicts or precedes"),
        (lambda lines: [*lines[:5], "soon,1,1,1,1\n"], "row 5 holds"),
        (lambda lines: [*lines[:5], lines[5].split(",")[0] + ",-3,1,1,1\n"], "holds the value -3"),
        (lambda lines: ["a,b\n", *lines[1:]], "has no column 'timestamp'"),
        (lambda lines: lines[:1], "holds no usable row"),
    ],
)
def test_market_data_that_cannot_be_trusted_is_refused(
    market: Path, change: object, sentence: str
) -> None:
    path = market / SOURCES["eth_usd"].file
    assert callable(change)
    path.write_text("".join(change(path.read_text().splitlines(keepends=True))))
    with pytest.raises(MarketDataError, match=sentence):
        load_market(market)


def test_a_missing_file_is_named(market: Path) -> None:
    (market / SOURCES["gas_gwei"].file).unlink()
    with pytest.raises(MarketDataError, match=r"ethereum_gas\.csv: cannot be read"):
        load_market(market)


def test_nothing_is_known_before_it_was_published(market: Path) -> None:
    hours = load_market(market).hours[:48]
    by_time = {hour.time: hour for hour in hours}
    for hour in hours:
        assert hour.weeth_eth == by_time[hour.time.replace(hour=0)].weeth_eth


def test_it_runs_on_a_store_that_is_named_beside_what_is_there(
    tmp_path: Path, demo: DemoResult
) -> None:
    store = f"sqlite:///{tmp_path / 'desk.db'}"
    with EventLogger(store=store, log=LOG) as logger:
        logger.log_event(datetime(2024, 5, 12, 14), "GAS_FEE_PAID", "ETHEREUM", "ETH", 1)
    result = run_demo_on(store, csv=tmp_path / "desk.csv")
    assert (result.store, result.log) == (store, f"{LOG}.2")
    assert csv_of(result).read_bytes() == csv_of(demo).read_bytes()
    assert (result.differences, result.audit.is_sound) == ([], True)
    assert result.pnl_usdt == demo.pnl_usdt
    with open_log(store, LOG) as log:
        assert log.global_order == 1


def test_a_store_or_file_that_cannot_be_is_said(tmp_path: Path) -> None:
    taken = tmp_path / "event_log.csv"
    taken.write_text("somebody's")
    store = f"sqlite:///{tmp_path / 'desk.db'}"
    done = run("demo", "--store", store, "--folder", str(tmp_path), code=1)
    assert "there is such a file already" in done.stderr
    assert taken.read_text() == "somebody's"
    assert "is memory" in run("demo", "--store", ":memory:", code=1).stderr
    assert list(tmp_path.iterdir()) == [taken]
