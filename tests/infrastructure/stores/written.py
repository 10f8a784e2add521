"""What the suite is written with: a backend's factory, and a log that a test appends to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, NamedTuple, Protocol

import pytest
from eventsourcing.persistence import StoredEvent

from domain.audit_log import AuditLog, numbered
from domain.horizon import START, Horizon
from domain.identity import Item, cells_of
from domain.intake import Entry, Intake, LoggingRules
from domain.lifecycle import EventLifecycle, lifecycle_id
from domain.values import encode
from infrastructure.codec import AuditLogMapper
from infrastructure.store import AtTheEnd, LogStore
from infrastructure.stored import LogEnd, Transition, WriterIdentity, Writes
from projections.entries import LogEntry, LoggedEntry

HOUR = datetime(2024, 5, 12, 14, tzinfo=UTC)
RECORDED_AT = "2024-05-12T14:00:01.000000Z"

ALL = 2**62
"""More than any log holds."""

_intake = Intake(LoggingRules(takes_words_of_the_log=True))
_ids = count()


class Step(NamedTuple):
    """A step of a transaction that writes: before or after a statement, or the commit."""

    is_commit: bool
    is_after: bool


class Backend(Protocol):
    """How the suite makes a store, and how it gets between that store's steps."""

    driver_errors: Sequence[type[Exception]]
    """What its driver raises when a statement fails."""

    clock: str
    """Which clock the store goes by, as it says so."""

    def open(self, *, must_exist: bool = False) -> LogStore:
        """The store; where it outlives its process, the same each time."""

    def at_each_step(self, hook: Callable[[Step], None]) -> AbstractContextManager[None]:
        """Have the hook called at each step of an append, in the thread that appends."""

    def at_time(self, microseconds: int) -> AbstractContextManager[None]:
        """Let the clock that the store goes by stand there (µs since 1970)."""

    def cost(self, store: LogStore, read: Callable[[], object]) -> int:
        """How much of the store one read looks at, in steps or rows of its engine."""


def entry(
    amount: int = 1, event_type: str = "STAKE_DEPOSIT", venue: str = "LIDO", **event_data: Any
) -> Entry:
    """An event as the loggers take it in."""
    return _intake.event(HOUR, event_type, venue, "ETH", amount, None, event_data)


def bundle(details: int, **event_data: Any) -> Item:
    """A wrapper and so many details."""
    wrapper = {"timestamp": HOUR, "event_type": "ATOMIC_TRANSACTION", "venue": "INSTADAPP"}
    detail = {"event_type": "STAKE_DEPOSIT", "venue": "LIDO"}
    return _intake.bundle(
        wrapper | {"token": None, "amount": None, "position_snapshot": None} | event_data,
        [detail] * details,
    )


def entries_of(amounts: Sequence[int]) -> list[Entry]:
    """One event for each amount."""
    return [entry(amount) for amount in amounts]


def writer(name: str = "") -> WriterIdentity:
    """A writer that has not appended yet; no two are the same."""
    return WriterIdentity(encode({"id": next(_ids), "program": name}))


@dataclass(frozen=True)
class Move:
    """An update of an event, as an append stores it."""

    order: int
    tx_hash: str | None = None
    status: str = "submitted"
    from_status: str = "pending"


Part = Item | Move


