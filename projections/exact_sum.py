"""Sums that are exact, whatever the order of adding."""

from __future__ import annotations

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, Inexact
from fractions import Fraction

Number = int | float | Decimal

_FLOAT_SCALE = 1074
"""Every finite float is a whole multiple of 2 ** -1074."""

_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact])
"""As many digits as the terms have: an addition takes the memory of its own digits alone."""


class ExactSum:
    """Adds ints, floats and Decimals without rounding; only `value` rounds, once."""

    def __init__(self) -> None:
        self._ints = 0
        self._floats = 0
        self._decimals = Decimal(0)
        self._has_float = self._has_decimal = False

    def add(self, number: Number) -> None:
        """Add one finite number."""
        if isinstance(number, float):
            numerator, denominator = number.as_integer_ratio()
            self._floats += numerator << (_FLOAT_SCALE + 1 - denominator.bit_length())
            self._has_float = True
        elif isinstance(number, Decimal):
            self._decimals = _EXACT.add(self._decimals, number)
            self._has_decimal = True
        else:
            self._ints += number

    @property
    def value(self) -> Number:
        """The sum: a float correctly rounded once if any float was added, else exact.

        Of Decimals (and ints) alone it is a Decimal, of ints alone an int. A sum beyond the
        largest float is an infinity.
        """
        if self._has_float:
            exact = Fraction(self._floats, 2**_FLOAT_SCALE) + Fraction(self._decimals) + self._ints
            try:
                return float(exact)
            except OverflowError:
                return float("inf") if exact > 0 else float("-inf")
        if self._has_decimal:
            return _EXACT.add(self._decimals, Decimal(self._ints))
        return self._ints
