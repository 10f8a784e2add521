"""Events as flat rows of cells: the specification's fields, then the extras by first appearance."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any, Self

import orjson

from domain.fields import CHAIN_FIELDS, DECLARED_FIELDS
from domain.values import int_text
from projections.event_dicts import Record, event_dict

_CHAIN = frozenset(CHAIN_FIELDS)


class CsvColumns:
    """Which columns the events folded in need, in the order in which the file has them."""

    def __init__(self) -> None:
        self._chain: set[str] = set()
        self._extras: dict[str, None] = {}

    def fold(self, events: Iterable[tuple[int, Record]]) -> Self:
        """Fold in further events, in rising order."""
        extras, chain = self._extras, self._chain
        for _, record in events:
            extra = record.get("extra")
            if extra is not None and not extra.keys() <= extras.keys():
                extras.update(dict.fromkeys(extra))
            if "detail_orders" in record:
                extras.update(dict.fromkeys(("detail_orders", "detail_count")))
            if not _CHAIN.isdisjoint(record):
                chain.update(_CHAIN.intersection(record))
        return self

    def join(self, later: CsvColumns) -> Self:
        """Fold in the columns of later events."""
        self._extras.update(later._extras)
        self._chain |= later._chain
        return self

    def names(self) -> list[str]:
        """The header."""
        # What is a field of its own by now may stand among the extras of an older log.
        chain = [name for name in CHAIN_FIELDS if name in self._chain or name in self._extras]
        extras = [name for name in self._extras if name not in _CHAIN]
        return [*DECLARED_FIELDS, *chain, *extras]


def csv_rows(events: Iterable[tuple[int, Record]], columns: list[str]) -> Iterator[list[Any]]:
    """The events' values under these columns, None where an event has none; times as text."""
    for order, record in events:
        yield list(map(event_dict(order, record, str).get, columns))


def json_cell(value: Any) -> str:
    """The value as JSON: Decimals as numbers to the last digit, times as ISO 8601 text.

    NaN and infinities are written as Python's json module writes and reads them.
    """
    try:
        encoded = orjson.dumps(value)
        # orjson writes NaN as null; the slower encoder tells the two apart.
        if b"null" not in encoded:
            return encoded.decode()
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError):
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
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def csv_line(row: Iterable[Any]) -> str:
    """The row as a line of CSV, quoted where it must be (RFC 4180), ending in a line feed.

    Nothing for None, JSON for dicts and lists; otherwise what `csv.writer` writes, in less time.
    """
    return ",".join(["" if v is None else _TO_TEXT[type(v)](v) for v in row]) + "\n"


@lru_cache(maxsize=4096)
def _quoted(text: str) -> str:
    return _in_quotes(text) if _MUST_BE_QUOTED(text) else text


def _in_quotes(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


_MUST_BE_QUOTED = re.compile(r'[",\r\n]').search
_TO_TEXT: dict[type, Callable[[Any], str]] = {
    str: _quoted,
    float: repr,
    int: int_text,
    bool: str,
    Decimal: str,
    dict: lambda value: _in_quotes(json_cell(value)),
    list: lambda value: _in_quotes(json_cell(value)),
}
