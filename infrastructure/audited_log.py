"""A log as the rules of an audit see it: read through the store's port, a page at a time."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from domain.audit_log import AuditLog
from domain.bundle import check_parent, wrapper_of
from domain.errors import CorruptLogError
from domain.horizon import START, Horizon
from domain.lifecycle import lifecycle_id
from domain.repeated import Decoding
from domain.values import decode
from infrastructure.audited_entries import followed
from infrastructure.reading import NO_RECORD, LogReading
from infrastructure.store import LogStore
from infrastructure.stored import StoredEntry, StoredTransition
from infrastructure.stores import spilling_keys
from projections.audit.rule import (
    AuditedEvent,
    AuditedTransition,
    AuditedWriter,
    AuditOptions,
    Keys,
)
from projections.audit.spans import Spans
from projections.current_state import current
from projections.entries import LogEntry
from projections.event_dicts import Record
from projections.status_board import Kind, OpenEvent

PAGE = 500
_PAGE_BYTES, _CACHE_BYTES = 4 * 2**20, 8 * 2**20
_TOPIC = AuditLog.EventLogged.TOPIC
_DECODE = partial(decode, as_time=str)

Logged = dict[int, tuple[Record | None, int]]
"""Records by order, each with the size of its stored state."""


class StoredLog:
    """`projections.audit.rule.AuditedLog` of a store, as it was known at `end` (None: now)."""

    def __init__(
        self,
        store: LogStore,
        log: AuditLog,
        options: AuditOptions = AuditOptions(),  # noqa: B008 - frozen
        end: Horizon | None = None,
    ) -> None:
        self._store = store
        self._reading = LogReading(store, log)
        self.name = log.name
        self.log_id = log.id
        self.mode = log.mode
        self.options = options
        self._board = store.board.read(log.id) if log.mode == "live" else None
        # After the board, which then is not ahead of it.
        self.end = store.reads.end(log.id).horizon if end is None else end
        if self._board is not None and self._board.horizon.is_beyond(self.end):
            self._board = None
        self._decode = Decoding(str)
        self._spans = Spans()
        self._snapshot: object = None
        self._page: Logged = {}
        self._recent: OrderedDict[int, tuple[Record, int]] = OrderedDict()
        self._recent_bytes = 0
        self.unreadable: int | None = None

    def walk(self) -> Iterator[tuple[AuditedEvent | None, LogEntry | None]]:
        """See `projections.audit.running.Walked`."""
        after, limit = START, PAGE
        while page := self._store.reads.stored_entries(self.log_id, after, limit):
            within = [one for one in page if not self._is_beyond(one)]
            if not within:
                return
            yield from self._walked(within)
            after = _last_seen(after, page)
            size = sum(len(one.state or b"") for one in page)
            limit = max(1, min(PAGE, _PAGE_BYTES * len(page) // (size + 1)))

    def _is_beyond(self, entry: StoredEntry) -> bool:
        if entry.number is None:
            return entry.order > self.end.order
        return entry.number > self.end.transition

    def _walked(
        self, page: Sequence[StoredEntry]
    ) -> Iterator[tuple[AuditedEvent | None, LogEntry | None]]:
        self._page = {
            one.order: (self._record(one.state), len(one.state or b""))
            for one in page
            if one.number is None and one.topic == _TOPIC
        }
        transitions: Mapping[int, Sequence[StoredTransition]] = {}
        wrappers: dict[int, int] = {}
        if self._page and (self.mode == "live" or self.end.transition):
            wrappers, transitions = self._transitions()
        is_live = self.mode == "live"
        for one in page:
            if one.number is None:
                if one.order not in self._page or one.topic != _TOPIC:
                    continue
                record, _ = self._page[one.order]
                own = transitions.get(one.order, ())
                yield (
                    AuditedEvent(
                        one.order,
                        record,
                        tuple(_audited(stored) for stored in own) if own else (),
                        self._now(one.order, record, wrappers, transitions),
                        self._spans.root(one.order, record),
                        not is_live and self._is_alike(record),
                    ),
                    self._followed(one, record),
                )
            elif one.state is not None:
                yield None, self._followed(one, _record(one.state))

    def _transitions(self) -> tuple[dict[int, int], Mapping[int, Sequence[StoredTransition]]]:
        """Of a live page, the wrapper of each event, and all transitions of both.

        An event whose wrapper cannot be told has none; the structural rules say why.
        """
        wrappers: dict[int, int] = {}
        if self.mode == "live":
            for order, (record, _) in self._page.items():
                if record is not None:
                    with suppress(CorruptLogError, *NO_RECORD):
                        wrappers[order] = wrapper_of(order, record, self.record)
        ids = {
            lifecycle_id(self.log_id, order): order for order in {*self._page, *wrappers.values()}
        }
        found = self._store.reads.transitions(self.log_id, list(ids))
        return wrappers, {
            ids[one]: [each for each in stored if (each.number or 0) <= self.end.transition]
            for one, stored in found.items()
        }

    def _now(
        self,
        order: int,
        record: Record | None,
        wrappers: Mapping[int, int],
        transitions: Mapping[int, Sequence[StoredTransition]],
    ) -> Record | None:
        """The record as it reads now; None where that cannot be told."""
        if record is None or not _says_what(record):
            return None
        if self.mode != "live":
            return record
        wrapper = wrappers.get(order)
        if wrapper is None:
            return None
        try:
            changes = [
                self._reading.transition(wrapper, place, stored, str)
                for place, stored in enumerate(transitions.get(wrapper, ()))
            ]
            return current(record, changes, is_detail=wrapper != order)
        except (CorruptLogError, *NO_RECORD):
            return None

    def _followed(self, one: StoredEntry, record: Record | None) -> LogEntry | None:
        """The entry as followers have it; None from one on that is no record."""
        if self.unreadable is not None:
            return None
        try:
            return followed(one, record)
        except NO_RECORD:
            self.unreadable = one.order
            return None

    def _is_alike(self, record: Record | None) -> bool:
        """Whether its snapshot is that of the event before; live, updates may bring another."""
        last, self._snapshot = self._snapshot, record and record.get("position_snapshot")
        return last is self._snapshot

    def _record(self, state: object) -> Record | None:
        return _record(state, self._decode)

    def record(self, order: int) -> Record:
        """See `AuditedLog.record`."""
        here, _ = self._page.get(order, (None, 0))
        if here is not None and _is_sound(order, here):
            return here
        known = self._recent.get(order)
        if known is not None:
            self._recent.move_to_end(order)
            return known[0]
        ((_, state),) = self._reading.rows(order, order)
        ((_, record),) = self._reading.decoded([(order, state)], str)
        self._recent[order] = record, len(state)
        self._recent_bytes += len(state)
        while self._recent_bytes > _CACHE_BYTES and len(self._recent) > 1:
            _, (_, size) = self._recent.popitem(last=False)
            self._recent_bytes -= size
        return record

    def members(self, order: int) -> Sequence[tuple[int, Record]]:
        """See `AuditedLog.members`."""
        return self._reading.bundle_records(order)

    def keys(self) -> Keys:
        """See `AuditedLog.keys`."""
        return spilling_keys()

    def order_of(self, event_id: str) -> int | None:
        """See `AuditedLog.order_of`."""
        return self._store.reads.order_of(self.log_id, event_id)

    def orders_with_hash(self, tx_hash: str) -> Sequence[int]:
        """See `AuditedLog.orders_with_hash`."""
        return self._store.reads.orders_with_hash(self.log_id, tx_hash)

    def writers(self) -> Sequence[AuditedWriter]:
        """See `AuditedLog.writers`."""
        found = self._store.reads.writers(self.log_id)
        return [
            AuditedWriter(_record(introduction) or {}, ended_at)
            for _, (introduction, ended_at) in sorted(found.items())
        ]

    def late_details(self) -> Sequence[tuple[int, int]]:
        """See `AuditedLog.late_details`."""
        found = self._store.reads.late_details(self.log_id)
        return self._by_then(found)

    def corrections(self) -> Sequence[tuple[int, int]]:
        """See `AuditedLog.corrections`."""
        found = self._store.reads.corrections(self.log_id)
        return self._by_then(found)

    def _by_then(self, found: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """The rows of an index as of the end; one that names no orders is none, which shows."""
        orders = [one for one in found if all(type(order) is int for order in one)]
        return [one for one in orders if one[1] <= self.end.order]

    def board(self) -> tuple[Horizon, Counter[Kind], dict[int, OpenEvent]] | None:
        """See `AuditedLog.board`."""
        board = self._board
        return None if board is None else (board.horizon, board.counts, board.open)


def _last_seen(after: Horizon, page: Sequence[StoredEntry]) -> Horizon:
    """Where the next page begins: by the entries' own orders and numbers, gaps or not."""
    order, transition = after
    for entry in page:
        if entry.number is None:
            order = entry.order
        else:
            transition = entry.number
    return Horizon(order, transition)


def _audited(stored: StoredTransition) -> AuditedTransition:
    return AuditedTransition(
        stored.number, _record(stored.state), stored.committed_at is None, stored.after
    )


def _says_what(record: Record) -> bool:
    """Whether its type and its status are texts, if anything: rules look them up."""
    event_type, status = record.get("event_type"), record.get("status")
    is_text = event_type is None or isinstance(event_type, str)
    return is_text and (status is None or isinstance(status, str))


def _is_sound(order: int, record: Record) -> bool:
    """Whether reading takes it for an event."""
    try:
        record["timestamp"], record["event_type"], record["venue"]
        check_parent(order, record)
    except NO_RECORD:
        return False
    return True


def _record(state: object, decoding: Callable[[Any], Record] = _DECODE) -> Record | None:
    try:
        record = decoding(state)
    except NO_RECORD:
        return None
    return record if isinstance(record, dict) else None
