"""The columns of a log have the types that its values have, to the last digit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from infrastructure.columns.tables import Source, table
from tests.infrastructure.files.parquet_files import table_of

EXACT, WIDE = "decimal128(38, 18)", "decimal128(38, 0)"
TIME = pd.Timestamp("2024-01-01 00:00:00.000000001", tz="UTC")
FAR = pd.Timestamp("1492-10-12 12:00", tz="UTC")


@pytest.mark.parametrize(
    ("values", "kind", "cells", "texts"),
    [
        ([1.5, 1e-300, None], "double", [1.5, 1e-300, None], None),
        ([1, -(2**63)], "int64", [1, -(2**63)], None),
        ([2**63 + 1, 1], WIDE, [Decimal(2**63 + 1), Decimal(1)], ["9223372036854775809", "1"]),
        ([10**40, 1], WIDE, [None, Decimal(1)], [f"1{'0' * 40}", "1"]),
        (
            [Decimal("1.10"), 2, 0.1],
            EXACT,
            [Decimal("1.1"), 2, Decimal("0.1")],
            ["1.10", "2", "0.1"],
        ),
        ([Decimal("1E-18"), Decimal("1E-19")], EXACT, [Decimal("1E-18"), None], ["1E-18", "1E-19"]),
        ([Decimal("1E+19"), Decimal("1E+20")], EXACT, [Decimal("1E+19"), None], ["1E+19", "1E+20"]),
        ([Decimal("NaN"), Decimal(1)], EXACT, [None, Decimal(1)], ["NaN", "1"]),
        # Read by Arrow itself, this one ends the process.
        ([Decimal("1E-999999999")], EXACT, [None], ["1E-999999999"]),
        ([Decimal("-0.00")], EXACT, [Decimal(0)], ["-0.00"]),
        ([True, None], "bool", [True, None], None),
        (["0012", "1e5"], "string", ["0012", "1e5"], None),
        ([TIME, pd.NaT], "timestamp[ns, tz=UTC]", [TIME, None], None),
        ([FAR], "timestamp[us, tz=UTC]", [FAR], ["1492-10-12T12:00:00Z"]),
        ([{"a": Decimal("1.10"), "$b": 2**70}, [1]], "string", None, None),
        ([None, None], "string", [None, None], None),
    ],
)
def test_a_column_has_the_type_that_its_values_have(
    values: list[Any], kind: str, cells: list[Any] | None, texts: list[str] | None
) -> None:
    table = table_of(*({"x": value} for value in values))
    assert str(table.schema.field("x").type) == kind
    if cells is not None:
        assert table["x"].to_pylist() == cells
    assert ("x_text" in table.column_names) == (texts is not None)
    if texts is not None:
        assert table["x_text"].to_pylist() == texts


def test_json_is_strict_and_has_every_digit() -> None:
    inside = {"a": Decimal("1.10"), "$b": 2**70, "c": float("inf"), "d": [TIME, Decimal("sNaN")]}
    (text,) = table_of({"x": inside})["x"].to_pylist()
    assert text == (
        '{"a":1.10,"$b":1180591620717411303424,"c":{"$float":"inf"},'
        '"d":["2024-01-01T00:00:00.000000001Z",{"$decimal":"sNaN"}]}'
    )


@pytest.mark.parametrize(
    ("values", "said_of_it", "cells"),
    [
        ([1, "1"], "a number (order 1) and text (order 2)", ["1", "1"]),
        (["high", None, 0.1], "text (order 1) and a number (order 3)", ["high", None, "0.1"]),
        ([True, Decimal("1.10")], "a boolean (order 1) and a number (order 2)", ["True", "1.10"]),
        (
            [TIME, "now"],
            "a time (order 1) and text (order 2)",
            [f"{TIME:%Y-%m-%dT%T}.000000001Z", "now"],
        ),
        ([[1], 2], "a list or dict (order 1) and a number (order 2)", ["[1]", "2"]),
    ],
)
def test_values_that_no_type_holds_together_are_text_and_named(
    caplog: pytest.LogCaptureFixture, values: list[Any], said_of_it: str, cells: list[Any]
) -> None:
    table = table_of(*({"x": value} for value in values))
    assert table["x"].to_pylist() == cells
    assert caplog.messages == [
        f"'x' is {said_of_it}: its column is text, each value as it is written;"
        " log one type under a name"
    ]


def test_an_extra_that_is_called_like_another_column_has_another_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    table = table_of({"Amount": 7, "rate": Decimal(1), "amount_text": "a", "rate_TEXT": "r", "": 0})
    assert table["amount_text"].to_pylist() == ["1"]
    assert table.column_names[-6:] == [
        "Amount_extra", "rate", "rate_text", "amount_text_extra", "rate_TEXT_extra", "_extra"
    ]  # fmt: skip
    assert len(caplog.messages) == 4
    assert caplog.messages[0] == (
        "the extra 'Amount' (order 1) is called like another column, or like nothing: its column"
        " is 'Amount_extra'"
    )


def test_a_field_that_was_an_extra_once_is_one_column() -> None:
    # As a log from before the field was declared has it.
    batch_rows = [
        (1, b'{"recorded_at":"2024-05-12T14:00:00Z","timestamp":"2024-05-12T14:00:00Z",'
            b'"event_type":"X","venue":"V","extra":{"nonce":7}}'),
        (2, b'{"recorded_at":"2024-05-12T14:00:00Z","timestamp":"2024-05-12T14:00:00Z",'
            b'"event_type":"X","venue":"V","nonce":8}'),
    ]  # fmt: skip
    made = table([Source("old", {}, lambda: batch_rows)], lambda name: True)
    assert made["nonce"].to_pylist() == [7, 8]
