"""What a rule is: it sees a log once, from its start to its end, and says what is wrong.

A rule sees every event that is there, by order, each with all of its transitions; and every entry
in the order of commit, an event itself coming before its entry. After a difference it goes on from
what it saw, so that one fault gives one finding. Both are given to it as they are stored: nothing
was refused on the way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, NamedTuple, Protocol, TypedDict, Unpack
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
class Accepted:
    """That a finding was accepted before: by whom, why, and the last day on which that holds.

    `until` is a date as ISO 8601 has it; None: for good. The rest says which finding it was.
    """

    fingerprint: str
    by: str
    why: str
    until: str | None = None
    rule: str = ""
    orders: tuple[int, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, at these orders, in one sentence; what was expected, and found.

    `field` is the field, account or asset that is wrong, and with the rule and the orders what a
    finding is known by. `tolerance` is what a difference may be there, as people read it.
    `last_good` is the last order at which what is wrong was still right, where that can be told.

    The rest is no rule's to say: a report adds the `fingerprint` that stands for rule, version,
    log, orders and field, the orders of the corrections that repaired it, and, where a baseline
    has it, who accepted it and why.
    """

    rule: str
    severity: Severity
    orders: tuple[int, ...]
    message: str
    expected: object = None
    found: object = None
    field: str | None = None
    tolerance: str | None = None
    last_good: int | None = None
    fingerprint: str = ""
    repaired_by: tuple[int, ...] = ()
    accepted: Accepted | None = None

    @property
    def stands(self) -> bool:
        """Whether it counts: no correction repaired it, and nobody accepted it."""
        return not self.repaired_by and self.accepted is None


class Further(TypedDict, total=False):
    """What a finding may say besides; see `Finding`."""

    field: str | None
    tolerance: str | None
    last_good: int | None


class AuditedTransition(NamedTuple):
    """A transition as it is stored: `record` is None of bytes that are none.

    `number` is its number in the log; None where the log's sequence of transitions does not know
    it. `is_former` says that it was committed before format 2, under what was the rule then.
    `after` is the last order that was committed before it, where that is known.
    """

    number: int | None
    record: Record | None
    is_former: bool
    after: int | None = None


class AuditedEvent(NamedTuple):
    """An event as it is stored: `record` is None of bytes that are none; times are ISO text.

    `now` is the record as it reads after all transitions, its wrapper's included, with its status;
    None where that cannot be told, which the structural rules report. `root` is the order of the
    outermost wrapper of the bundle that it stands in, its own where it stands alone. A snapshot
    that is stored as the one before may be the same object (nobody changes what rules are shown);
    `is_alike` says that it is that of the event before, or that neither has one.
    """

    order: int
    record: Record | None
    transitions: Sequence[AuditedTransition]
    now: Record | None = None
    root: int = 0
    is_alike: bool = False


class Unjudged(NamedTuple):
    """What a rule could not judge: at these orders, and why."""

    orders: tuple[int, ...]
    why: str


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """What an audit is asked for beside its rules.

    `tolerance` replaces every rule's own, as a fraction of the larger figure; None leaves them.
    What is logged later than `late_after` its timestamp, or waits for longer than
    `unsettled_after`, is said. `closed_until` is the end of the period that is closed: ISO 8601.
    """

    tolerance: Decimal | None = None
    late_after: timedelta = timedelta(hours=1)
    unsettled_after: timedelta = timedelta(hours=1)
    closed_until: str | None = None


class Keys(Protocol):
    """A set of keys of any size, each with the order at which it was first seen."""

    def first(self, key: str, order: int) -> int | None:
        """The order under which the key was seen before; None, and noted, where it was not."""


class AuditedWriter(NamedTuple):
    """One opening of the log by one process, as it introduced itself.

    `introduction` holds user, host, process, program and when it opened the log, as far as they are
    known; `ended_at` is the store's time at which it closed, None of one that did not.
    """

    introduction: Record
    ended_at: int | None


