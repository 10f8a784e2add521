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

from domain.errors import IllegalTransitionError, InvalidUpdateError, shown
from domain.fields import CLEARED_BY_REORG, UPDATE_CHECKS
from domain.times import iso_utc
from domain.values import canonical

PENDING = "pending"
SUBMITTED = "submitted"
CONFIRMED = "confirmed"
FINALIZED = "finalized"
REORGED = "reorged"
FAILED = "failed"
DROPPED = "dropped"
COMPLETED = "completed"

TRANSITIONS: dict[str, tuple[str, ...]] = {
    PENDING: (SUBMITTED, CONFIRMED, FAILED, DROPPED),
    SUBMITTED: (SUBMITTED, CONFIRMED, FAILED, DROPPED),
    CONFIRMED: (CONFIRMED, FINALIZED, REORGED),
    REORGED: (SUBMITTED, CONFIRMED, FAILED, DROPPED),
    FAILED: (),
    DROPPED: (),
    FINALIZED: (),
    COMPLETED: (),
}
"""From each status to those that may follow it; one that nothing follows is final."""

OPEN_STATUSES = frozenset({PENDING, SUBMITTED, REORGED})
"""Statuses in which somebody waits for the chain or the exchange."""

# The snapshot is large, and nothing depends on the one that was logged.
_LOGGED_VALUES = tuple(name for name in UPDATE_CHECKS if name != "position_snapshot")

Changes = dict[str, Any]


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
        """The first update; `logged` holds the values that the event was logged with."""

        TOPIC = "event-lifecycle.started"
        has_event_id: bool
        logged: Changes

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
    ) -> None:
        self.log = log
        self.order = order
        self.has_event_id = has_event_id
        self.status = from_status
        self.since = from_since
        self.values = dict(logged)
        self._become(status, changes, self.created_on)

    @classmethod
    def start(
        cls, log_id: UUID, log: str, order: int, record: dict[str, Any], update: Changes
    ) -> Self | None:
        """The lifecycle that begins with this update; None if nothing changes.

        `update` is what `checked_update` gave. Raises `InvalidUpdateError` or
        `IllegalTransitionError`.
        """
        before = record.get("status", PENDING)
        logged = {name: record[name] for name in _LOGGED_VALUES if name in record}
        has_event_id = "event_id" in record
        decided = _decided(order, before, logged, has_event_id, update)
        if decided is None:
            return None
        status, changes = decided
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
        )

    def update(self, update: Changes) -> None:
        """Take the event further; what changes nothing is accepted and triggers nothing.

        `update` is what `checked_update` gave. Raises `InvalidUpdateError` or
        `IllegalTransitionError`.
        """
        decided = _decided(self.order, self.status, self.values, self.has_event_id, update)
        if decided is None:
            return
        status, changes = decided
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


def _decided(
    order: int, status: str, values: Changes, has_event_id: bool, update: Changes
) -> tuple[str, Changes] | None:
    """The next status and what changes, or None when nothing does."""
    target = update.get("status", status)
    changes = {
        name: value
        for name, value in update.items()
        if name != "status" and canonical({name: value}) != canonical({name: values.get(name)})
    }
    if target == status and not changes:
        return None
    if target != status and target not in TRANSITIONS[status]:
        raise IllegalTransitionError(order, status, target, TRANSITIONS[status])
    if target == status and not TRANSITIONS[status]:
        raise IllegalTransitionError(order, status, None, ())
    _refuse_contradictions(order, status, target, values, changes)
    if target == SUBMITTED and not has_event_id and (values | changes).get("tx_hash") is None:
        raise InvalidUpdateError(
            "tx_hash",
            None,
            f"is missing: order {order} was logged without an event_id, so submitting it needs a"
            " tx_hash",
        )
    if target == REORGED:
        changes |= {name: None for name in CLEARED_BY_REORG if values.get(name) is not None}
    return target, changes


def _refuse_contradictions(
    order: int, status: str, target: str, values: Changes, changes: Changes
) -> None:
    blocks, had = changes.get("confirmation_blocks"), values.get("confirmation_blocks")
    if target == REORGED:
        for name in CLEARED_BY_REORG:
            if name in changes:
                raise InvalidUpdateError(
                    name, changes[name], f"is cleared by a reorg of order {order}; leave it out"
                )
    elif blocks is not None and had is not None and blocks < had:
        raise InvalidUpdateError(
            "confirmation_blocks",
            blocks,
            f"never decreases: order {order} has {had} already, not {blocks}; a reorganised chain"
            " is told as status 'reorged'",
        )
    if "tx_hash" in changes and status == CONFIRMED and values.get("tx_hash") is not None:
        raise InvalidUpdateError(
            "tx_hash",
            changes["tx_hash"],
            f"of order {order} is confirmed as {shown(values['tx_hash'])}; another transaction"
            " needs status 'reorged' first",
        )
