"""A set of keys gives the order at which each was first seen, in memory or in its file."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from infrastructure.stores.sqlite.spilled_keys import SpillingKeys

SEEN = st.lists(st.tuples(st.text(max_size=3), st.integers(1, 20)), max_size=60)


@given(seen=SEEN, most=st.integers(1, 8))
def test_it_is_a_dict_whatever_stays_in_memory(seen: list[tuple[str, int]], most: int) -> None:
    keys, first = SpillingKeys(most), dict[str, int]()
    for key, order in seen:
        known = first.setdefault(key, order)
        assert keys.first(key, order) == (None if known == order else known)


def test_a_long_set_keeps_no_more_in_memory_than_it_may() -> None:
    keys = SpillingKeys(10)
    for order in range(1, 1000):
        assert keys.first(f"key {order}", order) is None
        assert len(keys._recent) < 10
    assert keys.first("key 1", 1000) == 1
    assert keys.first("key 999", 1000) == 999
