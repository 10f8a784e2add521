"""Values as the log keeps them: JSON that a person can read and that loses nothing.

Plain text, numbers, booleans, lists and dicts are stored as they are. What JSON cannot tell is
tagged: `{"$decimal": "1.10"}`, `{"$int": "…"}` (from 2^63 on), `{"$float": "nan"}`,
`{"$time": "2024-05-12T14:00:00Z"}`; a caller's own key that begins with `$` is stored with one
more. An Enum is its value, a UUID its text, a numpy scalar the plain Python value, a tuple a list.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import orjson

from domain.errors import UnsupportedValueError, shown
from domain.times import iso_of

MAX_DEPTH = 100
"""How deep dicts and lists may nest."""

_STRICT = (
    orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
)
_INT64 = 2**63
_dumps = orjson.dumps


def encode(record: dict[str, Any]) -> bytes:
    """The record as JSON bytes from which `decode` gives equal values back.

    Encoding is also the capture: what the caller does to its dicts afterwards changes nothing.

    Raises `UnsupportedValueError`, naming the path, for what JSON cannot hold.
    """
    try:
        encoded = _dumps(record, None, _STRICT)
    except TypeError:
        return _dumps(tagged(record), None, _STRICT)
    # orjson writes NaN and infinities as null, and "$" may be a caller's key: look closer.
    if b"$" in encoded or b"null" in encoded:
        return _dumps(tagged(record), None, _STRICT)
    return encoded


def canonical(record: dict[str, Any]) -> bytes:
    """JSON bytes that are the same for records that read the same, whatever their keys' order.

    Raises as `encode` does.
    """
    return _dumps(tagged(record), None, _STRICT | orjson.OPT_SORT_KEYS)


def decode(encoded: bytes, as_time: Callable[[str], Any]) -> dict[str, Any]:
    """The record that `encode` was given; `as_time` makes a time of its ISO 8601 text."""
    record: dict[str, Any] = orjson.loads(encoded)
    return _restored(record, as_time) if b"$" in encoded else record


def tagged(value: Any, path: str = "", depth: int = 0) -> Any:
    """The value in plain JSON types, tagged where those alone would lose something."""
    if value is None or value is True or value is False:
        return value
    if isinstance(value, Enum):
        return tagged(value.value, path, depth)
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, int):
        return int(value) if -_INT64 <= value < _INT64 else {"$int": int_text(int(value))}
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"$float": str(float(value))}
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


def _container(value: Any, path: str, depth: int) -> Any:
    if depth >= MAX_DEPTH:
        raise UnsupportedValueError(
            path, value, f"nests deeper than {MAX_DEPTH} levels, or contains itself; flatten it"
        )
    if not isinstance(value, Mapping):
        return [tagged(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(value)]
    result = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise UnsupportedValueError(
                path, key, f"has the key {shown(key)}; keys must be text, so write str(key)"
            )
        name = _text(key, path)
        inner = f"{path}.{name}" if path and path != "extra" else name
        result[f"${name}" if name.startswith("$") else name] = tagged(item, inner, depth + 1)
    return result


def _scalar(value: Any, path: str, depth: int) -> Any:
    iso = iso_of(value)
    if iso is not None:
        return {"$time": iso}
    if str(value) == "NaT":
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


def _restored(value: Any, as_time: Callable[[str], Any]) -> Any:
    if isinstance(value, list):
        return [_restored(item, as_time) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((tag, text),) = value.items()
        if tag == "$time":
            return as_time(text)
        if tag in _RESTORERS:
            return _RESTORERS[tag](text)
    return {
        (key[1:] if key.startswith("$") else key): _restored(item, as_time)
        for key, item in value.items()
    }


_RESTORERS: dict[str, Callable[[str], Any]] = {
    "$decimal": Decimal,
    "$float": float,
    "$int": lambda text: int(text, 16 if "0x" in text else 10),
}