class Written:
    """A log of the store under test, and what was appended to it in the order of commit."""

    def __init__(
        self, store: LogStore, name: str = "run", by: WriterIdentity | None = None
    ) -> None:
        self.store = store
        self.log = AuditLog.open(name, "live")
        self.identity = self.log.identity or ""
        (opened,) = self.log.collect_events()
        self.opened = AuditLogMapper().to_stored_event(opened)
        self.writer = writer(name) if by is None else by
        self.committed: list[Horizon] = []
        self.records: list[bytes] = []

    def create(self) -> bool:
        """Store the opening."""
        return self.store.appends.create(self.opened, self.log.name, self.identity, self.writer)

    @property
    def horizon(self) -> Horizon:
        """Where the log ends, by what was appended here."""
        return self.committed[-1] if self.committed else START

    def append(
        self, *parts: Part, store: LogStore | None = None, by: WriterIdentity | None = None
    ) -> LogEnd:
        """Append the parts in one transaction."""
        parts_stored = Parts(self.log, parts)
        appends = (store or self.store).appends
        end = appends.append(self.log.id, by or self.writer, parts_stored.decide)
        self.committed += parts_stored.horizons
        self.records += [event.record for event in parts_stored.events]
        return end

    def states(self) -> list[bytes]:
        """The records that the store gives back, page after page."""
        rows = self.store.reads.events(self.log.id, 1, ALL, ALL)
        assert [order for order, _ in rows] == list(range(1, len(rows) + 1))
        return [state for _, state in rows]

    def entries(self, after: Horizon = START, limit: int = ALL) -> list[LogEntry]:
        """The entries that the store gives back."""
        return self.store.reads.entries(self.log.id, after, limit)

    def check(self) -> None:
        """See that the store holds what was appended, once and in this order."""
        assert self.store.reads.end(self.log.id).horizon == self.horizon
        assert self.states() == self.records
        found = self.entries()
        assert [one.horizon for one in found] == self.committed
        assert [one.position for one in found] == list(range(1, len(found) + 1))


class Parts:
    """The rows of one append; judged anew at each end that it is given."""

    def __init__(self, log: AuditLog, parts: Sequence[Part]) -> None:
        self._log = log
        self._parts = parts

    def decide(self, at_end: AtTheEnd) -> Writes:
        """What is to be stored at this end."""
        end = at_end.end.horizon
        self.horizons: list[Horizon] = []
        self.events: list[AuditLog.EventLogged] = []
        transitions: list[Transition] = []
        versions: dict[int, int] = {}
        for part in self._parts:
            if isinstance(part, Move):
                if part.order not in versions:
                    before = at_end.lifecycle(lifecycle_id(self._log.id, part.order), -1)
                    versions[part.order] = len(before)
                stored = transition_of(self._log, part, versions[part.order])
                versions[part.order] += 1
                transitions.append(Transition(part.order, stored, len(self.events), part.tx_hash))
            else:
                first = end.order + len(self.events) + 1
                self.events += numbered(self._log.id, first, cells_of(part))
            self._note(end, len(transitions))
        return Writes(self.events, transitions)

    def _note(self, end: Horizon, transitions: int) -> None:
        noted = self.horizons[-1] if self.horizons else end
        last = Horizon(end.order + len(self.events), end.transition + transitions)
        self.horizons += [
            Horizon(o, last.transition) for o in range(noted.order + 1, last.order + 1)
        ]
        if last.transition > noted.transition:
            self.horizons.append(last)


def transition_of(log: AuditLog, move: Move, version: int) -> StoredEvent:
    """The stored event of a lifecycle's transition."""
    kind = EventLifecycle.Updated if version else EventLifecycle.Started
    state = {
        "recorded_at": RECORDED_AT,
        "log": log.name,
        "order": move.order,
        "from_status": move.from_status,
        "from_since": RECORDED_AT,
        "status": move.status,
        "tx_hash": move.tx_hash,
        "changes": {},
    }
    return StoredEvent(
        originator_id=lifecycle_id(log.id, move.order),
        originator_version=version,
        topic=kind.TOPIC,
        state=encode(state),
    )


def kinds(entries: Sequence[LogEntry]) -> list[tuple[bool, int]]:
    """Of each entry whether an event was logged, and the order that it is about."""
    return [(isinstance(one, LoggedEntry), one.order) for one in entries]


def new_log(store: LogStore, name: str = "run", by: WriterIdentity | None = None) -> Written:
    """A log that was just created."""
    log = Written(store, name, by)
    assert log.create()
    return log


class OnStore:
    """A store that is closed after the test."""

    @pytest.fixture
    def store(self, backend: Backend) -> Iterator[LogStore]:
        with backend.open() as store:
            yield store
