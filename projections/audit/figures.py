"""How far two figures of a log may be apart, and why: the one home of the audit's tolerances."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal
from typing import Any

from domain.event_values import EXACT, EventValues, decimal_of
from projections.audit.rule import AuditOptions

FLOAT_PART = Decimal("1e-12")
"""What a float may be off: a part of the largest term. Arithmetic of floats is off by 1e-16."""

LAST_PLACE = Decimal("1e-6")
"""Chains and exchanges cut amounts at the last place of their token: of USDT the sixth decimal."""

WIDE = Context(prec=80, traps=[])
"""Divides to more digits than any figure of a log has; beyond that gives NaN, which differs."""

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as the log writes it: its digits, and whether it is a float."""

    value: Decimal
    is_float: bool

    @classmethod
    def of(cls, raw: Any) -> Figure | None:
        """The figure; None for what is no finite number."""
        value = decimal_of(raw)
        return None if value is None else cls(value, isinstance(raw, float))

    @classmethod
    def named(cls, values: EventValues, name: str) -> Figure | None:
        """The figure of this name in an event; None where there is none."""
        return cls.of(values.get(name))

    @property
    def unit(self) -> Decimal:
        """One of the last digit that is written; of a whole number 1."""
        return unit_of(self.value)

    @property
    def magnitude(self) -> Figure:
        """The figure without its sign."""
        return Figure(self.value.copy_abs(), self.is_float)


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that is not what it should be, and what it might have been off."""

    expected: Decimal
    found: Decimal
    tolerance: str


def unit_of(number: Decimal) -> Decimal:
    """One of the last digit in which the number is written; of a whole number 1."""
    exponent = number.as_tuple().exponent
    return Decimal((0, (1,), min(exponent, 0) if isinstance(exponent, int) else 0))


def digits_of(number: Decimal) -> int:
    """How many digits the number has, zeros at either end apart."""
    return len(str(int(Decimal((0, number.as_tuple().digits, 0)))).rstrip("0"))


def quotient(one: Decimal, other: Decimal) -> Decimal:
    """The quotient, to many more digits than are compared."""
    return WIDE.divide(one, other)


def compared(
    options: AuditOptions,
    expected: Decimal,
    found: Figure,
    *terms: Figure,
    roundings: int = 1,
    at_most: Decimal | None = None,
) -> Difference | None:
    """The difference of a figure to what the terms give; None where it may be that.

    `roundings` says how often what the figure tells was rounded to its last written digit: half a
    unit for each, and where it is one, at a token's last place, it may be cut. 0: both were
    computed, Decimals agree to the last digit. However few its digits, a figure is off by `at_most`
    of what was expected. Floats may be off by `FLOAT_PART` of the largest term.
    """
    off = EXACT.subtract(found.value, expected).copy_abs()
    if not off:
        return None
    larger = max(found.value.copy_abs(), expected.copy_abs())
    if options.tolerance is not None:
        tolerance = f"{options.tolerance} of the larger figure, as asked for"
        return _beyond(off, options.tolerance * larger, expected, found, tolerance)
    allowed, tolerance = ZERO, "exact"
    if roundings:
        allowed = found.unit * roundings / 2
        tolerance = f"{allowed:f}, half a unit of the last digit"
        if roundings > 1:
            tolerance += f" {roundings} times"
        elif at_most is not None and allowed > at_most * expected.copy_abs():
            allowed = at_most * expected.copy_abs()
            tolerance = f"{allowed:.3g}, {at_most} of what was expected"
        elif found.unit <= LAST_PLACE:
            tolerance += ", or cut there"
            if off < found.unit and _is_cut(expected, found):
                return None
    if found.is_float or any(one.is_float for one in terms):
        largest = (
            max([larger, *(one.value.copy_abs() for one in terms)]) if not roundings else larger
        )
        if FLOAT_PART * largest > allowed:
            allowed = FLOAT_PART * largest
            tolerance = f"{allowed:.3g}, {FLOAT_PART} of the largest term for floats"
    return _beyond(off, allowed, expected, found, tolerance)


def _beyond(
    off: Decimal, allowed: Decimal, expected: Decimal, found: Figure, tolerance: str
) -> Difference | None:
    if off <= allowed:
        return None
    return Difference(shown(expected, found), found.value, tolerance)


def _is_cut(expected: Decimal, found: Figure) -> bool:
    cut = expected.quantize(found.unit, ROUND_DOWN, context=WIDE)
    return cut == found.value


def shown(expected: Decimal, found: Figure) -> Decimal:
    """What was expected, to a few digits more than were found."""
    unit = found.unit.scaleb(-4)
    rounded = expected.quantize(unit, context=WIDE)
    return expected if unit_of(expected) >= unit or rounded.is_nan() else rounded
