"""Values as the page tells them: text with every digit, and beside it what was shortened."""

from __future__ import annotations

import json
import re
from decimal import Context, Decimal
from typing import Any, NamedTuple

from domain.event_values import decimal_of
from domain.printable import printable
from domain.times import iso_of
from domain.values import int_text

_MOST_DIGITS = 12
_SHORT_DIGITS = 8
_LONGEST = 400


class Shown(NamedTuple):
    """What is shown of a value: marked ≈ or cut where it was shortened; `whole` is all of it."""

    text: str
    whole: str
    is_short: bool


def text_of(value: Any) -> str:
    """The whole value as text: numbers to the last digit, times as ISO 8601 in UTC."""
    if value is None:
        return ""
    if isinstance(value, dict):
        items = (f"{_quoted(str(name))}: {_inside(item)}" for name, item in value.items())
        return f"{{{', '.join(items)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_inside, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if type(value) is int:
        return int_text(value)
    iso = iso_of(value)
    return str(value) if iso is None else iso


def plain(value: Any) -> Any:
    """The value of texts, dicts and lists alone: what is a number or a time stands as its text.

    A reader in JavaScript rounds numbers, and this page is read by nothing else.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return text_of(value)


def strict_json(value: Any) -> str:
    """What `plain` gives as strict JSON, on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _inside(value: Any) -> str:
    """A value inside of a dict or list as JSON has it; numbers with the digits that they have."""
    if value is None:
        return "null"
    is_text = not isinstance(value, dict | list | tuple | bool | int | float | Decimal)
    return _quoted(text_of(value)) if is_text else text_of(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def shown(value: Any, longest: int = _LONGEST) -> Shown:
    """A value as a cell shows it: nothing in it acts, and what is long is cut."""
    whole = text_of(value)
    if len(whole) <= longest:
        return Shown(printable(whole), whole, False)
    # Of what is very long not even all is looked at.
    return Shown(f"{printable(whole[:longest])}…", whole, True)


def figure(value: Any) -> Shown:
    """A number as a column or a plot shows it; anything else as `shown`."""
    number = decimal_of(value)
    if number is None:
        return shown(value)
    whole = text_of(value)
    if not number:
        return Shown("0", whole, False)
    if len(whole) <= _MOST_DIGITS + 2:
        return Shown(whole, whole, False)
    short = short_text(number, _SHORT_DIGITS)
    is_same = Decimal(short) == number
    return Shown(short if is_same else f"≈ {short}", whole, True)


def short_text(number: Decimal, digits: int) -> str:
    """The number to so many digits, without zeros at its end; unmarked."""
    rounded = Context(prec=digits).create_decimal(number)
    exponent = rounded.adjusted()
    if -6 <= exponent < 15:
        text = f"{rounded:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return _ZEROS.sub("", f"{rounded:E}")


_ZEROS = re.compile(r"\.?0+(?=E)")


def cut_for_page(text: str, longest: int) -> tuple[str, int]:
    """The beginning of a long text, as it may stand on a page, and how much was left out."""
    return printable(text[:longest]), max(0, len(text) - longest)
