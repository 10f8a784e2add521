"""Values as they were stored, as the cells of a column: of which type, and exactly which text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from domain.tags import INT64
from projections.column_types import ColumnType, joined
from projections.csv_cells import float_text

T = ColumnType
_TAGS = frozenset({"$decimal", "$int", "$float", "$time"})
_TAGGED = re.compile(r'\{"\$(decimal|int|float|time)":"([^"]*)"\}')
_ESCAPED_KEY = re.compile(r'([{,])"\$(\$(?:[^"\\]|\\.)*":)')
_DECIMAL = '{"$decimal":"'
PLAIN_DECIMAL = r"-?[0-9]+(?:\.[0-9]+)?(?:E[+-]?[0-9]+)?"
"""How a finite Decimal is written."""
_FORMS = {
    "$decimal": re.compile(PLAIN_DECIMAL + r"|-?(?:s?NaN[0-9]*|Infinity)"),
    "$int": re.compile("-?(?:[0-9]+|0x[0-9a-f]+)"),
}
# To the nanosecond 64 bits tell the times between these.
_FIRST_NANOSECOND, _LAST_NANOSECOND = "1677-09-22", "2262-04-11"
_NO_NUMBERS = ("NaN", "Infinity")

_PLAIN = {str: T.TEXT, float: T.FLOAT, bool: T.BOOLEAN, type(None): T.NOTHING}


def told(value: Any) -> tuple[ColumnType, Any]:
    """The type of a stored value, and what it is: numbers beyond 64 bits, times and JSON as text.

    `NaT` is a time that is not there. Raises `ValueError` for a tag that holds no such value.
    """
    kind = type(value)
    plain = _PLAIN.get(kind)
    if plain is not None:
        return plain, value
    if kind is int:
        return (T.INT, value) if -INT64 <= value < INT64 else (T.BIG_INT, str(value))
    if kind is dict and len(value) == 1:
        ((tag, text),) = value.items()
        if tag in _TAGS and type(text) is str:
            return _tagged(tag, text)
    return T.JSON, json_text(value)


def _tagged(tag: str, text: str) -> tuple[ColumnType, Any]:
    form = _FORMS.get(tag)
    if form is not None and not form.fullmatch(text):
        raise ValueError(f"{text!r} is no {tag[1:]}")
    if tag == "$decimal":
        return T.EXACT, text
    if tag == "$int":
        return T.BIG_INT, text
    if tag == "$float":
        return T.FLOAT, float(text)
    if text == "NaT":
        return T.TIME, None
    return time_type(text), text


def time_type(iso: str) -> ColumnType:
    """Whether 64 bits tell the time to the nanosecond."""
    return T.TIME if _FIRST_NANOSECOND <= iso < _LAST_NANOSECOND else T.FAR_TIME


def text_of(found: ColumnType, value: Any) -> str | None:
    """A value that `told` gave, as text: a number with the digits in which it is written."""
    if value is None or type(value) is str:
        return value
    return float_text(value) if found is T.FLOAT else str(value)


def cells_of(values: Sequence[Any]) -> tuple[ColumnType, list[Any], dict[ColumnType, int]]:
    """The cells of stored values, their type, and the place of the first of each type that is
    among them."""
    found = [told(value) for value in values]
    seen: dict[ColumnType, int] = {}
    column = T.NOTHING
    for place, (one, _) in enumerate(found):
        if one not in seen:
            seen[one] = place
            column = joined(column, one)
    if column in AS_TEXT:
        return column, [text_of(one, value) for one, value in found], seen
    return column, [value for _, value in found], seen


AS_TEXT = frozenset({T.BIG_INT, T.EXACT, T.FAR_TIME, T.TEXT, T.JSON, T.MIXED})
"""Types whose cells are text, as long as they wait for the column's type to be settled."""


def json_text(value: Any) -> str:
    """A stored value as strict JSON: Decimals and ints as numbers, to the last digit.

    Times are ISO 8601 text; a NaN or infinity is tagged as it is stored.
    """
    return json_lines([orjson.dumps(value)])[0]


def json_lines(values: Iterable[bytes]) -> list[str]:
    """`json_text` of each of the values, given as the bytes that are stored."""
    text = b"\n".join(values).decode()
    return _untagged(text).split("\n")


def _untagged(text: str) -> str:
    # A quote inside of JSON text is escaped, so that what looks like a tag is one.
    if '"$' not in text:
        return text
    decimals = text.count(_DECIMAL)
    if text.count('"$') == decimals and text.count('"}') == decimals and _is_finite(text):
        return text.replace(_DECIMAL, "").replace('"}', "")
    text = _TAGGED.sub(_plain, text)
    return _ESCAPED_KEY.sub(r'\1"\2', text) if '"$$' in text else text


def _is_finite(text: str) -> bool:
    return not any(word in text for word in _NO_NUMBERS)


def _plain(tagged: re.Match[str]) -> str:
    tag, text = tagged.groups()
    if tag == "float" or (tag == "decimal" and not text[-1:].isdigit()) or "aN" in text:
        return tagged[0]
    return f'"{text}"' if tag == "time" or "x" in text else text
