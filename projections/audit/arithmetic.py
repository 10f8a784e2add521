"""What the rules about figures share: they judge each event as it reads now, on its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar, TypeGuard

from domain.event_values import EventValues
from projections.audit.figures import Difference, Figure, compared
from projections.audit.gaps import Gaps
from projections.audit.rule import AuditedEvent, AuditedLog, Finding, Rule


class ArithmeticRule(Rule):
    """A rule about the figures of single events; of these types, or of all where none is named."""

    TYPES: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._gaps = Gaps()

    def event(self, event: AuditedEvent) -> Iterator[Finding]:
        """Whether its figures agree, once all transitions are applied."""
        record = event.now
        if is_told(record) and (not self.TYPES or record["event_type"] in self.TYPES):
            yield from self.judged(event.order, EventValues(record))

    @abstractmethod
    def judged(self, order: int, values: EventValues) -> Iterator[Finding]:
        """What is wrong with the figures of an event."""

    def end(self) -> Iterator[Finding]:
        """Notes what could not be judged."""
        self._gaps.tell(self)
        yield from ()

    def unjudgeable(self, order: int, why: str) -> None:
        """Note that an event could not be judged; events with the same reason are told as one."""
        self._gaps.note(order, why)

    def compare(
        self, expected: Decimal, found: Figure, *terms: Figure, roundings: int = 1
    ) -> Difference | None:
        """See `projections.audit.figures.compared`."""
        return compared(self.log.options, expected, found, *terms, roundings=roundings)

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


def is_told(record: Mapping[str, Any] | None) -> TypeGuard[Mapping[str, Any]]:
    """Whether a record says what happened and where; what does not is the structural rules'."""
    return (
        record is not None
        and isinstance(record.get("event_type"), str)
        and isinstance(record.get("venue"), str)
    )
