"""Orders are 1, 2, 3 … without gaps, and so are the numbers of the transitions."""

from __future__ import annotations

from collections.abc import Iterator

from projections.audit.rule import AuditedEvent, AuditedLog, Finding, Rule
from projections.entries import LogEntry, LoggedEntry


class Orders(Rule):
    """Every order up to the log's end is there once; so is every transition's number."""

    NAME = "orders"
    CHECKS = "orders, and the numbers of transitions, run from 1 to the log's end without gaps"
    WHY = "what was logged cannot be taken out again, or put in between, without a gap"

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._last_order = self._last_number = 0
        self._unnumbered: list[int] = []

    def event(self, event: AuditedEvent) -> Iterator[Finding]:
        """Those before it are missing."""
        self.looked_at += 1
        yield from self._missing(event.order)
        self._last_order = event.order
        self._unnumbered += [event.order for one in event.transitions if one.number is None]

    def entry(self, entry: LogEntry) -> Iterator[Finding]:
        """A transition follows the one before it."""
        if isinstance(entry, LoggedEntry):
            return
        if entry.number != self._last_number + 1:
            yield self.error(
                self._unnumbered or [entry.order],
                f"the log's transitions {self._last_number + 1} to {entry.number - 1} are missing",
                expected=self._last_number + 1,
                found=entry.number,
            )
            self._unnumbered = []
        self._last_number = entry.number

    def end(self) -> Iterator[Finding]:
        """Those up to the log's end are missing."""
        yield from self._missing(self.log.end.order + 1)
        if self._last_number < self.log.end.transition:
            yield self.error(
                self._unnumbered,
                f"the log's transitions from {self._last_number + 1} on cannot be read",
                expected=self.log.end.transition,
                found=self._last_number,
            )
        elif self._unnumbered:
            yield self.error(
                self._unnumbered, "transitions of these orders are not among the log's"
            )

    def _missing(self, upto: int) -> Iterator[Finding]:
        first = self._last_order + 1
        if first < upto:
            which = (
                f"order {first} is" if first == upto - 1 else f"orders {first} to {upto - 1} are"
            )
            yield self.error(range(first, upto)[:1000], f"{which} missing, or no logged events")
