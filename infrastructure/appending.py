"""The one write path: what loggers and aggregates log is judged, numbered and stored here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eventsourcing.persistence import Mapper

from domain.audit_log import AuditLog, numbered
from domain.errors import ConcurrencyError, EventLoggerError, StoreError
from domain.identity import Item, cells_of, settle
from domain.intake import PlainEntry, Update
from infrastructure.earlier import sound_order, sound_states
from infrastructure.lifecycles import Judging, Lifecycles
from infrastructure.store import AtTheEnd, LogStore
from infrastructure.stored import PlainEvents, Transition, WriterIdentity, Writes

Work = Item | Update
"""What one call asks for: an event, a bundle, or an update."""

Outcome = range | EventLoggerError
"""The orders that a call's event (or the updated one) has, or why the call is refused."""


class Appending:
    """Appends to one log as one writer.

    Whether something is stored is decided once, inside the store: an error that is raised here has
    stored nothing, and what is returned is durable. An interruption may come after the commit.
    """

    def __init__(
        self, store: LogStore, log: AuditLog, mapper: Mapper[Any], writer: WriterIdentity
    ) -> None:
        self._store = store
        self._log = log
        self._writer = writer
        self._lifecycles = Lifecycles(log, mapper)

    def append(self, works: Sequence[Work]) -> list[Outcome]:
        """Judge each of the works on its own and store all that hold, in one transaction.

        They are numbered in the order in which they stand here. Raises `StoreError` when nothing
        was stored.
        """
        if set(map(type, works)) == {PlainEntry}:
            return self._append_plain(works)
        group: _Group

        def decide(at_end: AtTheEnd) -> Writes:
            nonlocal group
            group = _Group(self._log, at_end, self._lifecycles)
            return group.judge(works)

        self._store.appends.append(self._log.id, self._writer, decide)
        group.keep()
        return group.outcomes

    def _append_plain(self, entries: Sequence[Any]) -> list[Outcome]:
        """What needs no look at what was logged before, as most of a live log's events."""

        def decide(at_end: AtTheEnd) -> Writes:
            return Writes(PlainEvents(self._log.id, at_end.end.horizon.order + 1, entries))

        end = self._store.appends.append(self._log.id, self._writer, decide).horizon.order
        return [range(order, order + 1) for order in range(end - len(entries) + 1, end + 1)]

    def append_events(self, events: Sequence[AuditLog.EventLogged]) -> None:
        """Store events that have their orders already, as those of a lease's holder have.

        Those that an earlier attempt stored, whose answer was lost, are not stored twice. Raises
        `ConcurrencyError` when the log's end is not where they begin, or `StoreError`.
        """
        if not events:
            return
        before = events[0].originator_version - 1

        def decide(at_end: AtTheEnd) -> Writes:
            there = at_end.end.horizon.order - before
            if there < 0:
                raise ConcurrencyError(self._log.name, before)
            if there == 0:
                return Writes(events)
            same = [event.record for event in events[:there]]
            if len(same) < there or at_end.states(before + 1, before + there) != same:
                raise ConcurrencyError(self._log.name, before)
            return Writes(events[there:])

        self._store.appends.append(self._log.id, self._writer, decide)

    def close(self) -> None:
        """Note that this writer ends; a store that fails now has lost no event."""
        try:
            self._store.appends.end_writer(self._log.id, self._writer)
        except StoreError:
            return


class _Group:
    """The works of one transaction, judged one after the other at the log's end."""

    __slots__ = (
        "_at_end",
        "_events",
        "_first",
        "_ids",
        "_judging",
        "_lifecycles",
        "_log",
        "_transitions",
        "outcomes",
    )

    def __init__(self, log: AuditLog, at_end: AtTheEnd, lifecycles: Lifecycles) -> None:
        self._log = log
        self._at_end = at_end
        self._first = at_end.end.horizon.order + 1
        self._lifecycles = lifecycles
        self._judging: Judging | None = None
        self._events: list[AuditLog.EventLogged] = []
        self._ids: dict[str, int] = {}
        self._transitions: list[Transition] = []
        self.outcomes: list[Outcome] = []

    def judge(self, works: Sequence[Work]) -> Writes:
        """What is to be stored; `outcomes` then holds what each work came to."""
        for work in works:
            try:
                outcome: Outcome = (
                    self._update(work) if isinstance(work, Update) else self._log_item(work)
                )
            except StoreError:
                raise
            except EventLoggerError as error:
                outcome = error
            self.outcomes.append(outcome)
        return Writes(self._events, self._transitions)

    def keep(self) -> None:
        """Remember the lifecycles that were judged, now that they are stored."""
        if self._judging is not None:
            self._lifecycles.keep(self._judging)

    @property
    def _next_order(self) -> int:
        return self._first + len(self._events)

    def _log_item(self, item: Item) -> range:
        first = self._next_order
        known = settle(item, first, self)
        if known is not None:
            return known
        events = numbered(self._log.id, first, cells_of(item))
        self._events += events
        for event in events:
            if event.event_id is not None:
                self._ids[event.event_id] = event.originator_version
        return range(first, self._next_order)

    def _update(self, update: Update) -> range:
        if self._judging is None:
            self._judging = self._lifecycles.judging(self._at_end)
        stored = self._judging.judge(update, self._next_order - 1, self)
        if stored is not None:
            order, changes = update
            self._transitions.append(
                Transition(order, stored, len(self._events), changes.get("tx_hash"))
            )
        return range(update.order, update.order + 1)

    def order_of(self, event_id: str) -> int | None:
        order = self._ids.get(event_id)
        if order is not None:
            return order
        return sound_order(self._log.name, self._at_end.order_of(event_id), self._first - 1)

    def states(self, first: int, last: int) -> Sequence[bytes]:
        fresh = [
            event.record
            for event in self._events[max(0, first - self._first) : max(0, last - self._first + 1)]
        ]
        if first >= self._first:
            return fresh
        stored = sound_states(self._log.name, self._at_end.states, first, last, self._first - 1)
        return [*stored, *fresh]
