"""The audit log: an aggregate whose version is the global order of its events.

Opening the log takes version 0, so that the first logged event has version 1, which is order 1.
The state has constant size: events are never kept here, only their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import Aggregate, AggregateCreated, AggregateEvent, CanMutateAggregate

from domain.bundle import BundlePlan, BundlePlanner, atomic_wrapper
from domain.checks import Number
from domain.errors import LogConfigurationError, UnknownOrderError, shown
from domain.prepared import Prepared, PreparedBundle, PreparedEvent
from domain.recording import LoggingRules, fingerprint
from domain.speaker import Snapshot
from domain.times import now
from domain.values import encode
from domain.vocabulary import Vocabulary

MODES = ("backtest", "live")


def log_id(name: str) -> UUID:
    """The id of the log of this name, the same in every store."""
    return uuid5(NAMESPACE_URL, f"/audit-logs/{name}")


_new_event = object.__new__
_set_attribute = object.__setattr__


class AuditLog(Aggregate, Vocabulary[int], created_event_name="Opened"):
    """One log of one run or one live strategy.

    Its commands are the vocabulary itself; each returns the order (a bundle's: the orders) that the
    event has from then on. A command that raises has changed nothing.
    """

    TOPIC = "audit-log"
    INITIAL_VERSION = 0

    class Event(AggregateEvent):
        """What happened to an audit log."""

    class Opened(Event, AggregateCreated):
        """The log was opened: version 0."""

        TOPIC = "audit-log.opened"
        name: str
        mode: str
        metadata: dict[str, Any]

    # The library would otherwise derive an event of this name, without a topic of its own.
    Created = Opened  # type: ignore[assignment]

    class EventLogged(Event):
        """One event was logged, as the JSON bytes that `domain.values.encode` made of it.

        `event_id` and `fingerprint` stand beside the record where the caller gave an id;
        `bundle_size` counts the events that were logged under it.
        """

        TOPIC = "audit-log.event-logged"
        record: bytes
        event_id: str | None = None
        fingerprint: str | None = None
        bundle_size: int = 1
        late_parent: int | None = None

    def __init__(self, name: str, mode: str, metadata: dict[str, Any]) -> None:
        self.name = name
        self.mode = mode
        self.metadata = metadata
        self.rules = LoggingRules()
        self.event_ids_logged = 0

    @classmethod
    def open(
        cls, name: str, mode: str = "backtest", metadata: dict[str, Any] | None = None
    ) -> Self:
        """A new log; raises `LogConfigurationError` for a name, mode or metadata that cannot be."""
        if not isinstance(name, str) or not name.strip():
            raise LogConfigurationError("log", name, f"must be a name, not {shown(name)}")
        if mode not in MODES:
            raise LogConfigurationError(
                "execution_mode", mode, f"must be 'backtest' or 'live', not {shown(mode)}"
            )
        if metadata is not None and not isinstance(metadata, dict):
            raise LogConfigurationError("metadata", metadata, "must be a dict")
        return cls._create(
            cls.Opened, id=log_id(name), name=name, mode=mode, metadata=metadata or {}
        )

    @property
    def last_order(self) -> int:
        """The order of the last event; 0 when nothing was logged."""
        return self.version

    def log_event(
        self,
        timestamp: datetime,
        event_type: str,
        venue: str,
        token: str | None = None,
        amount: Number | None = None,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> int:
        """Log one event and return its order.

        Raises `InvalidEventError` or `UnknownOrderError` for what cannot be logged.
        """
        return self.add_event(
            timestamp, event_type, venue, token, amount, position_snapshot, event_data
        )

    def add_event(self, *arguments: Any) -> int:
        """`log_event` with its keyword arguments as a dict, which is not unpacked once more."""
        return self._add_event(self.prepare_event(*arguments))

    def prepare_event(
        self,
        timestamp: datetime,
        event_type: str,
        venue: str,
        token: str | None,
        amount: Number | None,
        position_snapshot: Snapshot,
        event_data: dict[str, Any],
    ) -> PreparedEvent:
        """Check and capture an event for `add_prepared`; the log stays as it is.

        Safe to call from any thread. Raises `InvalidEventError`.
        """
        at, recorded_at = now()
        record = self.rules.record(
            recorded_at, timestamp, event_type, venue, token, amount, position_snapshot, event_data
        )
        event_id = record.get("event_id")
        return PreparedEvent(
            at,
            encode(record),
            record.get("parent_event"),
            record.get("related_events"),
            event_id,
            None if event_id is None else fingerprint(record),
        )

    def add_prepared(self, prepared: Prepared) -> int | list[int]:
        """Log what was prepared and return its order (a bundle's: the orders).

        Raises `UnknownOrderError`.
        """
        if isinstance(prepared, PreparedEvent):
            return self._add_event(prepared)
        return self._append_bundle(prepared.at, prepared.plan)

    def _add_event(self, prepared: PreparedEvent) -> int:
        at, encoded, parent, related, event_id, content = prepared
        if parent is not None or related is not None:
            self._refuse_unknown_orders(parent, related, self._version)
        return self._append(at, encoded, event_id, content, late_parent=parent)

    def log_atomic_transaction(
        self,
        timestamp: datetime,
        bundle_name: str,
        detail_events: Sequence[dict[str, Any]],
        net_result: dict[str, Any] | None = None,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> list[int]:
        """Log a wrapper and its details under contiguous orders, all or none; return the orders.

        Details take the wrapper's timestamp unless they bring their own, and may themselves hold
        `detail_events`. Raises `InvalidEventError`, its path naming the detail.
        """
        wrapper = atomic_wrapper(timestamp, bundle_name, net_result, position_snapshot, event_data)
        return self.add_bundle(wrapper, detail_events)

    def add_bundle(
        self, wrapper: dict[str, Any], detail_events: Sequence[dict[str, Any]]
    ) -> list[int]:
        """Log any event as the wrapper of details; its dict holds what `log_event` takes.

        Raises as `log_atomic_transaction` does.
        """
        at, plan = self.prepare_bundle(wrapper, detail_events)
        return self._append_bundle(at, plan)

    def prepare_bundle(
        self, wrapper: dict[str, Any], detail_events: Sequence[dict[str, Any]]
    ) -> PreparedBundle:
        """Check and lay out a bundle for `add_prepared`; the log stays as it is.

        The plan still refers to the caller's dicts: `PreparedBundle.captured` does not. Safe to
        call from any thread. Raises `InvalidEventError`.
        """
        at, recorded_at = now()
        planner = BundlePlanner(self.rules, recorded_at, wrapper["timestamp"])
        planner.add_wrapper(wrapper, detail_events)
        return PreparedBundle(at, planner.plan)

    def _append_bundle(self, at: datetime, plan: BundlePlan) -> list[int]:
        first = self.version + 1
        records = plan.numbered(first)
        for place, record in enumerate(records):
            self._refuse_unknown_orders(
                record.get("parent_event"), record.get("related_events"), first + place - 1
            )
        encoded = plan.encoded(records)
        fingerprints = [
            fingerprint(*(plan.content() if place == 0 else [record]))
            if "event_id" in record
            else None
            for place, record in enumerate(plan.records)
        ]
        outer_parent = records[0].get("parent_event")
        return [
            self._append(
                at,
                encoded[place],
                record.get("event_id"),
                fingerprints[place],
                bundle_size=len(records) if place == 0 else 1,
                late_parent=outer_parent if place == 0 else None,
            )
            for place, record in enumerate(records)
        ]

    def _refuse_unknown_orders(
        self, parent: int | None, related: list[int] | None, last: int
    ) -> None:
        if parent is not None and parent > last:
            raise UnknownOrderError(parent, self.version, "parent_event")
        for order in related or ():
            if order > last:
                raise UnknownOrderError(order, self.version, "related_events")

    def _append(
        self,
        at: datetime,
        record: bytes,
        event_id: str | None,
        content: str | None,
        bundle_size: int = 1,
        late_parent: int | None = None,
    ) -> int:
        # What trigger_event() does, without building a frozen dataclass field by field: this runs
        # for every event, and the library's own mapper restores events in the same way.
        order = self._version + 1
        state = {
            "originator_id": self._id,
            "originator_version": order,
            "timestamp": at,
            "record": record,
        }
        if event_id is not None:
            state |= {"event_id": event_id, "fingerprint": content, "bundle_size": bundle_size}
            self.event_ids_logged += 1
        if late_parent is not None:
            state["late_parent"] = late_parent
        event = _new_event(AuditLog.EventLogged)
        _set_attribute(event, "__dict__", state)
        self._version = order
        self._modified_on = at
        self._pending_events.append(event)
        return order

    def collect_events(self) -> Sequence[CanMutateAggregate[UUID]]:
        """The events not yet saved, in order; they are handed over."""
        collected, self._pending_events = self._pending_events, []
        return collected

    def logged_after(self, order: int) -> list[EventLogged]:
        """The pending events after `order`."""
        pending = self._pending_events[order - self._version :] if order < self._version else []
        return [event for event in pending if isinstance(event, AuditLog.EventLogged)]

    def take_back(self, events: Sequence[CanMutateAggregate[UUID]]) -> None:
        """Hold collected events again, for a later attempt, after saving them failed."""
        self._pending_events[:0] = events

    def forget_after(self, order: int) -> None:
        """Forget the pending events after `order`, as if they had not been logged."""
        while self._pending_events and self._pending_events[-1].originator_version > order:
            self._pending_events.pop()
        self._version = order
