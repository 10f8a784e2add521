"""The audit log: an aggregate whose version is the global order of its events.

Opening the log takes version 0, so that the first logged event has version 1, which is order 1.
The state has constant size: events are never kept here, only their number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Self
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import orjson
from eventsourcing.domain import Aggregate, AggregateCreated, AggregateEvent, CanMutateAggregate

from domain.bundle import BundlePiece, atomic_wrapper
from domain.checks import Number, is_valid_unicode
from domain.corrections import Corrected
from domain.errors import LogConfigurationError, UnknownOrderError, shown
from domain.identity import Cell, Earlier, Item, cells_of, settle
from domain.intake import Intake, LinkedEntry, LoggingRules
from domain.values import decode
from domain.vocabulary import Snapshot, Vocabulary

MODES = ("backtest", "live")


def log_id(name: str) -> UUID:
    """The id of the log of this name, the same in every store."""
    return uuid5(NAMESPACE_URL, f"/audit-logs/{name}")


_new_event = object.__new__
_set_attribute = object.__setattr__


def checked_mode(mode: Any) -> str:
    """A log's mode; raises `LogConfigurationError` for any other."""
    if not isinstance(mode, str) or mode not in MODES:
        raise LogConfigurationError(
            "execution_mode", mode, f"must be 'backtest' or 'live', not {shown(mode)}"
        )
    return mode


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
        """The log was opened: version 0.

        `identity` is a random UUID that tells it from a log of the same name in another store; a
        log from before format 2 has none in its opening.
        """

        TOPIC = "audit-log.opened"
        name: str
        mode: str
        metadata: dict[str, Any]
        identity: str | None = None

    # The library would otherwise derive an event of this name, without a topic of its own.
    Created = Opened  # type: ignore[assignment]

    class EventLogged(Event):
        """One event was logged, as the JSON bytes that `domain.values.encode` made of it.

        `event_id`, `tx_hash` and `late_parent` repeat what the record says, for the indexes;
        `late_parent` is the wrapper of an event that was logged after its wrapper's transaction.
        """

        TOPIC = "audit-log.event-logged"
        record: bytes
        event_id: str | None = None
        tx_hash: str | None = None
        late_parent: int | None = None

        @cached_property
        def timestamp(self) -> datetime:  # type: ignore[override]
            """When it was recorded (UTC), as its record says: made when somebody asks."""
            _, name, _, recorded_at, _ = self.record.split(b'"', 4)
            if name != b"recorded_at":
                # Not written by this logger, which writes this field first.
                recorded_at = orjson.loads(self.record)["recorded_at"].encode()
            return datetime.fromisoformat(recorded_at.decode())

        @classmethod
        def of(cls, log_id: UUID, order: int, cell: Cell) -> AuditLog.EventLogged:
            """The event that logging the cell under this order triggers.

            What trigger_event() does, without building a frozen dataclass field by field: this runs
            for every event, and the library's own mapper restores events in the same way.
            """
            if type(cell) is bytes:
                record, event_id, tx_hash, late_parent = cell, None, None, None
            elif type(cell) is LinkedEntry:
                record, event_id, tx_hash, late_parent, _ = cell
            else:
                record, event_id, tx_hash, late_parent = _of_piece(cell, order)  # type: ignore[arg-type]
            event = _new_event(cls)
            state = {"originator_id": log_id, "originator_version": order, "record": record}
            # Most events have none of these, and read them from the class.
            if event_id is not None or tx_hash is not None or late_parent is not None:
                state |= {"event_id": event_id, "tx_hash": tx_hash, "late_parent": late_parent}
            _set_attribute(event, "__dict__", state)
            return event

    def __init__(
        self, name: str, mode: str, metadata: dict[str, Any], identity: str | None = None
    ) -> None:
        self.name = name
        self.mode = mode
        self.metadata = metadata
        self.identity = identity
        self.intake = Intake(LoggingRules(is_live=mode == "live"))
        self.earlier: Earlier | None = None
        self._pending_ids: dict[str, int] = {}

    @classmethod
    def open(
        cls, name: str, mode: str = "backtest", metadata: dict[str, Any] | None = None
    ) -> Self:
        """A new log; raises `LogConfigurationError` for a name, mode or metadata that cannot be."""
        if not isinstance(name, str) or not name.strip():
            raise LogConfigurationError("log", name, f"must be a name, not {shown(name)}")
        if not is_valid_unicode(name):
            raise LogConfigurationError("log", name, f"must be valid Unicode, not {shown(name)}")
        checked_mode(mode)
        if metadata is not None and not isinstance(metadata, dict):
            raise LogConfigurationError("metadata", metadata, "must be a dict")
        return cls._create(
            cls.Opened,
            id=log_id(name),
            name=name,
            mode=mode,
            metadata=metadata or {},
            identity=str(uuid4()),
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

        Raises `InvalidEventError`, `UnknownOrderError` or `EventIdConflictError` for what cannot be
        logged.
        """
        entry = self.intake.event(
            timestamp, event_type, venue, token, amount, position_snapshot, event_data
        )
        return self.add(entry)[0]

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
        return list(self.add(self.intake.bundle(wrapper, detail_events)))

    def add(self, item: Item) -> range:
        """Log what was taken in and return its orders; the same again gives its first orders.

        Raises `UnknownOrderError` or `EventIdConflictError`.
        """
        first = self._version + 1
        known = settle(item, first, self)
        if known is not None:
            return known
        events = numbered(self._id, first, cells_of(item))
        self._pending_events.extend(events)
        self._pending_ids |= _ids(events)
        self._version = first + len(events) - 1
        self._modified_on = events[-1].timestamp
        return range(first, self._version + 1)

    def _corrected(self, order: int) -> Corrected:
        if type(order) is not int or not 1 <= order <= self.last_order:
            raise UnknownOrderError(order, self.last_order)
        (state,) = self.states(order, order)
        record = decode(state, str)
        return Corrected(record["venue"], record.get("token"), frozenset(record.get("extra", ())))

    def order_of(self, event_id: str) -> int | None:
        """The order that was logged under this event_id, pending or stored."""
        order = self._pending_ids.get(event_id)
        if order is None and self.earlier is not None:
            order = self.earlier.order_of(event_id)
        return order

    def states(self, first: int, last: int) -> Sequence[bytes]:
        """The records of these orders, as many of them as there are, pending or stored."""
        pending = [e.record for e in self.logged_after(first - 1) if e.originator_version <= last]
        stored_last = last - len(pending)
        if self.earlier is None or stored_last < first:
            return pending
        return [*self.earlier.states(first, stored_last), *pending]

    def logged_after(self, order: int) -> list[EventLogged]:
        """The pending events after `order`."""
        return [
            event
            for event in self._pending_events
            if isinstance(event, AuditLog.EventLogged) and event.originator_version > order
        ]

    def collect_events(self) -> Sequence[CanMutateAggregate[UUID]]:
        """The events not yet saved, in order; they are handed over."""
        collected, self._pending_events = self._pending_events, []
        self._pending_ids = {}
        return collected

    def take_back(self, events: Sequence[CanMutateAggregate[UUID]]) -> None:
        """Hold collected events again, for a later attempt, after saving them failed."""
        self._pending_events[:0] = events
        self._pending_ids = _ids(self.logged_after(0))


def numbered(log_id: UUID, first_order: int, cells: Iterable[Cell]) -> list[AuditLog.EventLogged]:
    """The domain events of the cells, with contiguous orders from `first_order` on."""
    of = AuditLog.EventLogged.of
    return [of(log_id, order, cell) for order, cell in enumerate(cells, first_order)]


def _of_piece(cell: BundlePiece, order: int) -> tuple[bytes, str | None, str | None, int | None]:
    bundle, place = cell
    piece = bundle.pieces[place]
    return piece.state(order - place), piece.event_id, piece.tx_hash, piece.parent


def _ids(events: Iterable[AuditLog.EventLogged]) -> dict[str, int]:
    return {e.event_id: e.originator_version for e in events if e.event_id is not None}
