"""Cells of declared columns: which times, whole numbers and JSON are taken, and which refused."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from domain.errors import EventLogFileError
from tests.infrastructure.files.test_read_event_log import path, read

__all__ = ["path"]


@pytest.mark.parametrize("cell", ["6", "6.0", "6.00"])
def test_whole_numbers_as_pandas_writes_them_beside_gaps_are_ints(path: Path, cell: str) -> None:
    column = read(path, "gas_units", cell, "")
    assert str(column.dtype) == "Int64"
    assert column[0] == 6


@pytest.mark.parametrize(
    ("cell", "iso"),
    [
        ("2024-05-12", "2024-05-12T00:00:00"),
        ("2024-05-12T14:00", "2024-05-12T14:00:00"),
        ("2024-05-12 14:00:00.5", "2024-05-12T14:00:00.5"),
        ("2024-05-12T14:00:00,25Z", "2024-05-12T14:00:00.25"),
        ("2024-05-12t14:00:00z", "2024-05-12T14:00:00"),
        ("2024-05-12T14:00:00.123456789+00:00", "2024-05-12T14:00:00.123456789"),
        ("2024-05-12T16:00:00+0200", "2024-05-12T14:00:00"),
        ("2024-05-11T23:30:00-14:30", "2024-05-12T14:00:00"),
        ("20240512T140000Z", "2024-05-12T14:00:00"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00"),
    ],
)
def test_times_are_iso_8601(path: Path, cell: str, iso: str) -> None:
    (found,) = read(path, "trigger_timestamp", f'"{cell}"')
    assert found == pd.Timestamp(iso, tz="UTC")


@pytest.mark.parametrize(
    "cell",
    [
        "12/05/2024 14:00", "12/05/2024", "24-05-12", "14:00", "now", "today", "May", "May 2024",
        "20240512", "1715522400", "2024-05", "2024", "2024-13-01", "2024-02-30", "2024-05-12T25:00",
        "2024-05-12T14", "2024-05-12T14:60", "2024-05-12T14:00:60Z", "2024-W19-7", "2024-133",
        "2024-05-12T14:00:00+25:00", "2024-05-12T14:00:00 UTC", "2024-05-12T14:00:00.0123456789Z",
        "0000-01-01", "0001-01-01T00:00:00+01:00", "٢٠٢٤-05-12", "NaT", " 2024-05-12",
    ],
)  # fmt: skip
def test_any_other_time_is_refused_with_its_row(path: Path, cell: str) -> None:
    with pytest.raises(EventLogFileError, match="is no time; write it as 2024-05-12T14") as refused:
        read(path, "trigger_timestamp", "", f'"{cell}"')
    assert refused.value.row == 2


def test_nanoseconds_beside_a_time_that_they_cannot_tell_are_refused(path: Path) -> None:
    nanoseconds, far = "2024-05-12T14:00:00.000000001Z", "2300-01-01"
    with pytest.raises(EventLogFileError, match="'2300-01-01' is beyond what nanosec") as refused:
        read(path, "trigger_timestamp", nanoseconds, far)
    assert refused.value.row == 2


@pytest.mark.parametrize("cell", ["{", "[1", "x", "5", "null", '{""a"":1E999999999999999999999}'])
def test_json_that_does_not_parse_is_refused_with_row_and_column(path: Path, cell: str) -> None:
    with pytest.raises(EventLogFileError, match=r"wallet_balance_after .* is no JSON") as refused:
        read(path, "wallet_balance_after", '"{""a"":1}"', f'"{cell}"')
    assert refused.value.row == 2


def test_json_that_a_spreadsheet_cut_is_said_to_be(path: Path) -> None:
    cut = '"{""a"":[' + "1," * 20_000 + '"'
    with pytest.raises(EventLogFileError, match="a spreadsheet cut it at 32,767"):
        read(path, "wallet_balance_after", cut)
