"""Market data from files: cleaned, never looking ahead, refused in one sentence."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from event_logger.demo.market import Cleaning, load_market
from event_logger.demo.market_files import MarketDataError
from event_logger.demo.run import SHIPPED_MARKET

PRICES = "eth_usdt_spot_1h.csv"
Lines = list[bytes]


def edited(tmp_path: Path, file: str, edit: Callable[[Lines], Lines]) -> Path:
    folder = tmp_path / "market"
    shutil.copytree(SHIPPED_MARKET, folder)
    path = folder / file
    path.write_bytes(b"".join(edit(path.read_bytes().splitlines(keepends=True))))
    return folder


def cleaning(folder: Path, file: str) -> Cleaning:
    return next(one for one in load_market(folder).cleaning if one.file == file)


def test_hours_are_consecutive_full_hours() -> None:
    times = [hour.time for hour in load_market(SHIPPED_MARKET).hours]
    assert all(b - a == timedelta(hours=1) for a, b in pairwise(times))
    assert all(time.minute == time.second == 0 for time in times)
    assert len(times) == 743


def test_the_future_changes_nothing_that_was_known(tmp_path: Path) -> None:
    before = load_market(SHIPPED_MARKET).hours
    for file in [path.name for path in SHIPPED_MARKET.glob("*.csv")]:
        place = tmp_path / file
        place.mkdir()
        cut = load_market(edited(place, file, lambda lines: lines[: len(lines) * 2 // 3])).hours
        assert cut == before[: len(cut)]
        assert len(cut) > 400


def test_gas_is_known_from_its_block_on(tmp_path: Path) -> None:
    def two_minutes_later(lines: Lines) -> Lines:
        label, stamp, price = lines[50].split(b",")
        assert label == b"2024-06-03T01:00:00Z"
        row = b",".join([label, str(int(stamp) + 120).encode(), price])
        return [*lines[:50], row, *lines[51:]]

    folder = edited(tmp_path, "ethereum_gas.csv", two_minutes_later)
    gas = {hour.time: hour.gas_gwei for hour in load_market(folder).hours}
    known = {hour.time: hour.gas_gwei for hour in load_market(SHIPPED_MARKET).hours}
    late = datetime(2024, 6, 3, 1, tzinfo=UTC)
    # The block comes after the hour that its row is labelled with, which has the one before.
    assert gas == known | {late: known[late - timedelta(hours=1)]}


def test_the_oracle_is_used_at_midnight_only(tmp_path: Path) -> None:
    def nonsense_by_day(lines: Lines) -> Lines:
        return [
            x if i == 0 or b"T00:" in x else x.split(b",")[0] + b",9\n" for i, x in enumerate(lines)
        ]

    folder = edited(tmp_path, "weeth_eth_oracle_1h.csv", nonsense_by_day)
    assert load_market(folder).hours == load_market(SHIPPED_MARKET).hours


def test_an_exact_duplicate_is_dropped_and_counted(tmp_path: Path) -> None:
    folder = edited(tmp_path, PRICES, lambda lines: [*lines[:51], *lines[50:]])
    assert cleaning(folder, PRICES).duplicates == 1
    assert load_market(folder).hours == load_market(SHIPPED_MARKET).hours


def test_comment_lines_are_skipped(tmp_path: Path) -> None:
    folder = edited(tmp_path, PRICES, lambda lines: [b"# Source: a walk\n", *lines])
    assert load_market(folder).hours == load_market(SHIPPED_MARKET).hours


@pytest.mark.parametrize(
    ("file", "edit", "said"),
    [
        (PRICES, lambda x: [*x[:50], x[49][:19] + b"Z,1,1,1,1\n", *x[50:]], "contradicts"),
        (PRICES, lambda x: x[:50] + x[58:], "nothing between"),
        (PRICES, lambda x: [], "no column 'timestamp'"),
        (PRICES, lambda x: x[:1], "no usable row"),
        (PRICES, lambda x: [*x[:50], b"2024-06-03T01:00:00Z,nan,1,1,1\n", *x[51:]], "NaN"),
        (PRICES, lambda x: [*x[:50], b"2024-06-03T01:00:00Z,-3,1,1,1\n", *x[51:]], "-3"),
        *(
            (PRICES, lambda x, at=at: [*x[:50], f"{at},3,1,1,1\n".encode(), *x[51:]], at)
            for at in ("yesterday", "20240603", "03/06/2024", "14:00", "2024-W23-1", "2024-6-3")
        ),
    ],
)
def test_bad_files_are_refused(
    tmp_path: Path, file: str, edit: Callable[[Lines], Lines], said: str
) -> None:
    with pytest.raises(MarketDataError, match=said) as refusal:
        load_market(edited(tmp_path, file, edit))
    assert file in str(refusal.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = edited(tmp_path, PRICES, lambda lines: lines)
    (folder / "bybit_funding.csv").unlink()
    with pytest.raises(MarketDataError, match=r"bybit_funding\.csv"):
        load_market(folder)
