"""Whether two values of a field are the same, within a tolerance, or contradict each other."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from domain.event_values import EXACT, decimal_of, is_nan

EQUAL, WITHIN, CONFLICTING = 0, 1, 2
"""Verdicts, the worse the greater."""

_FIGURE = re.compile(r"(?<![\w.])[-+]?\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?")


class Judge:
    """Compares values; numbers are the same however they are written, and NaN is NaN.

    `tolerance` is a fraction of the larger of two numbers. With `in_text`, where one of the runs
    comes from a file of text, a number is what is written of it, and empty text is nothing.
    """

    def __init__(self, tolerance: Decimal = Decimal(0), *, in_text: bool = False) -> None:
        self.tolerance = tolerance
        self.in_text = in_text

    def verdict(self, one: Any, other: Any) -> int:
        """EQUAL, WITHIN the tolerance, or CONFLICTING."""
        if type(one) is type(other) and type(one) in _SIMPLE and one == other:
            return EQUAL
        if isinstance(one, dict) and isinstance(other, dict):
            return max(
                (self.verdict(one.get(name), other.get(name)) for name in one.keys() | other),
                default=EQUAL,
            )
        if isinstance(one, list | tuple) and isinstance(other, list | tuple):
            if len(one) != len(other):
                return CONFLICTING
            return max(map(self.verdict, one, other), default=EQUAL)
        return self._of_scalars(one, other)

    def _of_scalars(self, one: Any, other: Any) -> int:
        number, another = self.number(one), self.number(other)
        if number is not None and another is not None:
            return self.of_numbers(number, another)
        if isinstance(one, bool) or isinstance(other, bool):
            is_same = str(one) == str(other) if self.in_text else one is other
        elif is_nan(one) or is_nan(other):
            is_same = is_nan(one) and is_nan(other)
        elif self.in_text:
            is_same = _text(one) == _text(other)
        else:
            is_same = type(one) is type(other) and one == other
        return EQUAL if is_same else CONFLICTING

    def of_numbers(self, one: Decimal, other: Decimal) -> int:
        """The verdict on two numbers, to the last digit."""
        if one == other:
            return EQUAL
        if not self.tolerance or self._are_far(one, other):
            return CONFLICTING
        apart = EXACT.subtract(one, other).copy_abs()
        allowed = EXACT.multiply(self.tolerance, max(one.copy_abs(), other.copy_abs()))
        return WITHIN if apart <= allowed else CONFLICTING

    def _are_far(self, one: Decimal, other: Decimal) -> bool:
        """Whether no difference need be reckoned, which may take as many digits as there are."""
        if self.tolerance >= _HALF:
            return False
        return not one or not other or abs(one.adjusted() - other.adjusted()) > 1

    def is_unset(self, value: Any) -> bool:
        """Whether it is as if the event had no such field."""
        return value is None or (self.in_text and isinstance(value, str) and not value)

    def number(self, value: Any) -> Decimal | None:
        """The number that a value is; None where it is none."""
        if self.in_text and isinstance(value, str):
            try:
                number = Decimal(value)
            except ArithmeticError:
                return None
            return number if number.is_finite() else None
        return decimal_of(value)


def without_figures(sentence: str) -> str:
    """A sentence but for its figures, which the event's fields hold, too."""
    return _FIGURE.sub("#", sentence)


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower()


_HALF = Decimal("0.5")
_SIMPLE = (str, int, float, bool)
"""Equal ones can be told at once: no signaling NaN is among them."""
