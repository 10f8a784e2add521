"""The stored transitions, replayed through the table: each is what the one before allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from domain.bundle import wrapper_of
from domain.errors import EventLoggerError
from domain.fields import CLEARED_BY_REORG
from domain.lifecycle import REORGED, EventLifecycle
from domain.values import canonical
from projections.audit.rule import NOTHING, AuditedEvent, Finding, Rule
from projections.event_dicts import Record

_TOLD = ("log", "order", "from_status", "from_since", "status", "tx_hash", "changes")
_OF_THE_BLOCK = ("block_number", "block_hash")


class Lifecycle(Rule):
    """Every transition follows from the update that it tells, judged as it was then."""

    NAME = "lifecycle"
    CHECKS = "stored transitions are those that domain/lifecycle.py allows, one after the other"
    WHY = "what became of a transaction is a way that transactions take, and each step was reported"

    def event(self, event: AuditedEvent) -> Iterable[Finding]:
        """Its transitions, one after the other; the first that cannot be ends the replay."""
        if not event.transitions or event.record is None:
            return NOTHING
        self.looked_at += 1
        return self._all_replayed(event, event.record)

    def _all_replayed(self, event: AuditedEvent, record: Record) -> Iterator[Finding]:
        order = event.order
        if self.log.mode != "live":
            yield self.error([order], f"order {order} of a {self.log.mode} log has transitions")
            return
        try:
            wrapper = wrapper_of(order, record, self.log.record)
        except EventLoggerError:
            return
        if wrapper != order:
            yield self.error(
                [wrapper, order], f"order {order} has transitions of its own, and is a detail"
            )
            return
        lifecycle: EventLifecycle | None = None
        for place, one in enumerate(event.transitions, 1):
            transition, is_former = one.record, one.is_former
            if transition is None:
                yield self.error([order], f"transition {place} of order {order} is no record")
                return
            try:
                if is_former and lifecycle is not None:
                    _free_former_block(lifecycle, transition["changes"])
                before = {} if lifecycle is None else dict(lifecycle.values)
                lifecycle, told = self._replayed(lifecycle, order, record, transition)
                if is_former:
                    told["changes"] = _formerly_cleared(lifecycle, before, told, transition)
            except (EventLoggerError, KeyError, TypeError, ValueError) as error:
                yield self.error([order], f"transition {place} of order {order} cannot be: {error}")
                return
            for name in _TOLD:
                expected, found = told.get(name), transition.get(name)
                if canonical({name: expected}) != canonical({name: found}):
                    yield self.error(
                        [order],
                        f"transition {place} of order {order} tells another {name}",
                        expected,
                        found,
                    )
                    return

    def _replayed(
        self, lifecycle: EventLifecycle | None, order: int, record: Record, transition: Record
    ) -> tuple[EventLifecycle, Record]:
        """The lifecycle after the update, and what its transition then tells."""
        update: dict[str, Any] = {"status": transition["status"]}
        for name, value in transition["changes"].items():
            # What a reorg clears, no update says.
            if value is not None or transition["status"] != REORGED:
                update[name] = value
        if lifecycle is None:
            lifecycle = EventLifecycle.start(
                self.log.log_id,
                self.log.name,
                order,
                record,
                update,
                is_order=transition.get("is_order", False),
            )
        else:
            lifecycle.update(update)
        pending = () if lifecycle is None else lifecycle.collect_events()
        if lifecycle is None or not pending:
            raise ValueError("it changes nothing")
        told: Any = pending[0]
        if told.status != told.from_status:
            lifecycle.since = transition["recorded_at"]
        return lifecycle, dict(vars(told))


def _free_former_block(lifecycle: EventLifecycle, changes: Record) -> None:
    """Before format 2 the block of what is confirmed could be replaced by another."""
    for name in _OF_THE_BLOCK:
        if changes.get(name) is not None:
            lifecycle.values.pop(name, None)


def _formerly_cleared(
    lifecycle: EventLifecycle, before: Record, told: Record, stored: Record
) -> Record:
    """The changes without what a reorg did not clear before format 2, which then stays."""
    changes = dict(told["changes"])
    for name in CLEARED_BY_REORG:
        if name in changes and changes[name] is None and name not in stored["changes"]:
            del changes[name]
            lifecycle.values[name] = before[name]
    return changes
