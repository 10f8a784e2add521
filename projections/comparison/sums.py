"""Sums of many numbers, exact to the last digit, added up many at a time."""

from __future__ import annotations

from decimal import Decimal, localcontext

from domain.event_values import EXACT, decimal_of

Number = int | float | Decimal

NUMBERS: frozenset[type] = frozenset((int, float, Decimal))
"""The types of numbers as a log holds them."""

_AT_ONCE = 256


class Sum:
    """Adds numbers of these types; a float counts as what its digits say, NaN as nothing."""

    __slots__ = ("_total", "_waiting")

    def __init__(self) -> None:
        self._total = Decimal(0)
        self._waiting: list[Number] = []

    def add(self, number: Number) -> None:
        """Add one number."""
        self._waiting.append(number)
        if len(self._waiting) == _AT_ONCE:
            self._take()

    @property
    def value(self) -> Decimal:
        """The sum of what was added."""
        self._take()
        return self._total

    def _take(self) -> None:
        waiting, self._waiting = self._waiting, []
        told = [repr(one) if type(one) is float else one for one in waiting]
        with localcontext(EXACT):
            # A tenth of what one addition after the other takes.
            total = sum(map(Decimal, told), self._total)
            if not total.is_finite():
                finite = (decimal_of(one) for one in waiting)
                total = sum((one for one in finite if one is not None), self._total)
        self._total = total
