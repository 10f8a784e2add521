"""The numbers and texts of an event, whichever of its forms it is in."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, Inexact
from typing import Any

EventMapping = Mapping[str, Any]
"""An event as reading gives it, or its stored record with what is beyond the fields in `extra`."""

EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact])
"""Adds and multiplies without rounding: the memory of the digits themselves, no more."""


def decimal_of(value: Any) -> Decimal | None:
    """The number with the digits in which it is written; None for what is no finite number."""
    if type(value) is Decimal:
        return value if value.is_finite() else None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    # A float by its shortest digits: 0.1 is the tenth that was meant.
    number = Decimal(value) if isinstance(value, int) else Decimal(repr(float(value)))
    return number if number.is_finite() else None


def is_nan(value: Any) -> bool:
    """Whether it is a NaN; a signaling one cannot even be compared."""
    return value.is_nan() if isinstance(value, Decimal) else bool(value != value)


def product(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    """The product to the last digit; None where either is missing."""
    return None if one is None or other is None else EXACT.multiply(one, other)


def negated(amount: Decimal | None) -> Decimal | None:
    """The amount with the other sign, to the last digit; None where it is missing."""
    return None if amount is None else amount.copy_negate()


def extras_of(event: EventMapping) -> Mapping[str, Any]:
    """What a stored record has beyond the fields; nothing where that was made something else."""
    extra = event.get("extra")
    return extra if type(extra) is dict or isinstance(extra, Mapping) else _NO_EXTRAS


_NO_EXTRAS: Mapping[str, Any] = {}


class EventValues:
    """Reads an event's fields and extras, and keeps account of what it does not tell."""

    def __init__(self, event: EventMapping) -> None:
        self._event = event
        self._extra = extras_of(event)
        self.untold: list[str] = []

    def get(self, name: str) -> Any:
        """The value, None where there is none."""
        value = self._event.get(name)
        return self._extra.get(name) if value is None else value

    def given_number(self, name: str) -> Decimal | None:
        """The number if there is one."""
        return decimal_of(self.get(name))

    def given_text(self, name: str) -> str | None:
        """The text if there is one."""
        value = self.get(name)
        return value if isinstance(value, str) and value else None

    def number(self, *names: str) -> Decimal | None:
        """The first number that is there; that there is none is noted."""
        for name in names:
            value = self.given_number(name)
            if value is not None:
                return value
        self.untold.append(names[0])
        return None

    def text(self, *names: str) -> str | None:
        """The first text that is there; that there is none is noted."""
        for name in names:
            value = self.given_text(name)
            if value is not None:
                return value
        self.untold.append(names[0])
        return None
