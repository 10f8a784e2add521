"""The tags of stored values, one value after the other: slow, and the definition of the format.

`domain.values` encodes at once what it can, to the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from math import isfinite
from typing import Any
from uuid import UUID

from domain.errors import UnsupportedValueError, shown
from domain.times import iso_of

MAX_DEPTH = 100
"""How deep dicts and lists may nest."""

INT64 = 2**63
"""From here on an int is tagged."""


def tagged(value: Any, path: str = "", depth: int = 0) -> Any:
    """The value in plain JSON types, tagged where those alone would lose something."""
    if _is_plain(value):
        return value
    if isinstance(value, Enum):
        return tagged(value.value, path, depth)
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, int):
        return int(value) if -INT64 <= value < INT64 else {"$int": int_text(int(value))}
    if isinstance(value, float):
        return float(value) if isfinite(value) else {"$float": str(float(value))}
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, Mapping | list | tuple):
        return _container(value, path, depth)
    if isinstance(value, UUID):
        return str(value)
    return _scalar(value, path, depth)


def plain_number(value: Any) -> Any:
    """A numpy scalar as the plain Python value; a time, a duration or anything else as it is."""
    if not hasattr(value, "dtype") or getattr(value, "shape", None) != ():
        return value
    # Of a time or a duration in nanoseconds the plain value would be a bare int.
    return value if getattr(value.dtype, "kind", "M") in "mM" else value.item()


def int_text(value: int) -> str:
    """The digits of an int of any size: decimal, or hexadecimal past Python's limit for it."""
    try:
        return str(value)
    except ValueError:
        return hex(value)


def _is_plain(value: Any) -> bool:
    kind = type(value)
    if kind is str:
        return bool(value.isascii())
    if kind is float:
        return isfinite(value)
    if kind is int:
        return bool(-INT64 <= value < INT64)
    return value is None or kind is bool


def _container(value: Any, path: str, depth: int) -> Any:
    if depth >= MAX_DEPTH:
        raise UnsupportedValueError(
            path, value, f"nests deeper than {MAX_DEPTH} levels, or contains itself; flatten it"
        )
    if not isinstance(value, Mapping):
        return [
            item if _is_plain(item) else tagged(item, f"{path}[{i}]", depth + 1)
            for i, item in enumerate(value)
        ]
    result = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise UnsupportedValueError(
                path, key, f"has the key {shown(key)}; keys must be text, so write str(key)"
            )
        name = _text(key, path)
        if not _is_plain(item):
            inner = f"{path}.{name}" if path and path != "extra" else name
            item = tagged(item, inner, depth + 1)
        result[f"${name}" if name.startswith("$") else name] = item
    return result


def _written(value: Any) -> str:
    try:
        return str(value)
    except Exception:
        # Of a stranger's object, which is none that JSON can hold.
        return ""


def _scalar(value: Any, path: str, depth: int) -> Any:
    iso = iso_of(value)
    if iso is not None:
        return {"$time": iso}
    if _written(value) == "NaT":
        return {"$time": "NaT"}
    plain = plain_number(value)
    if plain is not value and type(plain) is not type(value):
        return tagged(plain, path, depth)
    raise UnsupportedValueError(
        path,
        value,
        f"holds {shown(value)}, a {type(value).__name__}, which JSON cannot hold;"
        " log text, numbers, times, lists or dicts",
    )


def _text(value: str, path: str) -> str:
    text = str.__str__(value)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UnsupportedValueError(
            path or "key",
            value,
            f"holds {shown(text)}, which is no valid Unicode text (a lone surrogate at"
            f" {error.start}); decode it properly first",
        ) from None
    return text


Restorers = dict[str, Callable[[str], Any]]

# Balances mostly stay from one event to the next, and an event names one amount several times: a
# tenth to a fifth of decoding (measured).
_decimal = lru_cache(maxsize=8192)(Decimal)

RESTORERS: Restorers = {
    "$decimal": _decimal,
    "$float": float,
    "$int": lambda text: int(text, 16 if "0x" in text else 10),
}
"""What each tag stands for, made of its text; that of `$time` is the reader's choice."""


def restore(container: dict[str, Any] | list[Any], restorers: Restorers) -> None:
    """Put what tags stand for in their place, in the container itself."""
    waiting: list[Any] = [container]
    for one in waiting:
        for place, item in one.items() if type(one) is dict else enumerate(one):
            kind = type(item)
            if kind is dict:
                if len(item) == 1:
                    text = item.get("$decimal")
                    if text is not None:
                        one[place] = _decimal(text)
                        continue
                    ((tag, text),) = item.items()
                    if tag in restorers:
                        one[place] = restorers[tag](text)
                        continue
                waiting.append(item)
            elif kind is list:
                waiting.append(item)


def unescaped(value: Any) -> Any:
    """The value with its escaped keys as the caller wrote them."""
    if type(value) is list:
        return [unescaped(item) for item in value]
    if type(value) is not dict:
        return value
    return {
        (key[1:] if key.startswith("$") else key): unescaped(item) for key, item in value.items()
    }
