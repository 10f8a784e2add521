"""What the rules about figures share: they judge each event as it reads now, on its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar, TypeGuard

from domain.event_values import EventValues
from projections.audit.figures import Difference, Figure, compared
from projections.audit.gaps import Gaps
from projections.audit.held import HeldPositions
from projections.audit.rule import NOTHING, AuditedEvent, AuditedLog, Finding, Rule


class ArithmeticRule(Rule):
    """A rule about the figures of single events, of its `TYPES` alone or of `JUDGED` among them."""

    JUDGED: ClassVar[frozenset[str] | None] = None

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._gaps = Gaps()

    def event(self, event: AuditedEvent) -> Iterable[Finding]:
        """Whether its figures agree, once all transitions are applied."""
        record = event.now
        if not is_told(record):
            return NOTHING
        judged = self.TYPES if self.JUDGED is None else self.JUDGED
        if judged is not None and record["event_type"] not in judged:
            return NOTHING
        return self.judged(event.order, EventValues(record))

    @abstractmethod
    def judged(self, order: int, values: EventValues) -> Iterable[Finding]:
        """What is wrong with the figures of an event."""

    def end(self) -> Iterator[Finding]:
        """Notes what could not be judged."""
        self._gaps.tell(self)
        yield from ()

    def unjudgeable(self, order: int, why: str) -> None:
        """Note that an event could not be judged; events with the same reason are told as one."""
        self._gaps.note(order, why)

    def compare(
        self,
        expected: Decimal,
        found: Figure,
        *terms: Figure,
        roundings: int = 1,
        at_most: Decimal | None = None,
    ) -> Difference | None:
        """See `projections.audit.figures.compared`."""
        return compared(
            self.log.options, expected, found, *terms, roundings=roundings, at_most=at_most
        )

    def off(self, order: int, message: str, field: str, difference: Difference) -> Finding:
        """The error of a figure that differs."""
        return self.error(
            [order],
            message,
            difference.expected,
            difference.found,
            field=field,
            tolerance=difference.tolerance,
        )


class HeldRule(ArithmeticRule):
    """One that judges events by the positions held before them, booked from its `TYPES`."""

    IS_OF_SNAPSHOTS = True

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self.held = HeldPositions()

    def event(self, event: AuditedEvent) -> Iterable[Finding]:
        """See `ArithmeticRule.event`; judged before it is booked."""
        if not is_told(event.now):
            return NOTHING
        found = tuple(super().event(event))
        self.held.book(event.now)
        return found


def is_told(record: Mapping[str, Any] | None) -> TypeGuard[Mapping[str, Any]]:
    """Whether a record says what happened and where; what does not is the structural rules'."""
    if record is None:
        return False
    event_type, venue, status = record.get("event_type"), record.get("venue"), record.get("status")
    is_told = isinstance(event_type, str) and isinstance(venue, str)
    return is_told and (status is None or isinstance(status, str))