class AuditedLog(Protocol):
    """The log that is looked at, and what is kept of it beside its entries."""

    name: str
    log_id: UUID
    mode: str
    end: Horizon
    options: AuditOptions

    def keys(self) -> Keys:
        """A new, empty set of keys; a long one does not stay in memory."""

    def record(self, order: int) -> Record:
        """The record of an order; raises `CorruptLogError` where there is none."""

    def members(self, order: int) -> Sequence[tuple[int, Record]]:
        """The event and, of a wrapper, all of its details; raises as `record` does."""

    def order_of(self, event_id: str) -> int | None:
        """Where the index of event_ids leads."""

    def orders_with_hash(self, tx_hash: str) -> Sequence[int]:
        """Where the index of transaction hashes leads."""

    def writers(self) -> Sequence[AuditedWriter]:
        """Who wrote to it, by the order of their first commits."""

    def late_details(self) -> Sequence[tuple[int, int]]:
        """The (parent, detail) orders that the index of late details holds."""

    def corrections(self) -> Sequence[tuple[int, int]]:
        """The (corrected, correction) orders that the index of corrections holds."""

    def board(self) -> tuple[Horizon, Counter[Kind], dict[int, OpenEvent]] | None:
        """The status board that is kept, and up to where; None where none is."""


NOTHING: tuple[Finding, ...] = ()
"""What a rule that finds nothing says at once: nobody looks into it."""

MODES: frozenset[str] = frozenset(("backtest", "live"))


class Rule:
    """A rule at work on one log.

    `NAME` is how it is asked for, `CHECKS` what it checks, `WHY` what an auditor learns from it,
    `TOLERANCE` what a difference may be and where that comes from. `VERSION` grows whenever the
    same log may give other findings. A rule counts in `looked_at` what it judged: one that found
    nothing to judge did not apply. `IS_COSTLY` says that it was measured to take more than a third
    of the time of all rules. `IS_OF_ENTRIES`: the same entries always end it in the same way; it
    looks at nothing that is kept beside them.

    It is shown events of `TYPES` alone (None: of all types, and those whose type cannot be told),
    with `IS_OF_SNAPSHOTS` all others too whose snapshot is not that of the event before, of logs
    in the modes `EVENTS_IN`, and entries of logs in the modes `ENTRIES_IN`.
    """

    NAME: ClassVar[str]
    CHECKS: ClassVar[str]
    WHY: ClassVar[str] = ""
    TOLERANCE: ClassVar[str] = "exact"
    VERSION: ClassVar[int] = 1
    IS_COSTLY: ClassVar[bool] = False
    IS_OF_ENTRIES: ClassVar[bool] = True
    TYPES: ClassVar[frozenset[str] | None] = None
    IS_OF_SNAPSHOTS: ClassVar[bool] = False
    EVENTS_IN: ClassVar[frozenset[str]] = MODES
    ENTRIES_IN: ClassVar[frozenset[str]] = MODES

    def __init__(self, log: AuditedLog) -> None:
        self.log = log
        self.looked_at = 0
        self.unjudged: list[Unjudged] = []

    def could_not(self, orders: Sequence[int], why: str) -> None:
        """Note what cannot be judged, and why; it is no finding, and is always reported."""
        self.unjudged.append(Unjudged(tuple(orders), why))

    def event(self, event: AuditedEvent) -> Iterable[Finding]:
        """What is wrong with the next event."""
        return NOTHING

    def entry(self, entry: LogEntry) -> Iterable[Finding]:
        """What is wrong with the next entry in the order of commit."""
        return NOTHING

    def end(self) -> Iterable[Finding]:
        """What is wrong with the log as a whole, once all was seen."""
        return NOTHING

    def error(
        self,
        orders: Sequence[int],
        message: str,
        expected: object = None,
        found: object = None,
        **further: Unpack[Further],
    ) -> Finding:
        """An error of this rule."""
        return Finding(
            self.NAME, Severity.ERROR, tuple(orders), message, expected, found, **further
        )

    def warning(
        self,
        orders: Sequence[int],
        message: str,
        expected: object = None,
        found: object = None,
        **further: Unpack[Further],
    ) -> Finding:
        """A warning of this rule."""
        return Finding(
            self.NAME, Severity.WARNING, tuple(orders), message, expected, found, **further
        )

    def note(self, orders: Sequence[int], message: str, **further: Unpack[Further]) -> Finding:
        """A note of this rule: nothing is wrong, but an auditor wants to know."""
        return Finding(self.NAME, Severity.NOTE, tuple(orders), message, **further)
