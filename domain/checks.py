"""The checks that an event's declared fields pass, one function per kind of value.

`Checked(check)` in a field's annotation makes pydantic run the check, and `domain.fields` takes the
same functions out of it: what runs per logged event is the model, without its overhead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.errors import InvalidAmountError, InvalidEventError, LogConfigurationError, shown
from domain.tags import plain_number

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema, core_schema

Check = Callable[[str, Any], Any]
"""Takes the field's name and the value; returns the value to store or raises."""

Number = int | float | Decimal
"""What an amount may be; each is kept exactly."""

MAX_DECIMAL_EXPONENT = 6144
"""The largest power of ten of an amount: IEEE 754's decimal128."""


@dataclass(frozen=True)
class Checked:
    """Marks a pydantic field with the check that its values pass."""

    check: Check
    is_stored: Callable[[Any], bool] | None = None
    """Says of a value whether it is what the check has made of one, as read from a store."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Runs the check on every value but None, in place of pydantic's own conversions."""
        from pydantic_core import core_schema

        def validate(value: Any, info: core_schema.ValidationInfo) -> Any:
            if value is None or (self.is_stored is not None and self.is_stored(value)):
                return value
            return self.check(str(info.field_name), value)

        return core_schema.with_info_plain_validator_function(validate)


def number(field: str, value: Any) -> Number:
    """A finite int, float or Decimal; a numpy scalar becomes the plain Python value."""
    kind = type(value)
    # Not a cast, which is a call: this runs for every amount.
    given: Number = value
    if kind is float:
        if isfinite(given):
            return given
    elif kind is int:
        return given
    elif kind is Decimal:
        if value.is_finite():
            if abs(value.adjusted()) <= MAX_DECIMAL_EXPONENT:
                return given
            raise InvalidAmountError(
                field,
                value,
                f"{shown(value)} is beyond 1E±{MAX_DECIMAL_EXPONENT}; give it in another unit",
            )
    elif kind is not bool:
        plain = _plain_number_of_subclass(value)
        if plain is not None:
            return number(field, plain)
    raise InvalidAmountError(
        field, value, f"must be a finite number (int, float or Decimal), not {shown(value)}"
    )


def _plain_number_of_subclass(value: Any) -> Number | None:
    plain = plain_number(value)
    for kind in (int, float, Decimal):
        if isinstance(plain, kind) and not isinstance(plain, bool):
            return plain if type(plain) is kind else kind(plain)
    return None


def magnitude(value: Number) -> Number:
    """The number without its sign; a Decimal keeps every digit, whatever the context."""
    return value.copy_abs() if isinstance(value, Decimal) else abs(value)


def whole_number(field: str, value: Any) -> int:
    """An int of zero or more."""
    plain = number(field, value)
    if not isinstance(plain, int) or plain < 0:
        raise InvalidAmountError(
            field, value, f"must be a whole number of 0 or more, not {shown(value)}"
        )
    return plain


def checked_flag(option: str, value: Any) -> bool:
    """True or False, as Python, numpy or a 0 or 1 say it; None is False.

    Raises `LogConfigurationError`: every text would count as true, "no" and "false" too.
    """
    if value is None or isinstance(value, bool):
        return bool(value)
    plain = plain_number(value)
    if isinstance(plain, int) and plain in (0, 1):
        return bool(plain)
    raise LogConfigurationError(option, value, f"must be True or False, not {shown(value)}")


def checked_choice(option: str, value: Any, known: Sequence[str]) -> str:
    """The text, which is one of those known; raises `LogConfigurationError` for anything else."""
    if isinstance(value, str) and value in known:
        return value
    names = f"{', '.join(map(repr, known[:-1]))} or {known[-1]!r}"
    raise LogConfigurationError(option, value, f"must be {names}, not {shown(value)}")


def text(field: str, value: Any) -> str:
    """Text that is not blank."""
    if type(value) is str and value and not value.isspace():
        return value
    if not isinstance(value, str) or not value or value.isspace():
        raise InvalidEventError(field, value, f"must be text that is not blank, not {shown(value)}")
    return str.__str__(value)


def is_valid_unicode(value: str) -> bool:
    """Whether the text can be stored at all, as one with lone surrogates cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_identity(value: object) -> bool:
    """Whether it is what a log is told by from all others: a UUID, as text."""
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False


def order(field: str, value: Any) -> int:
    """An order number: an int from 1 on."""
    plain = value if type(value) is int else plain_number(value)
    if not isinstance(plain, int) or isinstance(plain, bool) or plain < 1:
        raise InvalidEventError(field, value, f"must be an order (1, 2, 3 …), not {shown(value)}")
    return int(plain)


def orders(field: str, value: Any) -> list[int]:
    """A list of order numbers."""
    if not isinstance(value, list | tuple):
        raise InvalidEventError(field, value, f"must be a list of orders, not {shown(value)}")
    return [order(f"{field}[{i}]", item) for i, item in enumerate(value)]


def snapshot(field: str, value: Any) -> dict[str, Any]:
    """A dict, as the Position Monitor gives it out."""
    if not isinstance(value, dict):
        raise InvalidEventError(field, value, f"must be a dict, not {shown(value)}")
    return value
