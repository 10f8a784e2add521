"""The way of one live event from pending to its end, as an aggregate of its own.

Its id follows from the log and the order, so that transitions of different events never conflict,
and never with an append. What is stored of a transition tells it whole: from which status, since
when, to which.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, AggregateCreated, AggregateEvent

from domain.fields import UPDATE_CHECKS
from domain.judging import Changes as Changes
from domain.judging import Present, decided
from domain.statuses import COMPLETED as COMPLETED
from domain.statuses import OPEN_STATUSES as OPEN_STATUSES
from domain.statuses import ORDER_TRANSITIONS as ORDER_TRANSITIONS
from domain.statuses import PENDING as PENDING
from domain.statuses import REORGED as REORGED
from domain.statuses import TRANSITIONS as TRANSITIONS
from domain.statuses import is_exchange_order
from domain.times import iso_utc

# The snapshot is large, and nothing depends on the one that was logged.
LOGGED_VALUES = tuple(name for name in UPDATE_CHECKS if name != "position_snapshot")
"""What an event is logged with and updates may replace."""


def lifecycle_id(log_id: UUID, order: int) -> UUID:
    """The id of the lifecycle of the event with this order."""
    return uuid5(log_id, str(order))


class EventLifecycle(Aggregate):
    """One event's status and what became known of it after it was logged.

    The aggregate begins with the first update; until then the event is pending.
    """

    TOPIC = "event-lifecycle"
    INITIAL_VERSION = 0

    class Event(AggregateEvent):
        """What became of a live event: `changes` are the values that differ from before.

        `from_since` is when the status `from_status` began; `tx_hash` is the hash from now on.
        """

        log: str
        order: int
        from_status: str
        from_since: str
        status: str
        tx_hash: str | None
        changes: Changes

        def apply(self, aggregate: Aggregate) -> None:
            """Take over the status and the values."""
            if isinstance(aggregate, EventLifecycle):
                aggregate._become(self.status, self.changes, self.timestamp)

    class Started(Event, AggregateCreated):
        """The first update; `logged` holds the values that the event was logged with.

        `is_order` is said of an order on an exchange, whose amount is in `logged` too; what does
        not say it, as all that is of before there were such orders, is a transaction.
        """

        TOPIC = "event-lifecycle.started"
        has_event_id: bool
        logged: Changes
        is_order: bool = False

    class Updated(Event):
        """A later update."""

        TOPIC = "event-lifecycle.updated"

    # The library would otherwise derive an event of this name, without a topic of its own.
    Created = Started  # type: ignore[assignment]

    def __init__(
        self,
        log: str,
        order: int,
        from_status: str,
        from_since: str,
        status: str,
        tx_hash: str | None,
        changes: Changes,
        has_event_id: bool,
        logged: Changes,
        is_order: bool = False,
    ) -> None:
        self.log = log
        self.order = order
        self.has_event_id = has_event_id
        self.is_order = is_order
        self.status = from_status
        self.since = from_since
        self.values = dict(logged)
        self._become(status, changes, self.created_on)

    @classmethod
    def start(
        cls,
        log_id: UUID,
        log: str,
        order: int,
        record: dict[str, Any],
        update: Changes,
        *,
        is_order: bool | None = None,
    ) -> Self | None:
        """The lifecycle that begins with this update; None if nothing changes.

        `update` is what `checked_update` gave; `is_order` what a stored beginning says of its kind,
        otherwise that is judged. Raises `InvalidUpdateError` or
        `IllegalTransitionError`.
        """
        before = record.get("status", PENDING)
        logged = {name: record[name] for name in LOGGED_VALUES if name in record}
        has_event_id = "event_id" in record
        if is_order is None:
            is_order = is_exchange_order(record, update)
        if is_order and "amount" in record:
            logged["amount"] = record["amount"]
        judged = decided(Present(order, before, logged, has_event_id, is_order), update)
        if judged is None:
            return None
        status, changes = judged
        return cls._create(
            cls.Started,
            id=lifecycle_id(log_id, order),
            log=log,
            order=order,
            from_status=before,
            from_since=record["recorded_at"],
            status=status,
            tx_hash=(logged | changes).get("tx_hash"),
            changes=changes,
            has_event_id=has_event_id,
            logged=logged,
            is_order=is_order,
        )

    def update(self, update: Changes) -> None:
        """Take the event further; what changes nothing is accepted and triggers nothing.

        `update` is what `checked_update` gave. Raises `InvalidUpdateError` or
        `IllegalTransitionError`.
        """
        present = Present(self.order, self.status, self.values, self.has_event_id, self.is_order)
        judged = decided(present, update)
        if judged is None:
            return
        status, changes = judged
        self.trigger_event(
            self.Updated,
            log=self.log,
            order=self.order,
            from_status=self.status,
            from_since=self.since,
            status=status,
            tx_hash=(self.values | changes).get("tx_hash"),
            changes=changes,
        )

    def _become(self, status: str, changes: Changes, at: datetime) -> None:
        if status != self.status:
            self.status, self.since = status, iso_utc(at)
        self.values.update(changes)
