"""Decodes records one after the other, of which most repeat the snapshot of the one before."""

from __future__ import annotations

from collections.abc import Callable
from secrets import token_hex
from typing import Any

import orjson

from domain.values import decode, restored

_FIELD = "position_snapshot"
_KEY = b'"position_snapshot":'


class Decoding:
    """Decodes as `domain.values.decode` does, a snapshot that is stored as the last one but once.

    Such records then hold the very same snapshot, which nobody changes: whoever sees the same
    object again need not look at it. Two thirds of the bytes of a backtest are snapshots, and nine
    in ten are as the one before (measured).
    """

    def __init__(self, as_time: Callable[[str], Any]) -> None:
        self._as_time = as_time
        # No text of a log is this one.
        self._stand_in = token_hex(16)
        self._cut = _KEY + b'"' + self._stand_in.encode() + b'"'
        self._stored = b""
        self._snapshot: Any = None

    def __call__(self, encoded: bytes) -> dict[str, Any]:
        """See `domain.values.decode`."""
        if self._stored and self._stored in encoded and encoded.count(_KEY) == 1:
            cut = encoded.replace(self._stored, self._cut)
            record = decode(cut, self._as_time)
            # One that stands deeper down is not the event's.
            if record.get(_FIELD) == self._stand_in:
                record[_FIELD] = self._snapshot
                return record
        return self._noted(encoded)

    def _noted(self, encoded: bytes) -> dict[str, Any]:
        self._stored, stored = b"", b""
        record: dict[str, Any] = orjson.loads(encoded)
        snapshot = record.get(_FIELD) if type(record) is dict else None
        if type(snapshot) is dict and snapshot:
            stored = _KEY + orjson.dumps(snapshot)
            if stored not in encoded or encoded.count(_KEY) != 1:
                stored = b""
        record = restored(record, encoded, self._as_time)
        if stored:
            self._stored, self._snapshot = stored, record[_FIELD]
        return record
