"""Reading one log: its records a page at a time, with the values that transitions have changed
since.

Damage is loud: an order that is missing, or bytes that are no record, raise `CorruptLogError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import chain, islice, zip_longest
from typing import Any

from domain.audit_log import AuditLog
from domain.bundle import check_parent, last_order_of, wrapper_of
from domain.errors import CorruptLogError, StoreError, shown
from domain.horizon import START, Horizon
from domain.lifecycle import EventLifecycle, lifecycle_id
from domain.statuses import PARTIALLY_FILLED, PENDING, SUBMITTED, check_status
from domain.values import decode
from infrastructure.store import LogStore
from infrastructure.stored import StoredTransition, sound_sizes
from infrastructure.timestamps import timestamp_of
from projections.current_state import Transition, current, history
from projections.entries import LogEntry, LoggedEntry, TransitionEntry
from projections.event_dicts import AsTime, Record

PAGE = 1000
"""Events per page when a log is read, at most."""

_CURRENT_PAGE = 200
# Events with texts of 100 KB are read by the dozen.
_FIRST_PAGE, _PAGE_BYTES = 100, 4 * 2**20

NO_RECORD = (ValueError, TypeError, KeyError, AttributeError, ArithmeticError)
"""What decoding raises for bytes that are no record."""

Rows = Iterator[tuple[int, bytes]]
Records = Iterator[tuple[int, Record]]


class LogReading:
    """What is committed of one log."""

    def __init__(self, store: LogStore, log: AuditLog) -> None:
        self._store = store
        self._log = log

    def horizon(self) -> Horizon:
        """Where the log ends now."""
        return self._store.reads.end(self._log.id).horizon

    def rows(self, first: int, last: int, page: int = PAGE) -> Rows:
        """The (order, JSON) of the events from order `first` to `last`, a page at a time.

        Raises `CorruptLogError` at the order that is damaged.
        """
        return chain.from_iterable(self._pages(first, last, page))

    def rows_with(self, text: bytes, first: int, last: int) -> Rows:
        """Of these orders those whose JSON holds the text.

        Looking for the bytes spares decoding the events that cannot be meant.
        """
        pages = self._pages(first, last, PAGE)
        # Not `text in row[1]`: see `domain.values`.
        return chain.from_iterable(
            [row for row in page if row[1].find(text) >= 0] for page in pages
        )

    def _pages(self, first: int, last: int, size: int) -> Iterator[Iterable[tuple[int, bytes]]]:
        first, at_once = max(first, 1), min(size, _FIRST_PAGE)
        while first <= last:
            upto = min(last, first + at_once - 1)
            rows = self._store.reads.events(self._log.id, first, upto, at_once)
            sizes = sound_sizes(rows)
            if len(sizes) != upto - first + 1:
                yield self._sound_part(rows, first)
                return
            yield rows
            first = upto + 1
            at_once = min(size, max(1, _PAGE_BYTES * len(rows) // sum(sizes)))

    def _sound_part(self, rows: list[tuple[int, bytes]], first: int) -> Rows:
        """The rows before the damage, and then the error."""
        for expected, row in zip_longest(range(first, first + len(rows) + 1), rows):
            if row is None or row[0] != expected:
                raise self._damaged(expected, "its record is missing, or is no logged event")
            if not sound_sizes([row]):
                raise self._damaged(expected, f"its record is {shown(row[1])}")
            yield row

    def _damaged(self, order: int, what: str) -> CorruptLogError:
        return CorruptLogError(
            self._log.name, order, f"{what}; the orders before and after it can be read by range"
        )

    def decoded(
        self,
        rows: Iterable[tuple[int, bytes]],
        as_time: AsTime,
        decoding: Callable[[bytes], Record] | None = None,
    ) -> Records:
        """The rows as records; times made by `as_time`, or all of them by `decoding`."""
        order = 0
        try:
            for order, state in rows:
                record = decode(state, as_time) if decoding is None else decoding(state)
                # Looked at for the KeyError: no event is without them.
                record["timestamp"], record["event_type"], record["venue"]
                if "status" in record:
                    check_status(record["status"])
                if "parent_event" in record:
                    check_parent(order, record)
                yield order, record
        except NO_RECORD as error:
            if isinstance(error, CorruptLogError):
                raise
            raise self._no_record(order, error) from error

    def record(self, order: int, as_time: AsTime = str) -> Record:
        """The record of one event as it was logged."""
        ((_, record),) = self.decoded(self.rows(order, order), as_time)
        return record

    def _no_record(self, order: int, error: Exception) -> CorruptLogError:
        return self._damaged(order, f"its bytes are no record ({error})")

    def wrapper(self, order: int, record: Record) -> int:
        """The order whose transitions are the event's."""
        return wrapper_of(order, record, self.record)

    def current(
        self,
        records: Records,
        as_time: AsTime,
        upto: int | None = None,
        *,
        shares_logged: bool = True,
    ) -> Records:
        """The records of a live log as they are after the transition with the number `upto`.

        Without `shares_logged`, details have of their wrapper's transaction what transitions say of
        it alone, as certificates have it.
        """
        records = iter(records)
        while page := dict(islice(records, _CURRENT_PAGE)):
            parent_of = self._beside(page, as_time)
            wrappers = {
                order: wrapper_of(order, record, parent_of) if "parent_event" in record else order
                for order, record in page.items()
            }
            transitions = self.transitions(set(wrappers.values()), as_time, upto)
            for order, record in page.items():
                wrapper = wrappers[order]
                changes = transitions.get(wrapper, ())
                is_detail = wrapper != order
                shown_of = parent_of(wrapper) if is_detail and shares_logged else None
                yield order, current(record, changes, is_detail=is_detail, wrapper=shown_of)

    def _beside(self, page: dict[int, Record], as_time: AsTime) -> Callable[[int], Record]:
        @cache
        def record_of(order: int) -> Record:
            return page.get(order) or self.record(order, as_time)

        return record_of

    def transitions(
        self, orders: Iterable[int], as_time: AsTime, upto: int | None = None
    ) -> dict[int, list[Transition]]:
        """The transitions of those of these events that have any, oldest first.

        Raises `CorruptLogError` for one that is missing, or is no transition.
        """
        ids = {lifecycle_id(self._log.id, order): order for order in orders}
        found = self._store.reads.transitions(self._log.id, list(ids))
        return {
            ids[one]: [
                self.transition(ids[one], place, stored, as_time)
                for place, stored in enumerate(found[one])
                if upto is None or (stored.number or 0) <= upto
            ]
            for one in found
        }

    def transition(
        self, order: int, place: int, stored: StoredTransition, as_time: AsTime
    ) -> Transition:
        """The transition that is stored at a place of the event's lifecycle.

        Raises `CorruptLogError` where it is missing, or is none.
        """
        topic = (EventLifecycle.Updated if place else EventLifecycle.Started).TOPIC
        if stored.version != place or stored.number is None or stored.topic != topic:
            raise self._damaged(
                order, f"its transition {place + 1} is missing, or is no transition of this log"
            )
        try:
            transition = decode(stored.state, as_time)
            check_status(transition["status"])
            # Looked at for the KeyError, as its status is.
            transition["recorded_at"], transition["changes"]
            return transition
        except NO_RECORD as error:
            raise self._no_record(order, error) from error

    def corrections(self) -> list[tuple[int, int]]:
        """The (corrected, correction) orders of the log."""
        return self._store.reads.corrections(self._log.id)

    def entries(self, after: Horizon, limit: int) -> list[LogEntry]:
        """Up to `limit` entries after a horizon, in the order of their commit.

        Raises `CorruptLogError` where one is missing, or is no record.
        """
        try:
            entries = self._store.reads.entries(self._log.id, after, limit)
        except StoreError:
            # Of records that are none the store cannot take the fields: say which it is.
            self._refuse_damaged(after, limit)
            raise
        for place, entry in enumerate(entries):
            try:
                check_status(_status_of(entry))
                if isinstance(entry, LoggedEntry):
                    # Looked at for the KeyError: no event is without them.
                    entry.record["venue"], entry.record["event_type"]
            except (ValueError, KeyError) as error:
                raise self._no_record(entry.order, error) from error
            if entry.committed_at is not None and type(entry.committed_at) is not int:
                what = f"the time of its commit is {shown(entry.committed_at)}"
                raise self._damaged(entry.order, what)
            position = after.position + 1 + place
            if entry.position != position:
                before = entries[place - 1].horizon if place else after
                raise self._damaged(
                    before.order + 1 if isinstance(entry, LoggedEntry) else entry.order,
                    f"the entry at position {position} is missing",
                )
        return entries

    def submission(self, entry: TransitionEntry) -> tuple[str, int | None] | None:
        """When an order on an exchange that has been filling in parts was submitted.

        By the clock of who said so, and by the store's time (µs since 1970); None where it was not
        said to be submitted before it began to fill.
        """
        own = lifecycle_id(self._log.id, entry.order)
        stored = [
            one
            for one in self._store.reads.transitions(self._log.id, [own]).get(own, ())
            if (one.number or 0) < entry.number
        ]
        steps = [self.transition(entry.order, n, one, str) for n, one in enumerate(stored)]
        while steps and steps[-1]["from_status"] == PARTIALLY_FILLED:
            steps.pop()
        if not steps or steps[-1]["from_status"] != SUBMITTED:
            return None
        since = steps[-1]["from_since"]
        while steps and steps[-1]["from_status"] == SUBMITTED:
            steps.pop()
        if steps:
            return since, stored[len(steps) - 1].committed_at
        # It was logged as submitted.
        logged = self._store.reads.stored(self._log.id, Horizon(entry.order, START.transition))
        return since, logged.committed_at

    def _refuse_damaged(self, after: Horizon, limit: int) -> None:
        end = self.horizon().order
        for _ in self.decoded(self.rows(after.order + 1, min(after.order + limit, end)), str):
            continue
        transitions = Horizon(end, after.transition)
        for entry in self._store.reads.stored_entries(self._log.id, transitions, limit):
            try:
                decode(entry.state or b"", str)
            except NO_RECORD as error:
                raise self._no_record(entry.order, error) from error

    def history(self, order: int) -> list[dict[str, Any]]:
        """A live event's logging and transitions, oldest first; times as pandas Timestamps."""
        record = self.record(order, timestamp_of)
        wrapper = self.wrapper(order, record)
        transitions = self.transitions([wrapper], timestamp_of).get(wrapper, ())
        logged = self.record(wrapper, timestamp_of) if wrapper != order else None
        return history(record, transitions, timestamp_of, wrapper=logged)

    def bundle_records(self, order: int) -> list[tuple[int, Record]]:
        """The event and, of a wrapper, all the details that follow it; times as ISO text."""
        record = self.record(order)
        last = last_order_of(order, record, self.record)
        if last == order:
            return [(order, record)]
        return list(self.decoded(self.rows(order, last), str))


def _status_of(entry: LogEntry) -> object:
    return entry.record.get("status", PENDING) if isinstance(entry, LoggedEntry) else entry.status
