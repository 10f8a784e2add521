"""Events as rows of cells: which columns, in which order, and what stands in each cell."""

from __future__ import annotations

import csv
import io
import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.fields import CHAIN_FIELDS, DECLARED_FIELDS
from domain.values import encode
from projections.csv_cells import json_cell
from projections.csv_rows import CsvColumns, CsvLines, as_stored, csv_batches
from projections.event_dicts import Record

BARE: Record = {
    "recorded_at": "2024-05-12T14:00:01.5Z",
    "timestamp": "2024-05-12T14:00:00Z",
    "event_type": "STAKE_DEPOSIT",
    "venue": "LIDO",
}


def header(*records: Record) -> list[str]:
    return CsvColumns().fold(enumerate(records, 1)).names()


def row(record: Record) -> dict[str, str]:
    """The cells of the event's line, under their columns."""
    columns = header(record)
    restored = "".join(CsvLines(columns).lines([(1, record)]))
    stored = as_stored(encode(record))
    assert "".join(CsvLines(columns, stored=True).lines([(1, stored)])) == restored
    (cells,) = csv.reader(io.StringIO(restored, newline=""), strict=True)
    return dict(zip(columns, cells, strict=True))


def test_the_columns_are_those_of_the_specification_in_its_order() -> None:
    assert header() == header(BARE) == list(DECLARED_FIELDS)
    assert "recorded_at" not in header(BARE)
    assert header(BARE)[:8] == [
        "timestamp",
        "order",
        "status",
        "event_type",
        "event_id",
        "venue",
        "token",
        "amount",
    ]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([{"nonce": 1}], ["nonce"]),
        ([{"block_hash": "0x"}, {"nonce": 1}], ["nonce", "block_hash"]),
        ([{"block_number": 3}], ["block_number"]),
        ([dict.fromkeys(reversed(CHAIN_FIELDS), 1)], list(CHAIN_FIELDS)),
        ([{"fee": 1}, {"extra": {"note": "x"}}], ["fee", "note"]),
        ([{"extra": {"note": "x", "sender": "an extra of an older log"}}], ["sender", "note"]),
        ([{"extra": {"b": 1, "a": 2}}, {"extra": {"a": 1, "c": 1}}], ["b", "a", "c"]),
        ([{"extra": {"b": 1}}, {"nonce": 1}], ["nonce", "b"]),
        ([{"extra": {"z": None}}], ["z"]),
        (
            [{"extra": {"bundle_name": "ENTRY"}, "detail_orders": [2]}, {"extra": {"side": "x"}}],
            ["bundle_name", "detail_orders", "detail_count", "side"],
        ),
    ],
)
def test_chain_fields_then_extras_by_first_appearance(
    records: list[Record], expected: list[str]
) -> None:
    assert header(*[BARE | record for record in records]) == [*DECLARED_FIELDS, *expected]


