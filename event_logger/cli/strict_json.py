"""Values as strict JSON, for programs and for people."""

from __future__ import annotations

import json
from decimal import Decimal
from math import isfinite
from typing import Any

import orjson

from domain.times import iso_of
from domain.values import int_text
from projections.json_cells import MOST_INT_DIGITS


def strict_json(value: Any, comma: str = ",", colon: str = ":") -> str:
    """The value as JSON that every reader takes, on one line.

    Decimals are numbers to the last digit, times ISO 8601 text. What JSON has no word for is
    tagged as in the store, `{"$float": "nan"}`, `{"$decimal": "Infinity"}`, and so is a Decimal of
    more digits than Python reads; an int of so many is hexadecimal text.
    """
    if isinstance(value, dict):
        items = (
            f"{_text(str(key))}{colon}{strict_json(item, comma, colon)}"
            for key, item in value.items()
        )
        return "{" + comma.join(items) + "}"
    if isinstance(value, list | tuple):
        return "[" + comma.join(strict_json(item, comma, colon) for item in value) + "]"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int):
        text = int_text(value)
        return f'"{text}"' if "x" in text else text
    if isinstance(value, float):
        return orjson.dumps(value).decode() if isfinite(value) else _tagged("float", value, colon)
    if isinstance(value, Decimal):
        text = str(value)
        # Of a Decimal's digits as of an int's: Python reads no more of them in a row.
        is_read = value.is_finite() and (
            len(text) <= MOST_INT_DIGITS or not text.lstrip("-").isdigit()
        )
        return text if is_read else _tagged("decimal", value, colon)
    iso = iso_of(value)
    return _text(str(value) if iso is None else iso)


def _tagged(kind: str, value: float | Decimal, colon: str) -> str:
    return f'{{"${kind}"{colon}"{value}"}}'


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
