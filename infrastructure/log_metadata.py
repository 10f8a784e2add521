"""What a log remembers of its run: captured when it is opened, compared when it is reopened."""

from __future__ import annotations

from typing import Any

import orjson

from domain.errors import LogConfigurationError, shown
from domain.values import decode, encode
from infrastructure.timestamps import timestamp_of


def captured_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """The metadata as the log keeps it, apart from the caller's dict.

    Raises `LogConfigurationError` when it is no dict, `UnsupportedValueError` for a value in it
    that JSON cannot hold.
    """
    if not isinstance(metadata, dict):
        raise LogConfigurationError("metadata", metadata, f"must be a dict, not {shown(metadata)}")
    captured: dict[str, Any] = decode(encode({"metadata": metadata}), timestamp_of)["metadata"]
    return captured


def is_same_metadata(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether both hold the same values, in whatever order of keys.

    1, 1.0 and Decimal("1") are three values; NaN is the same as NaN.
    """
    return _sorted(one) == _sorted(other)


def _sorted(metadata: dict[str, Any]) -> bytes:
    return orjson.dumps(orjson.loads(encode(metadata)), option=orjson.OPT_SORT_KEYS)
