"""How far two figures may be apart: a table of what agrees and what does not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.audit.figures import Figure, compared, digits_of, unit_of
from projections.audit.rule import AuditOptions

RULES_OWN = AuditOptions()


@pytest.mark.parametrize(
    ("expected", "found", "roundings", "agrees"),
    [
        ("2.50", "2.5", 0, True),
        ("2.50", "2.51", 0, False),
        ("2.5000001", "2.5", 0, False),
        ("2.54", "2.5", 1, True),
        ("2.55", "2.5", 1, True),
        ("2.59", "2.5", 1, False),
        ("2.5000009", "2.500000", 1, True),  # cut
        ("2.500001", "2.500000", 1, False),
        ("2.44", "2.5", 1, False),  # neither rounded nor cut
        ("-2.54", "-2.5", 1, True),
        ("-2.5000009", "-2.500000", 1, True),
        ("-2.44", "-2.5", 1, False),
        ("2.499999", "2.500000", 1, False),
        ("2.5000004", "2.500000", 1, True),
        ("2.5000019", "2.500000", 4, True),
        ("2.5000021", "2.500000", 4, False),
        ("0.4", "0", 1, True),
        ("1.4", "0", 1, False),
        ("12345", "12300", 1, False),  # a whole number is written to its ones
        ("1.234", "1E+2", 1, False),
    ],
)
def test_decimals_agree_as_far_as_their_last_digit_says(
    expected: str, found: str, roundings: int, agrees: bool
) -> None:
    figure = Figure(Decimal(found), False)
    difference = compared(RULES_OWN, Decimal(expected), figure, roundings=roundings)
    assert (difference is None) == agrees
    if difference is not None:
        assert difference.tolerance
        assert difference.found == Decimal(found)


@pytest.mark.parametrize(
    ("expected", "found", "agrees"),
    [
        (0.1 + 0.2, 0.3, True),
        (1e9, 1e9 + 1e-4, True),
        (1e9, 1e9 + 1e-2, False),
        (2.5, 2.5000001, False),
        (0.0, 1e-9, False),
    ],
)
def test_floats_agree_to_a_part_of_the_larger_one(
    expected: float, found: float, agrees: bool
) -> None:
    figure, wanted = Figure.of(found), Decimal(repr(expected))
    assert figure is not None
    assert (compared(RULES_OWN, wanted, figure, roundings=0) is None) == agrees


def test_a_float_near_zero_may_be_off_by_a_part_of_the_terms() -> None:
    figure, term = Figure.of(1e-13), Figure.of(1e3)
    assert figure is not None
    assert term is not None
    assert compared(RULES_OWN, Decimal(0), figure, term, roundings=0) is None
    assert compared(RULES_OWN, Decimal(0), figure, roundings=0) is not None


@pytest.mark.parametrize(
    ("tolerance", "found", "agrees"),
    [("0", "2.5", False), ("0", "2.54", True), ("0.01", "2.52", True), ("0.001", "2.52", False)],
)
def test_a_tolerance_that_is_asked_for_replaces_the_rules_own(
    tolerance: str, found: str, agrees: bool
) -> None:
    options = AuditOptions(tolerance=Decimal(tolerance))
    difference = compared(options, Decimal("2.54"), Figure(Decimal(found), False))
    assert (difference is None) == agrees
    assert difference is None or tolerance in difference.tolerance


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=12, max_value=10**9, min_value=0),
    st.integers(6, 9),
    st.sampled_from(["ROUND_HALF_EVEN", "ROUND_HALF_UP", "ROUND_DOWN"]),
)
def test_what_is_rounded_or_cut_agrees_and_two_units_more_do_not(
    number: Decimal, places: int, rounding: str
) -> None:
    rounded = number.quantize(Decimal(1).scaleb(-places), rounding)
    assert compared(RULES_OWN, number, Figure(rounded, False)) is None
    for units in (-2, 2):
        off = Figure(rounded + units * unit_of(rounded), False)
        assert compared(RULES_OWN, number, off) is not None


@pytest.mark.parametrize(
    ("number", "unit", "digits"),
    [("25000.0", "0.1", 2), ("8.562", "0.001", 4), ("25000", "1", 2), ("1E+3", "1", 1)],
)
def test_units_and_digits_are_those_that_are_written(number: str, unit: str, digits: int) -> None:
    assert unit_of(Decimal(number)) == Decimal(unit)
    assert digits_of(Decimal(number)) == digits


@pytest.mark.parametrize("raw", [None, True, "1", float("nan"), float("inf"), Decimal("NaN"), [1]])
def test_what_is_no_finite_number_is_no_figure(raw: Any) -> None:
    assert Figure.of(raw) is None
