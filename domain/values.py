"""Values as the log keeps them: JSON that a person can read and that loses nothing.

Plain text, numbers, booleans, lists and dicts are stored as they are. What JSON cannot tell is
tagged: `{"$decimal": "1.10"}`, `{"$int": "…"}` (from 2^63 on), `{"$float": "nan"}`,
`{"$time": "2024-05-12T14:00:00Z"}`; a caller's own key that begins with `$` is stored with one
more. An Enum is its value, a UUID its text, a numpy scalar the plain Python value, a tuple a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Any

import orjson

from domain.errors import UnsupportedValueError
from domain.tags import INT64, MAX_DEPTH, RESTORERS, restore, tagged, unescaped
from domain.tags import int_text as int_text
from domain.tags import plain_number as plain_number

_STRICT = (
    orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
)
_EXACT_INTS = _STRICT | orjson.OPT_STRICT_INTEGER
_SORTED = _STRICT | orjson.OPT_SORT_KEYS
_CONTAINERS = frozenset({dict, list, tuple})
_LEAVES = frozenset({str, bool, type(None), Decimal})
# All of encoded bytes but "$", brackets, and letters of null, which are then quickly looked at.
_NOT_TELLING = bytes(set(range(256)) - set(b"${[ul"))
# Looked for as an int: `bytes in bytes` first takes what it looks for to be one, and forgets the
# error, in five times as long (measured); `find` does not.
_DOLLAR = ord("$")
_TELLING_OF_A_DECIMAL, _TELLING_OF_ANOTHER_TAG = len("{$l"), len("{$")
_dumps = orjson.dumps


def encode(record: dict[str, Any]) -> bytes:
    """The record as JSON bytes from which `decode` gives equal values back.

    Encoding is also the capture: what the caller does to its dicts afterwards changes nothing.

    Raises `UnsupportedValueError`, naming the path, for what JSON cannot hold.
    """
    # Where the amount is a Decimal, so are others: the plain way would only find that out.
    if type(record.get("amount")) is not Decimal:
        try:
            plain = _dumps(record, None, _EXACT_INTS)
        except TypeError:
            pass
        else:
            # orjson writes NaN as null, and counts no depth: one look at all the bytes, and then at
            # the few that may tell.
            telling = plain.translate(None, _NOT_TELLING)
            if not (len(telling) > MAX_DEPTH or _DOLLAR in telling or telling.find(b"ull") >= 0):
                return plain
    encoded = _encoded_at_once(record, _EXACT_INTS)
    if encoded is None:
        encoded = _encoded_at_once(record, _STRICT)
        # Ints up to 2^64 are stored plain where nothing else sends a record the long way.
        if encoded is not None and (b"$" in encoded or b"null" in encoded):
            encoded = None if _needs_tags(record.values()) else encoded
    return _dumps(tagged(record), None, _STRICT) if encoded is None else encoded


def canonical(record: dict[str, Any]) -> bytes:
    """JSON bytes that are the same for records that read the same, whatever their keys' order.

    Raises as `encode` does.
    """
    encoded = _encoded_at_once(record, _SORTED | orjson.OPT_STRICT_INTEGER)
    if encoded is None and not _needs_tags(record.values()):
        encoded = _encoded_at_once(record, _SORTED)
    return _dumps(tagged(record), None, _SORTED) if encoded is None else encoded


def decode(encoded: bytes, as_time: Callable[[str], Any]) -> dict[str, Any]:
    """The record that `encode` was given; `as_time` makes a time of its ISO 8601 text."""
    return restored(orjson.loads(encoded), encoded, as_time)


def restored(
    record: dict[str, Any], encoded: bytes, as_time: Callable[[str], Any]
) -> dict[str, Any]:
    """The record that JSON bytes hold, with what tags stand for in their place."""
    if _DOLLAR in encoded and encoded.find(b'"$') >= 0:
        restore(record, RESTORERS | {"$time": as_time})
        # Only what a caller called so begins with two.
        if encoded.find(b'"$$') >= 0:
            record = unescaped(record)
    return record


def _encoded_at_once(record: dict[str, Any], options: int) -> bytes | None:
    """The bytes of `tagged(record)` in a fraction of the time; None where they may differ."""
    tags = others = 0
    # One dict is enough: each is written before the next is asked for.
    decimal = {"$decimal": ""}

    def default(value: Any) -> Any:
        nonlocal tags, others
        if type(value) is Decimal:
            tags += 1
            decimal["$decimal"] = str(value)
            return decimal
        # At this depth a container is refused: how deep it really stands is not known here.
        plain = tagged(value, "", MAX_DEPTH)
        if type(plain) is dict:
            tags += 1
            others += 1
        return plain

    try:
        encoded = _dumps(record, default, options)
    except TypeError as error:
        cause = error.__cause__
        if cause is None or isinstance(cause, UnsupportedValueError):
            return None
        # What a signal's handler raised meanwhile is none of ours.
        raise cause from None
    telling = encoded.translate(None, _NOT_TELLING)
    if telling.count(b"$") != tags and encoded.count(b'"$') != tags:
        return None
    of_tags = (tags - others) * _TELLING_OF_A_DECIMAL + others * _TELLING_OF_ANOTHER_TAG
    deep = len(telling) - of_tags > MAX_DEPTH
    if deep and _may_nest_too_deep(telling) and _nests_too_deep(record):
        return None
    # orjson writes NaN and infinities as null.
    if telling.find(b"ull") >= 0 and b"null" in encoded and _needs_tags(record.values()):
        return None
    return encoded


def _may_nest_too_deep(telling: bytes) -> bool:
    return telling.count(b"{") + telling.count(b"[") > MAX_DEPTH


def _nests_too_deep(record: dict[str, Any]) -> bool:
    level: list[Any] = [record]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for container in level
            for item in (container.values() if type(container) is dict else container)
            if type(item) in _CONTAINERS
        ]
        if not level:
            return False
    return True


def _needs_tags(values: Iterable[Any]) -> bool:
    """Whether a float is not finite, or an int of more than 64 bits with its sign."""
    for value in values:
        kind = type(value)
        if kind is float:
            if not isfinite(value):
                return True
        elif kind is int:
            if not -INT64 <= value < INT64:
                return True
        elif kind in _CONTAINERS:
            if _needs_tags(value.values() if kind is dict else value):
                return True
        elif kind not in _LEAVES and isinstance(value, Enum) and _needs_tags((value.value,)):
            return True
    return False
