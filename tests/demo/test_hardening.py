"""What a careless folder, a gap or a misstated figure may not do to the demo."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from event_logger import EventLogger
from event_logger.demo.market import load_market
from event_logger.demo.market_files import MarketDataError
from event_logger.demo.run import CSV_FILE, DemoFolderError, DemoResult, run_demo
from projections.balances import check_balances
from tests.demo.conftest import csv_of
from tests.demo.test_market import PRICES, Lines, cleaning, edited

Edit = Callable[[Lines], Lines]


def test_another_programs_folder_is_refused_whatever_its_log_is_called(tmp_path: Path) -> None:
    folder = tmp_path / "my-strategy"
    folder.mkdir()
    with EventLogger(store=f"sqlite:///{folder / 'event_log.db'}") as logger:
        logger.log_event(datetime(2024, 5, 12, 14, tzinfo=UTC), "GAS_FEE_PAID", "ETHEREUM")
    with pytest.raises(DemoFolderError):
        run_demo(folder=folder)
    (folder / "strategy.py").write_text("pass")
    with pytest.raises(DemoFolderError):
        run_demo(folder=folder)
    assert (folder / "strategy.py").read_text() == "pass"


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DemoFolderError, match="cannot be made"):
        run_demo(folder=tmp_path / "file" / "run")


def test_a_swap_that_fails_brings_the_former_run_back(
    tmp_path: Path, demo: DemoResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(csv_of(demo).parent, folder)
    (folder / CSV_FILE).write_text("the former one")
    rename = Path.rename

    def full_disk(self: Path, target: Path) -> Path:
        if target == folder and not self.name.endswith(".former"):
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", full_disk)
    with pytest.raises(OSError, match="No space left"):
        run_demo(folder=folder)
    assert (folder / CSV_FILE).read_text() == "the former one"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize(
    ("file", "edit", "said"),
    [
        ("binance_funding.csv", lambda x: x[:20] + x[21:], "one is due every"),
        (
            "bybit_funding.csv",
            lambda x: [line.replace(b":00Z", b":00.003Z") for line in x],
            "not on the hour",
        ),
        ("ethereum_gas.csv", lambda x: [*x[:5], b"\xff\xfe,1,2\n", *x[5:]], "UTF-8"),
        ("ethereum_gas.csv", lambda x: [*x[:5], b"2024-06-01T04:00:00Z\n", *x[5:]], "row 5"),
        ("ethereum_gas.csv", lambda x: [*x[:5], b"x," + b"9" * 25 + b",3\n", *x[5:]], "row 5"),
        ("aave_weth_daily.csv", lambda x: [*x[:6], x[6][:20] + b",0.9\n", *x[7:]], "fall"),
    ],
)
def test_data_that_would_falsify_the_run_is_refused(
    tmp_path: Path, file: str, edit: Edit, said: str
) -> None:
    with pytest.raises(MarketDataError, match=said):
        load_market(edited(tmp_path, file, edit))


def test_one_missing_hour_is_filled_from_the_past_and_counted(tmp_path: Path) -> None:
    folder = edited(tmp_path, PRICES, lambda lines: [*lines[:50], *lines[51:]])
    assert cleaning(folder, PRICES).filled_hours == 1
    hours = load_market(folder).hours
    filled = next(i for i, h in enumerate(hours) if h.time == datetime(2024, 6, 3, 1, tzinfo=UTC))
    assert hours[filled].eth_usd == hours[filled - 1].eth_usd


@pytest.mark.parametrize("kind", ["AAVE_INTEREST", "FUNDING"])
def test_a_misstated_amount_is_noticed(events: list[dict[str, Any]], kind: str) -> None:
    place = next(i for i, event in enumerate(events) if event["transaction_type"] == kind)
    wrong = events[place] | {"amount": events[place]["amount"] + Decimal("1e-18")}
    (difference,) = check_balances([*events[:place], wrong, *events[place + 1 :]])
    assert difference.order == events[place]["order"]
