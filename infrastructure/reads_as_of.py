"""Reading a store as one of its logs was known at a horizon."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from domain.closing import LastEvent
from domain.errors import StoreError
from domain.horizon import START, Horizon
from domain.lifecycle import lifecycle_id
from domain.values import decode
from infrastructure.followed import followed_entry
from infrastructure.reading import NO_RECORD
from infrastructure.store import Reads
from infrastructure.stored import (
    LogEnd,
    OpenedLog,
    PlainEvent,
    Stored,
    StoredEntry,
    StoredTransition,
)
from projections.entries import LogEntry, TransitionEntry

T = TypeVar("T")

_PAGE = 500


class ReadsAsOf:
    """`infrastructure.store.Reads`, of which one log ends at a horizon."""

    def __init__(self, reads: Reads, log_id: UUID, horizon: Horizon) -> None:
        self._reads = reads
        self._log_id = log_id
        self._horizon = horizon

    def logs(self) -> list[OpenedLog]:
        """See `Reads.logs`."""
        return self._reads.logs()

    def opened(self, log_id: UUID) -> OpenedLog | None:
        """See `Reads.opened`."""
        return self._reads.opened(log_id)

    def end(self, log_id: UUID) -> LogEnd:
        """See `Reads.end`."""
        if log_id != self._log_id:
            return self._reads.end(log_id)
        return LogEnd(self._horizon, self._reads.stored(log_id, self._horizon).committed_at)

    def events(self, log_id: UUID, first: int, last: int, limit: int) -> list[tuple[int, bytes]]:
        """See `Reads.events`."""
        if log_id == self._log_id:
            last = min(last, self._horizon.order)
        return self._reads.events(log_id, first, last, limit) if first <= last else []

    def transitions(
        self, log_id: UUID, lifecycle_ids: Sequence[UUID]
    ) -> dict[UUID, list[StoredTransition]]:
        """See `Reads.transitions`."""
        found = self._reads.transitions(log_id, lifecycle_ids)
        if log_id != self._log_id:
            return found
        # One without a number is damage, whenever it came.
        known = {
            one: [t for t in stored if (t.number or 0) <= self._horizon.transition]
            for one, stored in found.items()
        }
        return {one: stored for one, stored in known.items() if stored}

    def last_event(self, log_id: UUID) -> LastEvent | None:
        """See `Reads.last_event`: whether the log is closed is asked of it as it is now."""
        return self._reads.last_event(log_id)

    def size(self, log_id: UUID) -> int:
        """See `Reads.size`; of the log that is read as of then, a page at a time."""
        if log_id != self._log_id:
            return self._reads.size(log_id)
        found = self._reads.opened(log_id)
        size, after = len(found.opened.state) if found else 0, START
        while page := self.stored_entries(log_id, after, _PAGE):
            size += sum(len(one.state or b"") for one in page)
            after = page[-1].horizon
        return size

    def order_of(self, log_id: UUID, event_id: str) -> int | None:
        """See `Reads.order_of`."""
        order = self._reads.order_of(log_id, event_id)
        return order if order is None or self._is_known(log_id, order) else None

    def orders_with_hash(self, log_id: UUID, tx_hash: str) -> list[int]:
        """See `Reads.orders_with_hash`."""
        found = self._reads.orders_with_hash(log_id, tx_hash)
        if log_id != self._log_id:
            return found
        return [
            order
            for order in found
            if type(order) is not int
            or (order <= self._horizon.order and self._had_hash(order, tx_hash))
        ]

    def late_details(self, log_id: UUID) -> list[tuple[int, int]]:
        """See `Reads.late_details`."""
        found = self._reads.late_details(log_id)
        return [(parent, order) for parent, order in found if self._is_known(log_id, order)]

    def corrections(self, log_id: UUID) -> list[tuple[int, int]]:
        """See `Reads.corrections`."""
        found = self._reads.corrections(log_id)
        return [(wrong, right) for wrong, right in found if self._is_known(log_id, right)]

    def entries(self, log_id: UUID, after: Horizon, limit: int) -> list[LogEntry]:
        """See `Reads.entries`."""
        try:
            found = self._reads.entries(log_id, after, limit)
        except StoreError:
            if log_id != self._log_id:
                raise
            # What is no record may have come later: it is none of what was known then.
            known = _entries_of(self.stored_entries(log_id, after, limit))
            if known is None:
                raise
            return known
        return [one for one in found if self._is_entry_known(log_id, one)]

    def stored_entries(self, log_id: UUID, after: Horizon, limit: int) -> list[StoredEntry]:
        """See `Reads.stored_entries`."""
        found = self._reads.stored_entries(log_id, after, limit)
        return [one for one in found if self._is_entry_known(log_id, one)]

    def plain_events(
        self, log_id: UUID, after: Horizon, limit: int, take: Callable[[Iterable[PlainEvent]], T]
    ) -> T:
        """See `Reads.plain_events`."""
        if log_id == self._log_id:
            limit = min(limit, self._horizon.order - after.order)
        return self._reads.plain_events(log_id, after, max(0, limit), take)

    def stored(self, log_id: UUID, horizon: Horizon) -> Stored:
        """See `Reads.stored`."""
        return self._reads.stored(log_id, horizon)

    def writers(self, log_id: UUID) -> dict[int, tuple[bytes, int | None]]:
        """See `Reads.writers`: those who had committed by then, and of them who had closed."""
        found = self._reads.writers(log_id)
        if log_id != self._log_id or self._reads.end(log_id).horizon == self._horizon:
            return found
        known = self._writers_of_entries(len(found))
        until = self.end(log_id).committed_at or 0
        return {
            number: (introduction, ended_at if ended_at is None or ended_at <= until else None)
            for number, (introduction, ended_at) in found.items()
            if number in known
        }

    def horizon_at(self, log_id: UUID, committed_at: int) -> Horizon | None:
        """See `Reads.horizon_at`."""
        found = self._reads.horizon_at(log_id, committed_at)
        if log_id == self._log_id and found is not None and found.is_beyond(self._horizon):
            return self._horizon
        return found

    def _is_known(self, log_id: UUID, order: int) -> bool:
        """Whether it was there by then; what is no order is damage, whenever it came."""
        return log_id != self._log_id or type(order) is not int or order <= self._horizon.order

    def _is_entry_known(self, log_id: UUID, entry: LogEntry | StoredEntry) -> bool:
        if isinstance(entry, TransitionEntry) or (
            isinstance(entry, StoredEntry) and entry.number is not None
        ):
            return log_id != self._log_id or (entry.number or 0) <= self._horizon.transition
        return self._is_known(log_id, entry.order)

    def _had_hash(self, order: int, tx_hash: str) -> bool:
        """Whether the event was logged with the hash, or had been given it by then."""
        one = lifecycle_id(self._log_id, order)
        transitions = self.transitions(self._log_id, [one]).get(one, ())
        logged = self.events(self._log_id, order, order, 1)
        states = [*(state for _, state in logged), *(one.state for one in transitions)]
        return not logged or any(_may_set(state, tx_hash) for state in states)

    def _writers_of_entries(self, at_most: int) -> set[int | None]:
        known = {self._reads.stored(self._log_id, START).writer}
        after = START
        while len(known - {None}) < at_most:
            page = self.stored_entries(self._log_id, after, _PAGE)
            if not page:
                break
            known.update(one.writer for one in page)
            after = page[-1].horizon
        return known


def _may_set(state: Any, tx_hash: str) -> bool:
    """Whether the record sets the hash; of bytes that are no record, whoever reads them says so."""
    try:
        return bool(decode(state, str).get("tx_hash") == tx_hash)
    except NO_RECORD:
        return True


def _entries_of(stored: Sequence[StoredEntry]) -> list[LogEntry] | None:
    """What followers are handed of these entries; None where one is no record."""
    try:
        return [followed_entry(one) for one in stored]
    except NO_RECORD:
        return None
