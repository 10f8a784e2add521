"""What is published of a live log: one message per event, per whole bundle, per transition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import orjson

from projections.entries import LogEntry, LoggedEntry, TransitionEntry
from projections.event_dicts import Record

LOGGED_CHANNEL = "events:logged"
BUNDLE_CHANNEL = "events:atomic_bundle"
STATUS_CHANNEL = "events:status"
CHANNELS = (LOGGED_CHANNEL, BUNDLE_CHANNEL, STATUS_CHANNEL)
STREAM = "events:stream"


class Message(NamedTuple):
    """A message: `id` is its place among all messages of the log, `<position + 1>-<n>`.

    The position is its entry's, and n counts the entry's messages from 0: its own, then those of
    the bundles that end with it, the inner one first.
    """

    id: str
    channel: str
    data: str


class _OpenBundle(NamedTuple):
    order: int
    last_detail: int
    data: str


class Messages:
    """Turns what was committed into messages, in order.

    A bundle's own message follows those of all its events; an inner bundle's comes before that of
    the bundle around it. However the entries are cut into pages, the messages are the same, as long
    as a new `Messages` starts between bundles.
    """

    def __init__(self) -> None:
        self._open: list[_OpenBundle] = []

    @property
    def is_between_bundles(self) -> bool:
        """Whether a new `Messages` could go on from here."""
        return not self._open

    def of(self, entries: Iterable[LogEntry]) -> Iterator[Message]:
        """The messages of these entries, which follow those given before."""
        for entry in entries:
            place = entry.position + 1
            if not isinstance(entry, LoggedEntry):
                yield Message(f"{place}-0", STATUS_CHANNEL, _status(entry))
                continue
            yield Message(f"{place}-0", LOGGED_CHANNEL, logged_payload(entry.order, entry.record))
            for n, data in enumerate(self._ended_bundles(entry), 1):
                yield Message(f"{place}-{n}", BUNDLE_CHANNEL, data)

    def _ended_bundles(self, entry: LoggedEntry) -> Iterator[str]:
        details = entry.record.get("detail_orders")
        if details:
            bundle = _bundle(entry.order, entry.record)
            self._open.append(_OpenBundle(entry.order, details[-1], bundle))
            return
        if details is not None:
            yield _bundle(entry.order, entry.record)
        ended = entry.order
        while self._open and self._open[-1].last_detail == ended:
            bundle_ended = self._open.pop()
            yield bundle_ended.data
            ended = bundle_ended.order


def logged_payload(order: int, record: Record) -> str:
    """The JSON of an event's own message."""
    return _json(
        {
            "order": order,
            "event_type": record["event_type"],
            "timestamp": record["timestamp"],
            "venue": record["venue"],
        }
    )


def _bundle(order: int, record: Record) -> str:
    return _json(
        {
            "wrapper_order": order,
            "bundle_name": record.get("bundle_name"),
            "detail_orders": record["detail_orders"],
            "timestamp": record["timestamp"],
        }
    )


def _status(entry: TransitionEntry) -> str:
    return _json(
        {
            "order": entry.order,
            "status": entry.status,
            "timestamp": entry.recorded_at,
            "tx_hash": entry.tx_hash,
        }
    )


def _json(payload: dict[str, object]) -> str:
    return orjson.dumps(payload).decode()
