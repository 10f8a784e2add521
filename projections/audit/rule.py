"""What a rule is: it sees a log once, from its start to its end, and says what is wrong.

A rule sees every event that is there, by order, each with all of its transitions; and every entry
in the order of commit. After a difference it goes on from what it saw, so that one fault gives one
finding. Both are given to it as they are stored: nothing was refused on the way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, NamedTuple, Protocol
from uuid import UUID

from domain.horizon import Horizon
from projections.entries import LogEntry
from projections.event_dicts import Record
from projections.status_board import Kind, OpenEvent


class Severity(StrEnum):
    """How bad a finding is: an error is never there in a sound log."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, at these orders, in one sentence; what was expected, and found."""

    rule: str
    severity: Severity
    orders: tuple[int, ...]
    message: str
    expected: object = None
    found: object = None


class AuditedTransition(NamedTuple):
    """A transition as it is stored: `record` is None of bytes that are none.

    `number` is its number in the log; None where the log's sequence of transitions does not know
    it. `is_former` says that it was committed before format 2, under what was the rule then.
    """

    number: int | None
    record: Record | None
    is_former: bool


class AuditedEvent(NamedTuple):
    """An event as it is stored: `record` is None of bytes that are none; times are ISO text."""

    order: int
    record: Record | None
    transitions: Sequence[AuditedTransition]


class AuditedLog(Protocol):
    """The log that is looked at, and what is kept of it beside its entries."""

    name: str
    log_id: UUID
    mode: str
    end: Horizon

    def record(self, order: int) -> Record:
        """The record of an order; raises `CorruptLogError` where there is none."""

    def members(self, order: int) -> Sequence[tuple[int, Record]]:
        """The event and, of a wrapper, all of its details; raises as `record` does."""

    def order_of(self, event_id: str) -> int | None:
        """Where the index of event_ids leads."""

    def orders_with_hash(self, tx_hash: str) -> Sequence[int]:
        """Where the index of transaction hashes leads."""

    def late_details(self) -> Sequence[tuple[int, int]]:
        """The (parent, detail) orders that the index of late details holds."""

    def board(self) -> tuple[Horizon, Counter[Kind], dict[int, OpenEvent]] | None:
        """The status board that is kept, and up to where; None where none is."""


class Rule:
    """A rule at work on one log; `NAME` is how it is asked for, `CHECKS` what it checks."""

    NAME: ClassVar[str]
    CHECKS: ClassVar[str]

    def __init__(self, log: AuditedLog) -> None:
        self.log = log

    def event(self, event: AuditedEvent) -> Iterator[Finding]:
        """What is wrong with the next event."""
        yield from ()

    def entry(self, entry: LogEntry) -> Iterator[Finding]:
        """What is wrong with the next entry in the order of commit."""
        yield from ()

    def end(self) -> Iterator[Finding]:
        """What is wrong with the log as a whole, once all was seen."""
        yield from ()

    def error(
        self, orders: Sequence[int], message: str, expected: object = None, found: object = None
    ) -> Finding:
        """An error of this rule."""
        return Finding(self.NAME, Severity.ERROR, tuple(orders), message, expected, found)

    def warning(
        self, orders: Sequence[int], message: str, expected: object = None, found: object = None
    ) -> Finding:
        """A warning of this rule."""
        return Finding(self.NAME, Severity.WARNING, tuple(orders), message, expected, found)
