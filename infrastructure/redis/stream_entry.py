"""An entry of the stream as a listener reads it: a message of a log, or anything else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from projections.messages import CHANNELS, LOGGED_CHANNEL

Heard = tuple[str, str]
"""A message: its channel without the prefix, and its JSON on one line."""

_IDENTITY = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class StreamEntry:
    """An entry: `heard` is its message, None of what no log can have published.

    `log` is the identity that it names, None where it names none; `order` is that of an event's
    own message. Entries are equal when their ids and all of their fields are.
    """

    id: str
    fields: Mapping[str, str]

    @property
    def log(self) -> str | None:
        """The identity of the log that it says it is of."""
        log = self.fields.get("log", "")
        return log if _IDENTITY.fullmatch(log) else None

    @property
    def heard(self) -> Heard | None:
        """The message, or None: others may write anything to a stream."""
        channel, data = self.fields.get("channel"), self.fields.get("data", "")
        if self.log is None or channel not in CHANNELS or not _is_payload(channel, data):
            return None
        # Between the parts of JSON, and only there, a line may end.
        return channel, data.replace("\n", " ").replace("\r", " ")


def entries_of(answer: Any) -> list[StreamEntry]:
    """The entries that a client gave; bytes that are no text are replaced."""
    return [
        StreamEntry(_text(one), {_text(k): _text(v) for k, v in (fields or {}).items()})
        for one, fields in answer or ()
    ]


def order_of(heard: Heard) -> int | None:
    """The order of an event's own message, whose orders have no gaps; None of other messages."""
    if heard[0] != LOGGED_CHANNEL:
        return None
    order: int = orjson.loads(heard[1])["order"]
    return order


def _is_payload(channel: str, data: str) -> bool:
    try:
        payload = orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    if not isinstance(payload, dict):
        return False
    order = payload.get("order")
    return channel != LOGGED_CHANNEL or (type(order) is int and 0 < order < 2**63)


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
