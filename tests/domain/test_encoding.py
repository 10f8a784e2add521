"""Encoding at once gives the bytes of encoding one value after the other, and refuses the same."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any
from uuid import UUID

import numpy as np
import orjson
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain import values
from domain.errors import UnsupportedValueError
from domain.tags import MAX_DEPTH, tagged
from domain.values import canonical, decode, encode


class Price(Decimal):
    pass


class Amounts(dict[str, Any]):
    pass


class Side(Enum):
    SHORT = "SHORT"
    DOLLAR = "$"
    SHARE = Decimal("0.10")
    UNKNOWN = float("nan")
    WEI = 2**63


class Level(IntEnum):
    HIGH = 3


ODD = [
    *Side, Level.HIGH, Price("1.10"), Decimal("NaN"), Decimal("-Infinity"), Decimal("1E+30"),
    UUID(int=5), np.float64(0.1), np.float64("inf"), np.float32(1.5), np.int64(7), np.bool_(True),
    np.uint64(2**64 - 1), np.str_("$x"), np.datetime64("2024-05-12T12:00:00.000000001"), pd.NaT,
    pd.Timestamp("2024-05-12 14:00", tz="Europe/Berlin"), 2**53, 2**63 - 1, -(2**63), 2**63,
    2**64, 10**4000, float("nan"), 1e22, -0.0, None, "null", "$", '"$', "{[", "ü€",
]  # fmt: skip
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
keys = text | st.sampled_from(["$decimal", "$", "$$x", "extra", "null", np.str_("key")])
leaves = st.sampled_from(ODD) | st.integers() | st.floats() | st.decimals() | text | st.booleans()
nested = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
        | st.dictionaries(keys, inner, max_size=3).map(Amounts)
    ),
    max_leaves=12,
)
records = st.dictionaries(keys, nested, max_size=5)


def one_after_the_other(record: dict[str, Any], options: int = 0) -> bytes:
    return orjson.dumps(tagged(record), None, values._STRICT | options)


def as_stored_so_far(record: dict[str, Any]) -> bytes:
    """The rule that the stored bytes follow, in the words in which it was first written."""
    try:
        encoded = orjson.dumps(record, None, values._STRICT)
    except TypeError:
        return one_after_the_other(record)
    return one_after_the_other(record) if b"$" in encoded or b"null" in encoded else encoded


@given(records)
@example({"amount": Decimal("1.10"), "wei": 2**63})
@example({"a": 2**63, "b": None})
@example({"a": 2**63, "b": "costs $5"})
@example({"a": 2**63, "b": "plain"})
@example({"a": Decimal(1), "b": '"$decimal":"1"'})
@example({"$decimal": "1.10"})
@example({"x": {"$decimal": Decimal(1)}})
@example({"x": Side.UNKNOWN, "y": [Side.SHORT]})
def test_encoding_at_once_gives_the_bytes_that_were_stored_so_far(record: dict[str, Any]) -> None:
    assert encode(record) == as_stored_so_far(record)
    assert canonical(record) == one_after_the_other(record, orjson.OPT_SORT_KEYS)


def nest(depth: int, leaf: Any) -> dict[str, Any]:
    """A record with this many levels of containers around the leaf."""
    value: Any = leaf
    for level in range(depth - 1):
        value = [value] if level % 2 else {"in": value, "beside": 1}
    return {"extra": value}


@pytest.mark.parametrize(
    "leaf",
    [
        *(1, 0.5, "text", Decimal(1), None, float("nan"), np.float64(1), 2**60, 2**63, 2**70),
        *(pd.Timestamp("2024-05-12T14:00Z"), pd.NaT, np.datetime64("2024-05-12"), UUID(int=1)),
        *(Side.SHORT, Side.UNKNOWN, "null", "$5", np.bool_(True)),
    ],
    ids=repr,
)
def test_the_same_depth_is_refused_whatever_is_in_it(leaf: Any) -> None:
    deepest = nest(MAX_DEPTH, leaf)
    assert decode(encode(deepest), str).keys() == deepest.keys()
    for encoding in (encode, canonical):
        with pytest.raises(UnsupportedValueError, match="nests deeper than 100 levels"):
            encoding(nest(MAX_DEPTH + 1, leaf))


def test_many_containers_beside_each_other_are_not_deep() -> None:
    record = {"many": [{"amount": Decimal(n)} for n in range(300)]}
    assert encode(record) == one_after_the_other(record)


@pytest.mark.parametrize("raised", [KeyboardInterrupt, TimeoutError, SystemExit])
def test_what_interrupts_the_encoding_is_not_swallowed(raised: type[BaseException]) -> None:
    class Interrupted(Decimal):
        def __str__(self) -> str:
            if not stopped:
                stopped.append(True)
                raise raised
            return super().__str__()

    stopped: list[bool] = []
    with pytest.raises(raised):
        encode({"amount": Interrupted(1)})
    assert encode({"amount": Interrupted(1)}) == b'{"amount":{"$decimal":"1"}}'


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": [Decimal(1), {1, 2}]}, r"a\[1\] holds"),
        ({"a": {"b": "\ud800"}}, r"a\.b holds"),
        ({"a": [{"\ud800": Decimal(1)}]}, r"a\[0\] holds"),
        ({"a": {1: Decimal(1)}}, "a has the key 1"),
    ],
)
def test_a_refusal_names_the_path(value: dict[str, Any], path: str) -> None:
    with pytest.raises(UnsupportedValueError, match=path):
        encode({"extra": value})
