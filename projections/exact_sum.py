"""Sums that are exact, whatever the order of adding.

A float counts as the number that its shortest digits say, 0.1 as a tenth: a log then has the sums
of one that was made of its CSV file, where those digits are all there is.
"""

from __future__ import annotations

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, Inexact

Number = int | float | Decimal

_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact])
"""As many digits as the terms have: an addition takes the memory of its own digits alone."""


class ExactSum:
    """Adds ints, floats and Decimals without rounding; only `value` rounds, once."""

    def __init__(self) -> None:
        self._ints = 0
        self._decimals = Decimal(0)
        self._has_float = self._has_decimal = False

    def add(self, number: Number) -> None:
        """Add one finite number."""
        if isinstance(number, float):
            self._decimals = _EXACT.add(self._decimals, Decimal(float.__repr__(number)))
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
            return float(_EXACT.add(self._decimals, Decimal(self._ints)))
        if self._has_decimal:
            return _EXACT.add(self._decimals, Decimal(self._ints))
        return self._ints
