"""Events for an auditor to tick off: each with the hash of what is stored, and its links."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from domain.lifecycle import lifecycle_id
from event_logger.reader import LogReader
from projections.audit.sample import drawn

_SHOWN = (
    "order", "timestamp", "event_type", "venue", "token", "amount", "status", "tx_hash",
    "exchange_order_id", "event_id", "parent_event",
)  # fmt: skip


def sampled(reader: LogReader, count: int, seed: str) -> Iterator[dict[str, Any]]:
    """So many events of the log, by rising order; the same seed gives the same.

    `state_sha256` is of the bytes that are stored of the event, `transitions_sha256` of those of
    each of its transitions. Raises `CorruptLogError`.
    """
    events = reader.events
    for order in drawn(count, len(events), seed):
        yield _told(reader, events[order - 1])


def _told(reader: LogReader, event: dict[str, Any]) -> dict[str, Any]:
    reads, log_id, order = reader._logs.store.reads, reader._log.id, event["order"]
    ((_, state),) = reads.events(log_id, order, order, 1)
    one = lifecycle_id(log_id, order)
    transitions = reads.transitions(log_id, [one]).get(one, ())
    return {
        **{name: event[name] for name in _SHOWN},
        "corrected_by": event.get("corrected_by", []),
        "state_sha256": sha256(state).hexdigest(),
        "transitions_sha256": [sha256(stored.state).hexdigest() for stored in transitions],
    }
