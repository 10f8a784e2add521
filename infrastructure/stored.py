"""What a store is given and what it gives back: the vocabulary of the port."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, overload
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from domain.audit_log import AuditLog, numbered
from domain.horizon import Horizon
from domain.identity import Cell
from domain.intake import PlainEntry

if TYPE_CHECKING:
    from projections.status_board import Kind, OpenEvent


class LogEnd(NamedTuple):
    """Where a log ends: the horizon, and the store's time of its last commit.

    Times of the store are microseconds since 1970 in UTC; None: of before format 2.
    """

    horizon: Horizon
    committed_at: int | None


class Transition(NamedTuple):
    """A transition to be stored: whose it is, and the stored event of its lifecycle.

    `after` counts the events of the same `Writes` that are stored before it. `tx_hash` is the hash
    that it sets, for the index.
    """

    order: int
    stored: StoredEvent
    after: int
    tx_hash: str | None


_HEAD, _TAIL = b'{"recorded_at":"', ord("}")


def sound_sizes(rows: list[tuple[int, bytes]]) -> list[int]:
    """How long those are that may be records, as far as a look at their ends tells.

    One look at each row: a page is more than the processor's cache holds.
    """
    try:
        return [len(state) for _, state in rows if state[:16] == _HEAD and state[-1] == _TAIL]
    except (TypeError, IndexError):
        return []


class PlainEvents(Sequence[AuditLog.EventLogged]):
    """Events with consecutive orders, all of them plain: their records, and where they begin.

    A batch of a backtest is mostly that, and what it stores is the records: an event is made of one
    when somebody asks for it.
    """

    __slots__ = ("_first", "_log_id", "states")

    def __init__(self, log_id: UUID, first: int, states: Sequence[PlainEntry]) -> None:
        self._log_id = log_id
        self._first = first
        self.states = states

    def __len__(self) -> int:
        return len(self.states)

    @overload
    def __getitem__(self, place: int) -> AuditLog.EventLogged: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[AuditLog.EventLogged]: ...

    def __getitem__(
        self, place: int | slice
    ) -> AuditLog.EventLogged | Sequence[AuditLog.EventLogged]:
        orders = range(self._first, self._first + len(self.states))[place]
        if isinstance(orders, range):
            return numbered(self._log_id, orders.start, self.states[place])  # type: ignore[arg-type]
        return AuditLog.EventLogged.of(self._log_id, orders, self.states[place])  # type: ignore[arg-type]


def events_of(log_id: UUID, first: int, cells: Sequence[Cell]) -> Sequence[AuditLog.EventLogged]:
    """The events of the cells, with consecutive orders from the first."""
    if set(map(type, cells)) == {PlainEntry}:
        return PlainEvents(log_id, first, cells)  # type: ignore[arg-type]
    return numbered(log_id, first, cells)


class Writes(NamedTuple):
    """What a commit stores; nothing at all is allowed.

    `closes` says that its last event closes the log (`domain.closing`), so that whoever else
    expects to append where the log ended looks again. With `identity`, its events say that the log
    goes on under another: the store calls it so.
    """

    events: Sequence[AuditLog.EventLogged] = ()
    transitions: Sequence[Transition] = ()
    closes: bool = False
    identity: str | None = None


class StoredTransition(NamedTuple):
    """A transition as it is stored: its version in its lifecycle, topic, number in the log, state.

    `number` is None where the log's sequence of transitions does not know it; `committed_at` is the
    store's time of its commit, in microseconds since 1970 (None: of before format 2). `after` is
    the last order that was committed before it, None where that is not known.
    """

    version: int
    topic: str
    number: int | None
    state: bytes
    committed_at: int | None
    after: int | None = None


def in_order(transitions: Iterable[StoredTransition]) -> list[StoredTransition]:
    """An event's transitions as they are read; one not numbered after those before has no number.

    Nothing stands before the first transition of a log, which is its number 1.
    """
    last, found = 0, []
    for one in transitions:
        if type(one.number) is int and one.number > last:
            last = one.number
            found.append(one)
        else:
            found.append(one._replace(number=None))
    return found


class Stored(NamedTuple):
    """Who committed an entry and when: the store's time, the writer's number; None: not known."""

    committed_at: int | None
    writer: int | None


class StoredEntry(NamedTuple):
    """An entry of a log as it is stored, who committed it and when.

    `order` is the event's; of a transition, `number` counts the log's and `version` those of the
    event from 0 on, both None where an event was logged. A `state` of None is missing.
    """

    horizon: Horizon
    order: int
    number: int | None
    version: int | None
    topic: str | None
    state: bytes | None
    committed_at: int | None
    writer: int | None


PlainEvent = tuple[Any, Any, Any, Any, Any]
"""Order, topic, state, time of the commit and writer of a stored event, whatever is there."""


class Commit(NamedTuple):
    """What one writer committed at one time to another log, to be stored as it was there."""

    committed_at: int | None
    writer: int | None
    writes: Writes


class Source(NamedTuple):
    """What is known of another log beside its entries: the store's time of its opening, writers.

    Of each writer its number, introduction, and when it closed.
    """

    opened_at: int | None
    writers: Sequence[tuple[int, bytes, int | None]]

    def writer(self, number: int | None) -> WriterIdentity:
        """The writer of this number, as it was introduced there."""
        said = next((said for one, said, _ in self.writers if one == number), b"")
        return WriterIdentity(said, number)

    def last_writer(self, commits: Sequence[Commit]) -> WriterIdentity:
        """Who made the last of these commits."""
        return self.writer(commits[-1].writer if commits else None)


class OpenedLog(NamedTuple):
    """A log of the store: its name, identity, and the stored event of its opening."""

    name: str
    identity: str
    opened: StoredEvent


@dataclass
class WriterIdentity:
    """Who appends: introduced once, with the first commit.

    `introduction` is JSON (user, host, process, program and version, opened_at, actor); `number` is
    given by the store, per log from 1 on, and belongs to this one opening for ever.
    """

    introduction: bytes
    number: int | None = field(default=None)


NOBODY = WriterIdentity(b"")
"""Stands for a writer who is not known; it is never introduced."""


class BoardRows(NamedTuple):
    """A log's board as it was folded up to a horizon.

    `is_sound` is False where the store sees that a part of it was lost: it is to be folded anew.
    """

    horizon: Horizon
    counts: Counter[Kind]
    open: dict[int, OpenEvent]
    is_sound: bool = True


class IndexChange(NamedTuple):
    """What was missing in an index of a log, or stood there wrongly, when it was made anew.

    `orders` are the first of those concerned, rising.
    """

    name: str
    added: int
    removed: int
    orders: tuple[int, ...]

    @property
    def is_more(self) -> bool:
        """Whether more orders may be concerned than are named."""
        return self.added + self.removed > len(self.orders)
