"""Orders are 1, 2, 3 … without gaps, and so are the numbers of the transitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from projections.audit.rule import NOTHING, AuditedEvent, AuditedLog, Finding, Rule
from projections.entries import LogEntry, LoggedEntry, TransitionEntry


class Orders(Rule):
    """Every order up to the log's end is there once; so is every transition's number."""

    NAME = "orders"
    CHECKS = "orders, and the numbers of transitions, run from 1 to the log's end without gaps"
    WHY = "what was logged cannot be taken out again, or put in between, without a gap"

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._last_order = self._last_number = 0
        self._unnumbered: list[int] = []

    def event(self, event: AuditedEvent) -> Iterable[Finding]:
        """Those before it are missing."""
        self.looked_at += 1
        last, self._last_order = self._last_order, event.order
        if event.transitions:
            self._unnumbered += [event.order for one in event.transitions if one.number is None]
        return NOTHING if event.order == last + 1 else self._missing(last + 1, event.order)

    def entry(self, entry: LogEntry) -> Iterable[Finding]:
        """A transition follows the one before it."""
        return NOTHING if isinstance(entry, LoggedEntry) else self._numbered(entry)

    def _numbered(self, entry: TransitionEntry) -> Iterator[Finding]:
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
        yield from self._missing(self._last_order + 1, self.log.end.order + 1)
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

    def _missing(self, first: int, upto: int) -> Iterator[Finding]:
        if first < upto:
            which = (
                f"order {first} is" if first == upto - 1 else f"orders {first} to {upto - 1} are"
            )
            yield self.error(range(first, upto)[:1000], f"{which} missing, or no logged events")
