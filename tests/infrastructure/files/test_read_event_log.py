"""`read_event_log`: a CSV event log back with its types, or an error that names the row."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from domain.errors import EventLogFileError, LogConfigurationError
from event_logger import EventLogger, read_event_log
from tests.projections.test_csv_golden import GOLDEN
from tests.support import HOUR

NEEDED = "timestamp,event_type,venue"
START = "2024-05-12T14:00:00Z,STAKE_DEPOSIT,LIDO"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "event_log.csv"


def read(path: Path, column: str, *cells: str) -> pd.Series[Any]:
    """The column of a file that has it beside what every event log needs."""
    lines = [f"{NEEDED},{column}", *(f"{START},{cell}" for cell in cells)]
    path.write_text("\n".join(lines) + "\n")
    return read_event_log(path)[column]


def test_the_columns_and_rows_are_those_of_the_file() -> None:
    frame = read_event_log(GOLDEN)
    assert list(frame.columns) == GOLDEN.read_text().splitlines()[0].split(",")
    assert list(frame["order"]) == list(range(1, 8))


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("timestamp", "UTC"),
        ("trigger_timestamp", "UTC"),
        ("completion_timestamp", "UTC"),
        ("order", "Int64"),
        ("gas_units", "Int64"),
        ("iteration", "Int64"),
        ("parent_event", "Int64"),
        ("confirmation_blocks", "Int64"),
        ("nonce", "Int64"),
        ("block_number", "Int64"),
        ("detail_count", "Int64"),
        ("gas_cost_eth", "float64"),
        ("entry_price", "float64"),
        ("venue", "object"),
    ],
)
def test_the_types_of_the_columns(column: str, kind: str) -> None:
    assert kind in str(read_event_log(GOLDEN)[column].dtype)


def test_ints_stay_ints_where_there_are_gaps() -> None:
    parents = read_event_log(GOLDEN)["parent_event"]
    assert parents[2] == 2
    assert isinstance(parents[2], int | type(parents.dropna().iloc[0]))
    assert list(parents.isna()) == [True, True, False, False, True, True, True]


def test_json_is_parsed() -> None:
    frame = read_event_log(GOLDEN)
    assert frame["net_result"][1] == {"collateral": 95.24, "debt": 88.7}
    assert frame["detail_orders"][1] == [3, 4]
    assert frame["related_events"][6] == [1, 2]
    assert frame["limits"][6] == {"soft": 0.9, "hard": None}
    assert frame["wallet_balance_after"][0]["wallet"] == {
        "ETH": 49.9965,
        "aWeETH": Decimal("95.240000000000000001"),
    }


def test_times_are_in_utc_to_the_nanosecond() -> None:
    frame = read_event_log(GOLDEN)
    assert frame["timestamp"][5] == pd.Timestamp("2024-05-12 02:00", tz="UTC")
    trigger = frame["trigger_timestamp"][6]
    assert trigger == pd.Timestamp("2024-05-12T01:59:59.123456789Z")
    assert trigger.nanosecond == 789
    assert frame["trigger_timestamp"][0] is pd.NaT


def test_a_naive_time_is_taken_as_utc_and_another_zone_is_turned_into_it(path: Path) -> None:
    path.write_text(
        f"{NEEDED}\n2024-05-12 14:00:00,A,B\n2024-05-12T16:00:00+02:00,A,B\n"
        "2024-05-12T14:00:00.000000Z,A,B\n"
    )
    assert (
        list(read_event_log(path)["timestamp"]) == [pd.Timestamp("2024-05-12 14:00", tz="UTC")] * 3
    )


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1", 1),
        ("-7", -7),
        ("0", 0),
        ("1180591620717411303424", 2**70),
        ("0.1", 0.1),
        ("1.50", 1.5),
        ("1e-05", 1e-05),
        ("1E-18", 1e-18),
        ("1e+16", 1e16),
        ("1E+16", 1e16),
        ("0E-8", 0.0),
        ("-0.0", -0.0),
        ("0.000001", 1e-6),
        ("0.1234567890123456789", 0.12345678901234568),
        ("95.240000000000000001", 95.24),
        ("1E-400", 0.0),
        ("True", True),
        ("False", False),
        ('"[1,{""a"":null}]"', [1, {"a": None}]),
        ("{}", {}),
    ],
)
def test_an_extra_in_the_form_of_the_export_is_a_value(path: Path, cell: str, value: Any) -> None:
    (found,) = read(path, "extra", cell)
    assert found == value
    assert not isinstance(found, str)


TEXTS = [
    "1e16", "12345e10", "47671950010092e5", "1e5", "1E5", "1.", ".5", "-.5", "-0", "+5", "--5",
    "007", "-007", "00", "0.0000001", "0x1f", "0x1F", "1_000", "1.2.3", "e5", "1e", "٣", "٣.٥",
    "nan", "inf", "-inf", "NaN", "Infinity", "true", "TRUE", "None", "NULL", "null", " 5", "5 ",
    "4e99999999999999999999", "{not json", "[ETH]", "[1, 2]", "[01]", "[", "{}x", "2024-05-12",
    "2024-05-12T14:00:00Z", "1,5", "50%", "$5", "now", "today",
]  # fmt: skip


@pytest.mark.parametrize("cell", TEXTS)
@pytest.mark.parametrize("numbers", ["float", "decimal"])
def test_an_extra_in_any_other_form_is_text_as_it_stands(
    path: Path, cell: str, numbers: Any
) -> None:
    path.write_text(f'{NEEDED},extra\n{START},"{cell}"\n')
    (found,) = read_event_log(path, numbers)["extra"]
    assert found == cell
    assert type(found) is str


@pytest.mark.parametrize(
    ("cells", "dtype", "values"),
    [
        (["1", "", "3"], "Int64", [1, None, 3]),
        (["1", "2.5"], "float64", [1.0, 2.5]),
        (["", ""], "object", [None, None]),
        (["1", "x"], "object", ["1", "x"]),
        (["1.5", "1."], "object", ["1.5", "1."]),
        (["1", str(2**70), ""], "object", [1, 2**70, None]),
        ([str(2**63 - 1), ""], "Int64", [2**63 - 1, None]),
        ([str(2**53 + 1), "0.5"], "float64", [2.0**53, 0.5]),
        (["0.5", "0.1234567890123456789"], "float64", [0.5, 0.12345678901234568]),
        (["1.5", "inf", "-inf"], "float64", [1.5, float("inf"), float("-inf")]),
        (["True", "", "False"], "boolean", [True, None, False]),
        (["True", "1"], "object", ["True", "1"]),
        (["True", "yes"], "object", ["True", "yes"]),
        (["[1]", "", "{}"], "object", [[1], None, {}]),
        (["[1]", "see above"], "object", ["[1]", "see above"]),
        (["[1]", "[1, 2]"], "object", ["[1]", "[1, 2]"]),
    ],
)
def test_a_column_has_one_type(path: Path, cells: list[str], dtype: str, values: list[Any]) -> None:
    column = read(path, "extra", *(f'"{cell}"' for cell in cells))
    assert str(column.dtype) == dtype
    assert [None if value is pd.NA else value for value in column] == values


def test_a_float_that_was_not_finite_is_a_number_beside_others(path: Path) -> None:
    column = read(path, "extra", "1.5", "nan")
    assert str(column.dtype) == "float64"
    assert pd.isna(column[1])


def test_decimals_have_the_digits_that_were_written(path: Path) -> None:
    path.write_text(f"{NEEDED},amount,x\n{START},1.50,0\n{START},,1E-400\n{START},7,2.0\n")
    frame = read_event_log(path, numbers="decimal")
    assert [str(one) for one in frame["amount"]] == ["1.50", "None", "7"]
    assert [str(one) for one in frame["x"]] == ["0", "1E-400", "2.0"]
    assert all(type(one) is Decimal for one in frame["x"])


def test_what_a_float_cannot_hold_asks_for_decimals(path: Path) -> None:
    with pytest.raises(EventLogFileError, match="beyond what a float holds; read with numbers="):
        read(path, "x", "1", "1E+400")
    assert read_event_log(path, numbers="decimal")["x"][1] == Decimal("1E+400")


def test_numbers_is_float_or_decimal(path: Path) -> None:
    with pytest.raises(LogConfigurationError, match="must be 'float' or 'decimal', not 'int'"):
        read_event_log(path, numbers="int")  # type: ignore[arg-type]


def test_a_byte_order_mark_is_skipped(path: Path) -> None:
    path.write_text(f"{NEEDED}\n{START}\n", encoding="utf-8-sig")
    assert list(read_event_log(path).columns) == NEEDED.split(",")


@pytest.mark.parametrize("column", ["venue", "token", "event_id", "purpose", "tx_hash"])
def test_text_columns_stay_text_whatever_they_look_like(path: Path, column: str) -> None:
    cells = ["1", "1e5", "[1]", "{}", "0x1f", "007", "nan"]
    if column == "venue":
        path.write_text(
            "timestamp,event_type,venue\n"
            + "".join(f"2024-05-12T14:00:00Z,A,{cell}\n" for cell in cells)
        )
        assert list(read_event_log(path)["venue"]) == cells
    else:
        assert list(read(path, column, *cells)) == cells


def test_text_that_nests_without_end_stays_text(path: Path) -> None:
    (found,) = read(path, "extra", "[" * 100_000)
    assert found == "[" * 100_000


def test_decimals_and_wei_come_back_through_the_file(path: Path) -> None:
    amounts: list[int | float | Decimal] = [
        2**70,
        Decimal("0.1234567890123456789012345"),
        0.1,
        10**18,
    ]
    with EventLogger() as logger:
        for amount in amounts:
            logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", amount)
        frame = read_event_log(logger.export_to_csv(str(path)), numbers="decimal")
    assert list(frame["amount"]) == [Decimal(str(amount)) for amount in amounts]
    assert all(type(amount) is Decimal for amount in frame["amount"])
    assert list(read_event_log(path)["amount"]) == [float(amount) for amount in amounts]


@pytest.mark.parametrize(
    ("text", "row", "problem"),
    [
        ("", 0, "the header has no column 'timestamp'"),
        ("timestamp,venue\n", 0, "the header has no column 'event_type'"),
        ("timestamp,event_type\n", 0, "the header has no column 'venue'"),
        (f"{NEEDED},x,x\n", 0, "the header has 'x' twice"),
        (f"{NEEDED}\n{START}\n2024-05-12T14:00:00Z,A\n", 2, "has 2 cells under 3 columns"),
        (f"{NEEDED}\n{START},extra\n", 1, "has 4 cells under 3 columns"),
        (f"{NEEDED}\nyesterday at noon,A,B\n", 1, "timestamp 'yesterday at noon' is no time"),
        (f"{NEEDED},order\n{START},1\n{START},two\n", 2, "order 'two' is no whole number"),
        (f"{NEEDED},gas_units\n{START},1.5\n", 1, "gas_units '1.5' is no whole number"),
        (f"{NEEDED},amount\n{START},much\n", 1, "amount 'much' is no number"),
        (f'{NEEDED},amount\n{START},1\n{START},"1,000"\n', 2, "amount '1,000' is no number"),
        (f'{NEEDED},amount\n{START},"1,5,"\n', 1, "amount '1,5,' is no number"),
        (f'{NEEDED},fee\n{START},\n{START},"1,-2.5"\n', 2, "fee '1,-2.5' is no number"),
        (f'{NEEDED}\n"2024', 1, "is no CSV"),
        (f'{NEEDED}\n{START}\n"a"b,A,B\n', 2, "is no CSV"),
    ],
)
def test_what_is_no_event_log_is_refused_with_its_row(
    path: Path, text: str, row: int, problem: str
) -> None:
    path.write_text(text)
    with pytest.raises(EventLogFileError) as refused:
        read_event_log(path)
    assert refused.value.row == row
    assert str(refused.value).startswith(f"{path}, row {row}: {problem}")


def test_what_is_no_text_or_not_there_is_refused(path: Path, tmp_path: Path) -> None:
    with pytest.raises(EventLogFileError, match=r"cannot be read \(No such file"):
        read_event_log(path)
    with pytest.raises(EventLogFileError, match=r"cannot be read \(Is a directory"):
        read_event_log(tmp_path)
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(EventLogFileError, match="is no CSV text"):
        read_event_log(path)
