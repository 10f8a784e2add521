"""Values as the text of CSV cells: the same whether a record was restored or is as it was stored.

A record as it was stored, plain `orjson.loads` of its bytes, still holds the tags of
`domain.values`; to write it, nothing needs to be restored first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson

from domain.values import int_text

CellText = Callable[[Any], str]
Cells = Mapping[type, CellText]
"""How a value of each type is written into a cell, quoted where it must be."""

_dumps = orjson.dumps
# Text that begins as JSON does is quoted as JSON is: an import need not tell the two apart.
_MUST_BE_QUOTED = re.compile(r'[",\r\n]|\A[{\[]').search
_FORMULA = tuple("=+-@\t")
_TAGS = frozenset({"$decimal", "$int", "$float", "$time"})
_DECIMAL = '{"$decimal":"'
# Decimal knows quiet, signalling, signed and numbered ones; JSON has one, by a courtesy.
_DECIMAL_NAN = re.compile(r'\{"\$decimal":"-?s?NaN\d*"\}')
_OTHER_TAG = re.compile(r'\{"\$(int|float|time)":"([^"]*)"\}')
_ESCAPED_KEY = re.compile(r'([{,])"\$(\$(?:[^"\\]|\\.)*":)')
_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def in_quotes(text: str) -> str:
    """The text in quotes, its own quotes doubled."""
    return '"' + text.replace('"', '""') + '"'


def quoted(text: str) -> str:
    """The text as a cell: in quotes where it must be (RFC 4180), or begins as JSON does."""
    return _kept(text) if len(text) <= _LONGEST_KEPT else _quoted(text)


def _quoted(text: str) -> str:
    return in_quotes(text) if _MUST_BE_QUOTED(text) else text


# Venues, tokens and purposes come again and again; long texts would take all of the memory.
_LONGEST_KEPT = 256
_kept = lru_cache(maxsize=4096)(_quoted)


def quoted_safe(text: str) -> str:
    """The same, with an apostrophe before what a spreadsheet would take for a formula."""
    return quoted("'" + text if text.startswith(_FORMULA) else text)


def json_cell(value: Any) -> str:
    """The value as JSON: Decimals as numbers to the last digit, times as ISO 8601 text.

    NaN and infinities are written as Python's json module writes and reads them.
    """
    try:
        encoded = _dumps(value)
        # orjson writes NaN as null; the slower encoder tells the two apart.
        if b"null" not in encoded:
            return encoded.decode()
    except (TypeError, ValueError):
        pass
    return _exact_json(value)


def _exact_json(value: Any) -> str:
    if isinstance(value, dict):
        items = (f"{json.dumps(k, ensure_ascii=False)}:{_exact_json(v)}" for k, v in value.items())
        return "{" + ",".join(items) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_exact_json, value)) + "]"
    if isinstance(value, int) and not isinstance(value, bool):
        text = int_text(value)
        return f'"{text}"' if "x" in text else text
    if isinstance(value, Decimal):
        return "NaN" if value.is_nan() else str(value)
    if isinstance(value, float) and value == value and abs(value) != float("inf"):
        return _dumps(value).decode()
    return json.dumps(value, ensure_ascii=False)


def json_lines(values: Iterable[Any]) -> str:
    """The `json_cell` of each value, one a line: JSON has no line feed of its own."""
    return "\n".join(map(json_cell, values))


def stored_json_lines(values: Iterable[Any]) -> str:
    """The `stored_json` of each value, one a line."""
    text = b"\n".join(map(_dumps, values)).decode()
    return _untagged(text) if "$" in text else text


def stored_json(value: Any) -> str:
    """What `json_cell` gives of the restored value, of a dict or list as it was stored."""
    text = _dumps(value).decode()
    return _untagged(text) if "$" in text else text


def _untagged(text: str) -> str:
    # A quote inside of JSON text is escaped, so that what looks like a tag is one.
    if "NaN" in text:
        text = _DECIMAL_NAN.sub("NaN", text)
    head, *decimals = text.split(_DECIMAL)
    if decimals:
        text = head + "".join([tail.replace('"}', "", 1) for tail in decimals])
    if '"$' in text:
        text = _OTHER_TAG.sub(_plain, text)
        text = _ESCAPED_KEY.sub(r'\1"\2', text)
    return text


def _plain(tagged: re.Match[str]) -> str:
    tag, text = tagged.groups()
    if tag == "float":
        return _NOT_FINITE[text]
    return f'"{text}"' if tag == "time" or "x" in text else text


def _restored_json(value: Any) -> str:
    return in_quotes(json_cell(value))


def _stored_list(value: Any) -> str:
    return in_quotes(stored_json(value))


def _stored_dict(value: Any) -> str:
    if len(value) == 1:
        ((tag, text),) = value.items()
        if tag in _TAGS:
            return str(text)
    return in_quotes(stored_json(value))


def _float(value: float) -> str:
    # orjson writes the same digits as repr in a quarter of the time, but not the same exponents.
    return _dumps(value).decode() if 1e-4 <= abs(value) < 1e16 else repr(value)


def _nothing(value: Any) -> str:
    return ""


RESTORED: Cells = {
    str: quoted,
    float: _float,
    int: int_text,
    bool: str,
    Decimal: str,
    dict: _restored_json,
    list: _restored_json,
    type(None): _nothing,
}
"""For records whose values are restored, times being text."""

STORED: Cells = {**RESTORED, int: str, dict: _stored_dict, list: _stored_list}
"""For records as they were stored."""


def safe(cells: Cells) -> Cells:
    """The same cells, no text of which a spreadsheet takes for a formula."""
    return {**cells, str: quoted_safe}