@pytest.mark.parametrize(
    ("fields", "column", "cell"),
    [
        ({}, "timestamp", "2024-05-12T14:00:00Z"),
        ({}, "order", "1"),
        ({}, "status", "completed"),
        ({}, "token", ""),
        ({}, "wallet_balance_after", ""),
        ({"amount": 0.1}, "amount", "0.1"),
        ({"amount": 2**70}, "amount", str(2**70)),
        ({"amount": Decimal("1.10")}, "amount", "1.10"),
        ({"related_events": [1, 2]}, "related_events", "[1,2]"),
        ({"related_events": []}, "related_events", "[]"),
        ({"trigger_timestamp": "2024-05-12T13:59:00.000001Z"}, "trigger_timestamp",
         "2024-05-12T13:59:00.000001Z"),
        ({"position_snapshot": {"wallet": {"ETH": 1.5}}}, "wallet_balance_after",
         '{"wallet":{"ETH":1.5}}'),
        ({"position_snapshot": {"wallet": {"ETH": 1.5}}}, "cex_balance_after", ""),
        ({"position_snapshot": {"wallet": {"ETH": 1.5}}}, "aave_position_after",
         '{"wallet":{"ETH":1.5},"perp_positions":null}'),
        ({"position_snapshot": {}}, "wallet_balance_after", "{}"),
        ({"detail_orders": [2, 3]}, "detail_orders", "[2,3]"),
        ({"detail_orders": [2, 3]}, "detail_count", "2"),
        ({"extra": {"note": "a,b"}}, "note", "a,b"),
        ({"extra": {"note": ""}}, "note", ""),
        ({"extra": {"flag": True}}, "flag", "True"),
        ({"extra": {"rate": Decimal("1E-18")}}, "rate", "1E-18"),
    ],
)  # fmt: skip
def test_what_stands_in_a_cell(fields: Record, column: str, cell: str) -> None:
    assert row(BARE | fields)[column] == cell


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_stands_as_python_reads_it(value: float) -> None:
    cell = row(BARE | {"extra": {"x": value}})["x"]
    assert repr(float(cell)) == repr(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "{}"),
        ([], "[]"),
        ({"a": None}, '{"a":null}'),
        ({"a": "null"}, '{"a":"null"}'),
        ({"a": [1, 2.5, "x", True, False, None]}, '{"a":[1,2.5,"x",true,false,null]}'),
        ({"ä→": "é\n\"'"}, '{"ä→":"é\\n\\"\'"}'),
        ({"wei": 2**64}, '{"wei":18446744073709551616}'),
        ({"wei": -(2**200)}, f'{{"wei":{-(2**200)}}}'),
        ({"d": Decimal("1.10")}, '{"d":1.10}'),
        ({"d": Decimal("0.1234567890123456789012345678901")},
         '{"d":0.1234567890123456789012345678901}'),
        ([Decimal("1E+30"), {"x": [Decimal("-0")]}], '[1E+30,{"x":[-0]}]'),
        ({"a": math.nan, "b": [math.inf, -math.inf]}, '{"a":NaN,"b":[Infinity,-Infinity]}'),
        ({"a": math.nan, "d": Decimal("2"), "n": None}, '{"a":NaN,"d":2,"n":null}'),
    ],
)  # fmt: skip
def test_json_cell(value: Any, text: str) -> None:
    assert json_cell(value) == text


def test_an_int_past_what_python_prints_is_json_all_the_same() -> None:
    cell = json_cell({"huge": 10**5000, "d": Decimal("1.5")})
    assert json.loads(cell) == {"huge": hex(10**5000), "d": 1.5}


_texts = ["", "plain", "a,b", 'q"', "{x", "ä", "line\n"]
_floats = [0.5, 0.0, 1e-7, 1e22, math.nan, math.inf]
_numbers = [*_floats, 7, 2**70, -(10**5000), Decimal("1.10"), Decimal("1E-18"), Decimal("NaN")]
_nested = [
    [],
    [1, "x"],
    {},
    {"$decimal": "1"},
    {"a": {"d": Decimal("2"), "t": "x"}},
    [Decimal("3")],
]
_values = st.sampled_from([True, None, *_texts, *_numbers, *_nested])
_named = st.dictionaries(st.sampled_from(["wallet", "cex_accounts", "$own", "50%"]), _values)


@given(st.lists(st.fixed_dictionaries({}, optional={"extra": _named, "position_snapshot": _named})))
@pytest.mark.parametrize("stored", [True, False])
def test_many_lines_made_at_once_are_those_made_one_by_one(
    stored: bool, drawn: list[Record]
) -> None:
    records = [BARE | {name: value for name, value in one.items() if value} for one in drawn]
    if stored:
        records = [as_stored(encode(record)) for record in records]
    events = list(enumerate(records, 1))
    columns = CsvColumns().fold(events).names()
    alone = [line for e in events for line in CsvLines(columns, stored=stored).lines([e])]
    assert list(CsvLines(columns, stored=stored).lines(events)) == alone


def test_events_unlike_all_others_are_let_go_of() -> None:
    events = [(n, BARE | {"extra": {f"x{n}": n}}) for n in range(1, 2001)]
    columns = ["order", "x7", "x1999"]
    lines = list(CsvLines(columns).lines(events))
    assert (lines[6], lines[7], lines[1998]) == ("7,7,\n", "8,,\n", "1999,,1999\n")


def test_rows_are_made_one_at_a_time() -> None:
    def endless() -> Any:
        order = 0
        while True:
            order += 1
            yield order, BARE

    rows = CsvLines(["order", "venue"]).lines(endless())
    assert [next(rows) for _ in range(3)] == ["1,LIDO\n", "2,LIDO\n", "3,LIDO\n"]
    batches = csv_batches(endless(), 2)
    assert [len(next(batches).lines) for _ in range(3)] == [2, 2, 2]
