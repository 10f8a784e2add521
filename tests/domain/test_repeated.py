"""Records decoded one after the other are what they are decoded alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.repeated import Decoding
from domain.values import decode, encode

KEY = "position_snapshot"
LEAVES = st.one_of(
    st.none(),
    st.integers(),
    st.floats(allow_nan=False),
    st.decimals(allow_nan=False),
    st.text(max_size=5),
    st.sampled_from([f'"{KEY}":', "$decimal", "$$x"]),
)
KEYS = st.sampled_from([KEY, "wallet", "$decimal", "$x", "ETH", "extra"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3)
)
RECORDS = st.dictionaries(KEYS, VALUES, max_size=3)


@given(st.lists(RECORDS, max_size=4), st.lists(st.integers(0, 3), max_size=8))
def test_records_are_decoded_as_they_are_alone(
    made: list[dict[str, Any]], places: list[int]
) -> None:
    states = [encode(made[place]) for place in places if place < len(made)]
    decoding = Decoding(str)
    assert [repr(decoding(state)) for state in states] == [
        repr(decode(state, str)) for state in states
    ]


SNAPSHOT = b'{"wallet":{"ETH":{"$decimal":"1.50"}}}'
OTHERS = (
    b'{"extra":{"position_snapshot":' + SNAPSHOT + b"}}",
    b'{"position_snapshot":' + SNAPSHOT + b',"extra":{"position_snapshot":' + SNAPSHOT + b"}}",
    b'{"position_snapshot":' + SNAPSHOT + b',"position_snapshot":7}',
    b'{"position_snapshot":' + SNAPSHOT + b',"position\\u005fsnapshot":7}',
    b'{"position\\u005fsnapshot":' + SNAPSHOT + b"}",
    b'{"position_snapshot": ' + SNAPSHOT + b"}",
    b'{"purpose":"\\"position_snapshot\\":{}"}',
    b'{"position_snapshot":' + SNAPSHOT[:-1] + b',"cex_accounts":{}}}',
    b'{"position_snapshot":null}',
    b"{}",
)


@pytest.mark.parametrize("state", OTHERS)
def test_what_is_like_a_repeated_snapshot_and_is_none(state: bytes) -> None:
    decoding = Decoding(str)
    decoding(b'{"venue":"X","position_snapshot":' + SNAPSHOT + b"}")
    assert decoding(state) == decode(state, str)


def test_a_snapshot_that_is_repeated_is_the_same_object() -> None:
    decoding = Decoding(str)
    first, second, third = (
        decoding(b'{"venue":"%d","position_snapshot":%s}' % (place, SNAPSHOT)) for place in range(3)
    )
    assert first[KEY] is second[KEY] is third[KEY]
    assert (third["venue"], third[KEY]) == ("2", {"wallet": {"ETH": Decimal("1.50")}})


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b"7", b'{"position_snapshot":' + SNAPSHOT])
def test_what_is_no_record_is_none_here_either(broken: bytes) -> None:
    decoding = Decoding(str)
    sound = b'{"position_snapshot":' + SNAPSHOT + b"}"
    decoding(sound)
    try:
        alone: Any = decode(broken, str)
    except ValueError:
        with pytest.raises(orjson.JSONDecodeError):
            decoding(broken)
    else:
        assert decoding(broken) == alone
    assert decoding(sound) == decode(sound, str)
