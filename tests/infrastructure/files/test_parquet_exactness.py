"""Every digit that is in the log is in its Parquet file, whatever the values of a column are."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from decimal import Decimal
from io import BytesIO
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.times import iso_of
from domain.values import encode
from infrastructure.columns.tables import Source, table
from infrastructure.files import parquet_export
from projections.column_cells import json_text
from projections.snapshot_rows import snapshot_rows

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["0012", "1e5", "nan", "1.10", "-0", "2024-05-12", "true", '{"$decimal":"1"}', "{", ""]
)
times = st.datetimes(min_value=pd.Timestamp("1400-01-01").to_pydatetime()).map(
    lambda moment: (
        pd.Timestamp(moment, tz="UTC") + pd.Timedelta(7, "ns")
        if 1700 < moment.year < 2200
        else pd.Timestamp(moment, tz="UTC")
    )
)
numbers = (
    st.integers(-(2**70), 2**70)
    | st.sampled_from([2**63, 2**63 - 1, -(2**63), -(2**63) - 1, 10**24, 2**200])
    | st.floats()
    | st.decimals()
    | st.sampled_from(list(map(Decimal, ("1E-18", "1E-19", "9" * 40, "1E+20", "0E-40", "-0.0"))))
)


def is_finite(value: Any) -> bool:
    return value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)


one_kind: list[st.SearchStrategy[Any]] = [
    st.floats(), st.integers(-(2**63), 2**63 - 1), st.integers(), st.decimals(), texts, times,
    st.booleans(), numbers, numbers | texts, numbers | texts | times | st.booleans(),
]  # fmt: skip
columns = st.sampled_from(one_kind).flatmap(lambda kind: st.lists(st.none() | kind, max_size=8))
nested = st.recursive(
    numbers | texts | times | st.none() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            texts | st.sampled_from(["$decimal", "$int", "$", "$$x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
AT = "2024-05-12T14:00:00Z"


def written(records: Sequence[dict[str, Any]]) -> pa.Table:
    """What is read again of a file of events with these fields."""
    head = {"recorded_at": AT, "timestamp": AT, "event_type": "X", "venue": "V"}
    states = [(order, encode(head | record)) for order, record in enumerate(records, 1)]
    made = table([Source("log", {}, lambda: states)], lambda name: name in ("order", "amount", "x"))
    file = BytesIO()
    parquet_export.write(file, made.schema, made.to_batches())
    return pq.read_table(file)


def text_of(value: Any) -> str | None:
    """A value with the digits in which it is logged."""
    if value is pd.NaT or value is None:
        return None
    iso = iso_of(value)
    return str(value) if iso is None else iso


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float) and not math.isnan(one):
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    return type(one) is type(other) and bool(one == other or (one != one and other != other))


@settings(max_examples=35)
@given(columns)
@example([Decimal("1E-999999999"), Decimal("1E+999999999"), 1])
@example([2**63 + 1, None, 10**39])
@example([5e-324, 1.7976931348623157e308, 1])
def test_a_column_tells_each_of_its_values_exactly(values: list[Any]) -> None:
    made = written([{"extra": {"x": value}} for value in values])
    if not values:
        assert made.num_rows == 0
        return
    cells, kind = made["x"].to_pylist(), made.schema.field("x").type
    if "x_text" in made.column_names:
        assert made["x_text"].to_pylist() == [text_of(value) for value in values]
        for cell, value in zip(cells, values, strict=True):
            if cell is not None and isinstance(cell, Decimal):
                assert cell == Decimal(str(value))
    elif pa.types.is_string(kind):
        assert cells == [text_of(value) for value in values]
    else:
        assert all(map(same, cells, values)), (cells, values)


@settings(max_examples=25)
@given(st.lists(st.none() | (numbers.filter(is_finite)), max_size=6))
def test_so_does_a_declared_field(amounts: list[Any]) -> None:
    given_amounts = [{} if amount is None else {"amount": amount} for amount in amounts]
    made = written(given_amounts)
    if "amount_text" in made.column_names:
        assert made["amount_text"].to_pylist() == [text_of(amount) for amount in amounts]
    else:
        assert str(made.schema.field("amount").type) == "double"
        assert all(map(same, made["amount"].to_pylist(), amounts))


@settings(max_examples=35)
@given(nested)
def test_json_has_the_digits_and_nothing_that_json_has_not(value: Any) -> None:
    stored = json.loads(encode({"x": value}))["x"]
    read = json.loads(json_text(stored), parse_float=Decimal, parse_int=int, parse_constant=_refuse)
    assert _told(read) == _told(value)


def _refuse(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


def _told(value: Any) -> Any:
    """The value as JSON tells it: numbers by their digits, times as text."""
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) in ("$float", "$decimal"):
            (inner,) = value.values()
            if isinstance(inner, str) and not inner[-1:].isdigit():
                return str(inner)
        return {key: _told(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_told(item) for item in value]
    if value is None or isinstance(value, bool | str):
        return value
    if value is pd.NaT:
        return "NaT"
    iso = iso_of(value)
    if iso is not None:
        return iso
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return number if number.is_finite() else str(value)


@settings(max_examples=25)
@given(st.dictionaries(texts, numbers | texts, max_size=4))
def test_the_balances_of_a_snapshot_have_their_digits(wallet: dict[str, Any]) -> None:
    stored = json.loads(encode({"x": {"wallet": wallet}}))["x"]
    told = {asset: digits for _, asset, digits in snapshot_rows(stored)}
    assert told == {
        asset: text_of(amount) for asset, amount in wallet.items() if not isinstance(amount, str)
    }
