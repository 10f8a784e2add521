"""JSON in a cell of a CSV event log: whether the export writes it so, and what it says exactly."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from projections.csv_cells import json_cell

MOST_INT_DIGITS = 4300
"""Python writes no int of more; the export writes it in hexadecimal: `domain.values.int_text`."""


def is_json_form(cell: str) -> bool:
    """Whether the export writes a dict or a list so."""
    if cell[:1] not in ("{", "["):
        return False
    try:
        if orjson.dumps(orjson.loads(cell)).decode() == cell:
            return True
        return json_cell(exact_json(cell)) == cell
    except (ValueError, RecursionError, InvalidOperation):
        return False


def exact_json(cell: str) -> Any:
    """The JSON with its numbers as `exact_number` takes them; raises what `json.loads` does."""
    needs_care = (
        _EXPONENT(cell)
        or ("-0" in cell and _MINUS_ZERO(cell))
        or (len(cell) > MOST_INT_DIGITS and _TOO_LONG_AN_INT(cell))
    )
    return (_CAREFUL if needs_care else _PLAIN)(cell)


def exact_int(text: str) -> int | Decimal:
    """The int, or a Decimal of -0 and of more digits than Python takes for an int."""
    try:
        return Decimal(text) if text == "-0" else int(text)
    except ValueError:
        return Decimal(text)


def exact_number(text: str) -> Decimal | float:
    """The Decimal, but the float where that is written with an exponent such as 1e-07."""
    if "e" in text:
        number = float(text)
        if text in (repr(number), orjson.dumps(number).decode()):
            return number
    return Decimal(text)


# Looks back from each e: a search for the letter is ten times as fast as one for a digit before
# it.
_EXPONENT = re.compile(r"e(?<=\de)").search
_MINUS_ZERO = re.compile(r"-0(?![.\d])").search
_TOO_LONG_AN_INT = re.compile(rf"\d{{{MOST_INT_DIGITS + 1}}}").search
_PLAIN = json.JSONDecoder(parse_float=Decimal).decode
_CAREFUL = json.JSONDecoder(parse_float=exact_number, parse_int=exact_int).decode


def told_apart(values: Sequence[Any]) -> Sequence[Any]:
    """The values of an extra, its texts told apart from the JSON of its dicts and lists.

    Text that is JSON of one itself gets an apostrophe; so does text that begins with apostrophes
    before such, lest it lose one. `as_told` takes it off.
    """
    if any(type(value) is str and value[:1] in _MAY_BE_JSON for value in values):
        return [
            "'" + value if type(value) is str and is_json_form(value.lstrip("'")) else value
            for value in values
        ]
    return values


def as_told(cell: str) -> str:
    """The text of an extra that `told_apart` may have marked."""
    return cell[1:] if cell[:1] == "'" and is_json_form(cell.lstrip("'")) else cell


_MAY_BE_JSON = frozenset("'{[")
