"""Sums are exact whatever the order of adding, and rounded once."""

from __future__ import annotations

import math
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.checks import MAX_DECIMAL_EXPONENT
from projections.exact_sum import ExactSum, Number

floats = st.floats(allow_nan=False, allow_infinity=False)
decimals = st.decimals(allow_nan=False, allow_infinity=False) | st.decimals(
    min_value=-(10**20), max_value=10**20, places=18
)
numbers = floats | st.integers() | decimals


def total(numbers: list[Number]) -> Number:
    exact = ExactSum()
    for number in numbers:
        exact.add(number)
    return exact.value


def meant(number: Number) -> Fraction:
    return Fraction(repr(number) if isinstance(number, float) else number)


def rounded(exact: Fraction) -> float:
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


@given(st.lists(numbers, max_size=30))
def test_with_floats_it_is_the_fraction_rounded_once(terms: list[Number]) -> None:
    exact = sum(map(meant, terms), Fraction())
    value = total([*terms, 0.0])
    assert type(value) is float
    assert value == rounded(exact)


@given(st.lists(st.integers() | decimals, max_size=30))
def test_without_floats_it_is_exact(terms: list[Number]) -> None:
    value = total(terms)
    assert Fraction(value) == sum(map(Fraction, terms), Fraction())
    has_decimal = any(isinstance(term, Decimal) for term in terms)
    assert type(value) is (Decimal if has_decimal else int)


@given(st.lists(numbers, max_size=20), st.data())
def test_the_order_of_adding_does_not_matter(terms: list[Number], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(terms))
    assert total(shuffled) == total(terms)


@given(st.lists(floats, min_size=1, max_size=30))
def test_of_floats_it_is_the_sum_of_the_digits_that_they_are_written_with(
    terms: list[float],
) -> None:
    written = total([Decimal(repr(term)) for term in terms])
    assert total([*terms]) == float(written)


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ([], 0),
        ([0.1] * 10, 1.0),
        ([1e16, 1.0, -1e16], 1.0),
        ([2**200, 1, -(2**200)], 1),
        ([2**200, 0.5, -(2**200)], 0.5),
        ([Decimal("0.1"), Decimal("0.2")], Decimal("0.3")),
        ([Decimal("1e-30"), 10**30], Decimal("1000000000000000000000000000000.") + 0),
        ([sys.float_info.max, sys.float_info.max], math.inf),
        ([-sys.float_info.max, -sys.float_info.max], -math.inf),
        ([sys.float_info.max, sys.float_info.max, -sys.float_info.max], sys.float_info.max),
        ([5e-324, 5e-324], 1e-323),
        ([0.1, Decimal("0.2")], 0.3),
        ([1.1, 2.2], 3.3),
        ([np.float64(1.1), 2.2], 3.3),
    ],
)
def test_examples(terms: list[Number], expected: Number) -> None:
    if terms[:1] == [Decimal("1e-30")]:
        expected = Decimal("1" + "0" * 30 + "." + "0" * 29 + "1")
    assert total(terms) == expected


def test_decimals_of_any_size_that_can_be_logged_are_added_exactly() -> None:
    large = Decimal(f"1E+{MAX_DECIMAL_EXPONENT}")
    small = Decimal(f"1E-{MAX_DECIMAL_EXPONENT}")
    long = Decimal("0." + "7" * 25_000)
    value = total([large, small, long, large.copy_negate(), long.copy_negate()])
    assert value == small
