"""Links lead to events, and a bundle is there whole, its orders one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from projections.audit.rule import NOTHING, AuditedEvent, AuditedLog, Finding, Rule
from projections.event_dicts import Record

_LINKS = frozenset(("parent_event", "related_events", "detail_orders"))


class Links(Rule):
    """Details follow their wrapper at once and name it; parents and related orders exist."""

    NAME = "links"
    CHECKS = "bundles are whole and contiguous, parents come before, related orders exist"
    WHY = "a transaction is there as a whole, each detail under the wrapper that it was part of"

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._open: list[tuple[int, deque[int]]] = []
        """The wrappers whose details are due, the innermost last, with those that are."""

    def event(self, event: AuditedEvent) -> Iterable[Finding]:
        """It stands where its bundle has it, and its links lead somewhere."""
        self.looked_at += 1
        record = event.record or {}
        if self._open or not _LINKS.isdisjoint(record):
            return self._linked(event.order, record)
        return NOTHING

    def _linked(self, order: int, record: Record) -> Iterator[Finding]:
        yield from self._place(order, record.get("parent_event"))
        yield from self._related(order, record)
        details = record.get("detail_orders")
        if isinstance(details, list) and details:
            self._open.append((order, deque(details)))

    def end(self) -> Iterator[Finding]:
        """No bundle is left that is not whole."""
        for wrapper, due in self._open:
            if due:
                yield self.error(
                    [wrapper],
                    f"the bundle of order {wrapper} is not whole: details are missing",
                    expected=list(due),
                )

    def _place(self, order: int, parent: object) -> Iterator[Finding]:
        while self._open and not self._open[-1][1]:
            self._open.pop()
        if not self._open:
            if parent is not None and not (type(parent) is int and 0 < parent < order):
                yield self.error(
                    [order], f"order {order} names a parent that is not before it", found=parent
                )
            return
        wrapper, due = self._open[-1]
        if due[0] == order and parent == wrapper:
            due.popleft()
            return
        yield self.error(
            [wrapper, order],
            f"order {order} stands where the bundle of order {wrapper} has its detail {due[0]}",
            expected=wrapper,
            found=parent,
        )
        self._open.clear()

    def _related(self, order: int, record: Record) -> Iterator[Finding]:
        related = record.get("related_events")
        if not isinstance(related, list):
            return
        for one in related:
            if not (type(one) is int and 1 <= one <= self.log.end.order):
                yield self.error(
                    [order], f"order {order} is related to an order that is not there", found=one
                )
