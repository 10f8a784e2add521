"""Decodes records one after the other, of which most repeat the snapshot of the one before."""

from __future__ import annotations

from collections.abc import Callable
from secrets import token_hex
from typing import Any

import orjson

from domain.values import decode, restored

_FIELD = "position_snapshot"
_KEY = b'"position_snapshot":'
Record = dict[str, Any]


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
        self._last = b""
        self._plain: Any = None
        self._restored: Any = None

    def __call__(self, encoded: bytes) -> Record:
        """See `domain.values.decode`."""
        plain = self._without_snapshot(encoded)
        if plain is None:
            plain = orjson.loads(encoded)
            self._note(encoded, plain)
            record = restored(plain, encoded, self._as_time)
            if self._last:
                self._restored = record[_FIELD]
            return record
        record = restored(plain, encoded, self._as_time)
        if self._restored is None:
            self._restored = decode(b"{" + self._last + b"}", self._as_time)[_FIELD]
        record[_FIELD] = self._restored
        return record

    def stored(self, encoded: bytes) -> Record:
        """The record in plain JSON types, as it is stored."""
        record = self._without_snapshot(encoded)
        if record is None:
            plain: Record = orjson.loads(encoded)
            self._note(encoded, plain)
            return plain
        if self._plain is None:
            self._plain = orjson.loads(b"{" + self._last + b"}")[_FIELD]
        record[_FIELD] = self._plain
        return record

    def _without_snapshot(self, encoded: bytes) -> Record | None:
        """The record, another text in its snapshot's place; None where it is not the last one."""
        if not self._last or encoded.find(self._last) < 0 or not _is_plain(encoded):
            return None
        record: Record = orjson.loads(encoded.replace(self._last, self._cut))
        # One that stands deeper down is not the event's.
        return record if record.get(_FIELD) == self._stand_in else None

    def _note(self, encoded: bytes, record: Record) -> None:
        self._last, self._plain, self._restored = b"", None, None
        snapshot = record.get(_FIELD) if type(record) is dict else None
        if type(snapshot) is dict and snapshot:
            stored = _KEY + orjson.dumps(snapshot)
            if encoded.find(stored) >= 0 and _is_plain(encoded):
                self._last = stored


def _is_plain(encoded: bytes) -> bool:
    """Whether there is one snapshot alone, and no key that a caller began with a `$`."""
    return encoded.count(_KEY) == 1 and encoded.find(b'"$$') < 0
