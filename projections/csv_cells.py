"""Values as the text of CSV cells: the same whether a record was restored or is as it was stored.

A record as it was stored, plain `orjson.loads` of its bytes, still holds the tags of
`domain.values`; to write it, nothing needs to be restored first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson

from domain.values import int_text

CellText = Callable[[Any], str]
Cells = Mapping[type, CellText]
"""How a value of each type is written into a cell, quoted where it must be."""

_dumps = orjson.dumps
# Text that begins as JSON does is quoted as JSON is.
_MUST_BE_QUOTED = re.compile(r'[",\r\n]|\A[{\[]').search
# Apostrophes before such a mark too, lest they be taken for ours when the file is read.
_FORMULA = re.compile(r"'*[=+\-@\t]").match
_MARKED = re.compile(r"'+[=+\-@\t]").match
_TAGS = frozenset({"$decimal", "$int", "$float", "$time"})
_DECIMAL = '{"$decimal":"'
# Decimal knows quiet, signalling, signed and numbered ones; JSON has one, by a courtesy.
_DECIMAL_NAN = re.compile(r'\{"\$decimal":"-?s?NaN\d*"\}')
_OTHER_TAG = re.compile(r'\{"\$(int|float|time)":"([^"]*)"\}')
_ESCAPED_KEY = re.compile(r'([{,])"\$(\$(?:[^"\\]|\\.)*":)')
_LEAST, _MOST = 1e-4, 1e16
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
    return quoted("'" + text if _FORMULA(text) else text)


def as_before_safe(cell: str) -> str:
    """The text that `quoted_safe` may have marked."""
    return cell[1:] if cell[:1] == "'" and _MARKED(cell) else cell


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


def json_parts(values: Iterable[Any]) -> bytes:
    """The `json_cell` of each value, one a line: JSON has no line feed of its own."""
    return "\n".join(map(json_cell, values)).encode()


def stored_json_parts(values: Iterable[Any]) -> bytes:
    """The JSON of each value as it was stored, one a line; `quoted_parts` takes the tags out."""
    return b"\n".join(map(_dumps, values))


def quoted_parts(parts: Iterable[bytes], *, stored: bool) -> list[str]:
    """Each line of the parts as it stands within quotes: its own quotes are doubled."""
    text = b"\n".join(parts).decode()
    return (_untagged(text) if stored else text).replace('"', '""').split("\n")


def stored_json(value: Any) -> str:
    """What `json_cell` gives of the restored value, of a dict or list as it was stored."""
    return _untagged(_dumps(value).decode())


def _untagged(text: str) -> str:
    # A quote inside of JSON text is escaped, so that what looks like a tag is one.
    if '"$' not in text:
        return text
    if "NaN" in text:
        text = _DECIMAL_NAN.sub("NaN", text)
    decimals = text.count(_DECIMAL)
    if decimals and text.count('"}') == decimals:
        text = text.replace(_DECIMAL, "").replace('"}', "")
    elif decimals:
        head, *tails = text.split(_DECIMAL)
        text = head + "".join([tail.replace('"}', "", 1) for tail in tails])
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


def float_text(value: float) -> str:
    """The float with its shortest digits, as Python writes it."""
    # orjson writes the same digits as repr in a quarter of the time, but not the same exponents.
    return _dumps(value).decode() if _LEAST <= abs(value) < _MOST else repr(value)


def _nothing(value: Any) -> str:
    return ""


RESTORED: Cells = {
    str: quoted,
    float: float_text,
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


def cell_texts(values: Sequence[Any], cells: Cells, *, stored: bool) -> Sequence[str]:
    """What `cells` write of each of a column's values; of values of one type at once."""
    kinds = set(map(type, values))
    if len(kinds) > 1:
        return [cells[type(value)](value) for value in values]
    (kind,) = kinds
    texts: Sequence[str] | None = None
    if kind is str:
        texts = _plain_texts(values) if cells[str] is quoted else None
    elif kind is float:
        texts = _floats(values)
    elif kind is dict and stored:
        texts = stored_decimals(values)
    return list(map(cells[kind], values)) if texts is None else texts


def _plain_texts(values: Sequence[str]) -> Sequence[str] | None:
    """The texts as they are, if none of them must be quoted, by a look at all of them."""
    joined = "".join(values)
    return None if any(mark in joined for mark in ',"\n\r{[') else values


def _floats(values: Sequence[float]) -> list[str] | None:
    if not (min(map(abs, values)) >= _LEAST and max(map(abs, values)) < _MOST):
        return None
    text = _dumps(values).decode()
    return None if "null" in text else text[1:-1].split(",")


def stored_decimals(values: Sequence[dict[str, Any]]) -> list[str] | None:
    """The digits of Decimals as they were stored, taken at once; None where others are there."""
    text = _dumps(values).decode()
    begin, end = "[" + _DECIMAL, '"}]'
    if not (text.startswith(begin) and text.endswith(end)):
        return None
    texts = text[len(begin) : -len(end)].split('"},' + _DECIMAL)
    # Four quotes each: there is nothing else in these dicts.
    if len(texts) == len(values) and text.count('"') == 4 * len(values):
        return texts
    return None


def safe(cells: Cells) -> Cells:
    """The same cells, no text of which a spreadsheet takes for a formula."""
    return {**cells, str: quoted_safe}
