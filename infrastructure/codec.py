"""Domain events of the audit log to and from the library's stored events.

The state of a logged event is its record as captured, JSON that a person can read; that of any
other event is its fields as JSON. Topics are explicit, so that moving a class orphans no old log.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import (
    Cipher,
    Compressor,
    JSONTranscoder,
    Mapper,
    StoredEvent,
    Transcoder,
)

from domain.audit_log import AuditLog
from domain.lifecycle import EventLifecycle
from domain.times import iso_utc
from domain.values import decode, encode
from infrastructure.timestamps import timestamp_of

_HEADER = ("originator_id", "originator_version", "timestamp")
_UNSAID = ("identity", "is_order")
"""Fields that came later: what is nothing is not stored, so that former bytes come out the same."""


class AuditLogMapper(Mapper[UUID]):
    """Maps the audit log's events; `EventLogged` keeps the very bytes that were captured.

    It takes what the library gives a mapper, and leaves other aggregates' events to it, so that a
    follower of the library can have it as its own.
    """

    def __init__(
        self,
        transcoder: Transcoder | None = None,
        compressor: Compressor | None = None,
        cipher: Cipher | None = None,
    ) -> None:
        super().__init__(transcoder or JSONTranscoder(), compressor, cipher)

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """The stored event; `recorded_at` in its state is the domain event's timestamp."""
        if isinstance(domain_event, AuditLog.EventLogged):
            state = domain_event.record
        elif not isinstance(domain_event, (AuditLog.Event, EventLifecycle.Event)):
            return super().to_stored_event(domain_event)
        else:
            fields = {
                name: value
                for name, value in vars(domain_event).items()
                if name not in _HEADER and not (name in _UNSAID and not value)
            }
            recorded_at = iso_utc(vars(domain_event)["timestamp"])
            state = encode({"recorded_at": recorded_at, **fields})
        return StoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=str(getattr(type(domain_event), "TOPIC")),  # noqa: B009
            state=state,
        )

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        """The domain event; raises the library's `TopicError` for a topic that is not ours."""
        event_class = _EVENT_CLASSES.get(stored_event.topic)
        if event_class is None:
            return super().to_domain_event(stored_event)
        state = decode(stored_event.state, timestamp_of)
        fields: dict[str, Any] = {
            "originator_id": stored_event.originator_id,
            "originator_version": stored_event.originator_version,
            "timestamp": datetime.fromisoformat(state.pop("recorded_at")),
        }
        if event_class is AuditLog.EventLogged:
            fields |= {
                "record": stored_event.state,
                "event_id": state.get("event_id"),
                "tx_hash": state.get("tx_hash"),
            }
        else:
            fields |= state
        event = object.__new__(event_class)
        object.__setattr__(event, "__dict__", fields)
        return event


_EVENT_CLASSES: dict[str, type[AuditLog.Event | EventLifecycle.Event]] = {
    AuditLog.Opened.TOPIC: AuditLog.Opened,
    AuditLog.EventLogged.TOPIC: AuditLog.EventLogged,
    EventLifecycle.Started.TOPIC: EventLifecycle.Started,
    EventLifecycle.Updated.TOPIC: EventLifecycle.Updated,
}


def identity_in(opened_state: bytes) -> str:
    """The identity that a log's stored opening gives it."""
    try:
        said = orjson.loads(opened_state).get("identity")
    except (ValueError, AttributeError):
        said = None
    return said if isinstance(said, str) else derived_identity(opened_state)


def derived_identity(opened_state: bytes) -> str:
    """The identity of a log from before format 2: every copy of it gets the same."""
    return str(UUID(bytes=sha256(opened_state).digest()[:16]))
