"""A sample is drawn by its seed, by whoever draws it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from projections.audit.sample import drawn


@given(count=st.integers(1, 50), last=st.integers(0, 80), seed=st.text())
def test_a_sample_is_of_the_log_and_of_its_size(count: int, last: int, seed: str) -> None:
    orders = drawn(count, last, seed)
    assert orders == sorted(set(orders)) == drawn(count, last, seed)
    assert len(orders) == min(count, last)
    assert set(orders) <= set(range(1, last + 1))


def test_a_sample_is_the_same_for_ever() -> None:
    assert drawn(5, 1000, "7") == PINNED
    assert drawn(5, 1000, "8") != PINNED


# Drawn by: for n in 0 1 2 3 4; do printf 7/$n | sha256sum; done, each modulo 1000, and one.
PINNED = [420, 532, 584, 802, 989]
