"""The column of the snapshot has it as it is stored, whatever the names in it and beside it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
import pytest

from domain.errors import CorruptLogError
from domain.values import encode
from infrastructure.columns.tables import Source, table
from projections.column_cells import json_text

AT = "2024-05-12T14:00:00Z"
HEAD = {"recorded_at": AT, "timestamp": AT, "event_type": "X", "venue": "V", "token": "ETH"}
MISLEADING = {
    "position_snapshot": {"transaction_type": {"position_snapshot": 1}},
    "transaction_type": [{"extra": 2.5}],
    ',"transaction_type":': '"position_snapshot":{}',
}
RECORDS: dict[str, dict[str, Any]] = {
    "followed by a field": HEAD | {"position_snapshot": {"wallet": {"ETH": 1.5}}, "purpose": "p"},
    "last": HEAD | {"position_snapshot": {"wallet": {"ETH": -0.0, "USDT": 1e22}}},
    "empty": HEAD | {"position_snapshot": {}, "transaction_type": "T"},
    "names of fields within": HEAD
    | {"position_snapshot": MISLEADING, "transaction_type": "T", "extra": {"x": 1}},
    "names of fields in extras": HEAD
    | {"position_snapshot": {"a": 1}, "transaction_type": "T", "extra": {"x": MISLEADING}},
    "names of fields in texts": HEAD
    | {
        "token": ',"position_snapshot":{"a":1}',
        "position_snapshot": {"b": ',"purpose":"'},
        "purpose": ',"purpose":","position_snapshot":',
    },
    "exact numbers and own names": HEAD
    | {"position_snapshot": {"a": Decimal("1.10"), "$b": 2**70}, "purpose": "}"},
}


def column(*states: bytes) -> list[Any]:
    rows = [*enumerate(states, 1)]
    made = table([Source("log", {}, lambda: rows)], lambda name: name == "wallet_balance_after")
    texts: list[Any] = made["wallet_balance_after"].to_pylist()
    return texts


def as_json(record: Mapping[str, Any]) -> str:
    return json_text(orjson.loads(encode(dict(record)))["position_snapshot"])


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_of_one_row(record: dict[str, Any]) -> None:
    assert column(encode(record)) == [as_json(record)]


def test_of_all_of_them_beside_rows_without() -> None:
    without = encode(HEAD)
    states = [state for record in RECORDS.values() for state in (encode(record), without)]

    made = column(*states)

    assert made[::2] == [as_json(record) for record in RECORDS.values()]
    assert set(made[1::2]) == {None}


@pytest.mark.parametrize("indent", [None, orjson.OPT_INDENT_2])
def test_written_by_another_hand_it_is_one_text_a_row(indent: int | None) -> None:
    record = HEAD | {"position_snapshot": {"a": {"b": [1, 2.5]}}, "purpose": "p"}

    states = [orjson.dumps(record, option=indent), encode(record)]

    assert [orjson.loads(text) for text in column(*states)] == [{"a": {"b": [1, 2.5]}}] * 2


@pytest.mark.parametrize(
    "edited",
    [
        b'{"recorded_at":"","timestamp":"%s","event_type":"X","venue":"V","position_snapshot":%s}\n',
        b'{"recorded_at":"","timestamp":"%s","event_type":"X","venue":"V","extra":{},'
        b'"position_snapshot":%s,"extra":{"x":1}}',
    ],
)
@pytest.mark.parametrize("snapshot", [b'{"a":1}', b'{"a":2,"a":1}', b'{"a":1 }', b'{"\\u0061":1}'])
def test_of_a_row_that_was_edited_it_is_what_the_row_reads_as(
    edited: bytes, snapshot: bytes
) -> None:
    sound = encode(HEAD | {"position_snapshot": {"a": 1}})
    assert column(sound, edited % (AT.encode(), snapshot), sound) == ['{"a":1}'] * 3


@pytest.mark.parametrize("snapshot", [None, [], "text", 5])
def test_what_is_no_snapshot_is_damage(snapshot: object) -> None:
    with pytest.raises(CorruptLogError, match="damaged at order 2"):
        column(encode(HEAD), encode(HEAD | {"position_snapshot": snapshot}))
