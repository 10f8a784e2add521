"""Events as flat rows of cells: the specification's fields, then the extras by first appearance."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Self

import orjson

from domain.values import int_text
from projections.event_dicts import CHAIN_FIELDS, DECLARED_FIELDS, Record, event_dict

Cell = str | int | float | None


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
            if "block_number" in record or "nonce" in record or "block_hash" in record:
                chain.update(record.keys() & set(CHAIN_FIELDS))
        return self

    def join(self, later: CsvColumns) -> Self:
        """Fold in the columns of later events."""
        self._extras.update(later._extras)
        self._chain |= later._chain
        return self

    def names(self) -> list[str]:
        """The header."""
        chain = [name for name in CHAIN_FIELDS if name in self._chain]
        return [*DECLARED_FIELDS, *chain, *self._extras]


def csv_rows(
    events: Iterable[tuple[int, Record]], columns: list[str], status: str
) -> Iterator[list[Cell]]:
    """The events' rows of cells under these columns: empty for None, JSON for dicts and lists."""
    for order, record in events:
        event = event_dict(order, record, status, str)
        get = event.get
        yield [
            value if (kind := type(value := get(name))) in _AS_THEY_ARE else _cell(kind, value)
            for name in columns
        ]


_AS_THEY_ARE = frozenset({str, float, type(None)})


def _cell(kind: type, value: Any) -> Cell:
    if kind is dict or kind is list:
        return json_cell(value)
    if kind is int:
        return int_text(value)
    return str(value)


def json_cell(value: Any) -> str:
    """The value as JSON: Decimals as numbers to the last digit, times as ISO 8601 text.

    NaN and infinities are written as Python's json module writes and reads them.
    """
    try:
        encoded = orjson.dumps(value)
    except TypeError:
        return _exact_json(value)
    return encoded.decode() if b"null" not in encoded else _exact_json(value)


def _exact_json(value: Any) -> str:
    if isinstance(value, dict):
        items = (f"{json.dumps(k, ensure_ascii=False)}:{_exact_json(v)}" for k, v in value.items())
        return "{" + ",".join(items) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_exact_json, value)) + "]"
    if isinstance(value, int) and not isinstance(value, bool):
        return int_text(value)
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(value, ensure_ascii=False)
