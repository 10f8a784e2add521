"""An audit of one log: every rule sees it once, read through the store's port, a page at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from domain.audit_log import AuditLog
from domain.errors import CorruptLogError, StoreError
from domain.horizon import START, Horizon
from domain.lifecycle import lifecycle_id
from domain.values import decode
from infrastructure.reading import NO_RECORD, LogReading
from infrastructure.store import LogStore
from projections.audit import RULES, Finding, Rule
from projections.audit.rule import AuditedEvent, AuditedTransition, AuditOptions, Keys
from projections.entries import LogEntry, TransitionEntry
from projections.event_dicts import Record
from projections.status_board import Kind, OpenEvent

PAGE = 500
DEFAULTS = AuditOptions()


def audited(
    store: LogStore,
    log: AuditLog,
    rules: Sequence[type[Rule]] = RULES,
    options: AuditOptions = DEFAULTS,
) -> Iterator[Finding]:
    """What is wrong with the log as it is committed now, rule by rule as the log is read.

    What is committed meanwhile may be seen or not; an audit of a log that is written to is one of
    its end as it was at the beginning. Raises `StoreError` where the store cannot be read at all.
    """
    seen = StoredLog(store, log, options)
    at_work = [rule(seen) for rule in rules]
    for event in seen.events():
        for rule in at_work:
            yield from rule.event(event)
    for entry in seen.entries():
        for rule in at_work:
            yield from rule.entry(entry)
    for rule in at_work:
        yield from rule.end()


class StoredLog:
    """`projections.audit.rule.AuditedLog` of a store."""

    def __init__(self, store: LogStore, log: AuditLog, options: AuditOptions = DEFAULTS) -> None:
        self._store = store
        self._reading = LogReading(store, log)
        self.name = log.name
        self.log_id = log.id
        self.mode = log.mode
        self.options = options
        self._board = store.board.read(log.id) if log.mode == "live" else None
        # After the board, which then is not ahead of it.
        self.end = store.reads.end(log.id).horizon
        self.record = lru_cache(10_000)(self._reading.record)

    def events(self) -> Iterator[AuditedEvent]:
        """Every event that is there up to the end, by order."""
        for first in range(1, self.end.order + 1, PAGE):
            last = min(self.end.order, first + PAGE - 1)
            rows = self._store.reads.events(self.log_id, first, last, PAGE)
            ids = {lifecycle_id(self.log_id, order): order for order, _ in rows}
            found = self._store.reads.transitions(self.log_id, list(ids))
            transitions = {
                ids[one]: [
                    AuditedTransition(t.number, _record(t.state), t.committed_at is None, t.after)
                    for t in stored
                ]
                for one, stored in found.items()
            }
            for order, state in rows:
                record = _record(state)
                yield AuditedEvent(
                    order,
                    record,
                    self._until(transitions.get(order, ())),
                    self._as_it_reads_now(order, record),
                )

    def _as_it_reads_now(self, order: int, record: Record | None) -> Record | None:
        if record is None or self.mode != "live":
            return record
        try:
            ((_, now),) = self._reading.current(iter([(order, record)]), str, self.end.transition)
        except CorruptLogError:
            return None
        return now

    def keys(self) -> Keys:
        """See `AuditedLog.keys`."""
        return KeysInMemory()

    def entries(self) -> Iterator[LogEntry]:
        """Every entry up to the end, or to where the store cannot read them."""
        after = START
        while after != self.end:
            try:
                entries = self._store.reads.entries(self.log_id, after, PAGE)
            except StoreError:
                # Of bytes that are no record; the rule `schema` says which they are.
                return
            if not entries:
                return
            for entry in entries:
                if entry.position > self.end.position:
                    return
                yield entry
            after = Horizon(*_last_seen(after, entries))

    def _until(self, transitions: Iterable[AuditedTransition]) -> Sequence[AuditedTransition]:
        return [one for one in transitions if (one.number or 0) <= self.end.transition]

    def members(self, order: int) -> Sequence[tuple[int, Record]]:
        """See `AuditedLog.members`."""
        return self._reading.bundle_records(order)

    def order_of(self, event_id: str) -> int | None:
        """See `AuditedLog.order_of`."""
        return self._store.reads.order_of(self.log_id, event_id)

    def orders_with_hash(self, tx_hash: str) -> Sequence[int]:
        """See `AuditedLog.orders_with_hash`."""
        return self._store.reads.orders_with_hash(self.log_id, tx_hash)

    def late_details(self) -> Sequence[tuple[int, int]]:
        """See `AuditedLog.late_details`."""
        found = self._store.reads.late_details(self.log_id)
        return [(parent, order) for parent, order in found if order <= self.end.order]

    def board(self) -> tuple[Horizon, Counter[Kind], dict[int, OpenEvent]] | None:
        """See `AuditedLog.board`."""
        board = self._board
        return None if board is None else (board.horizon, board.counts, board.open)


class KeysInMemory:
    """`projections.audit.rule.Keys` in a dict."""

    def __init__(self) -> None:
        self._orders: dict[str, int] = {}

    def first(self, key: str, order: int) -> int | None:
        """See `Keys.first`."""
        seen = self._orders.setdefault(key, order)
        return None if seen == order else seen


def _last_seen(after: Horizon, entries: Sequence[LogEntry]) -> tuple[int, int]:
    """Where the next page begins: by the entries' own orders and numbers, gaps or not."""
    order, transition = after
    for entry in entries:
        if isinstance(entry, TransitionEntry):
            transition = entry.number
        else:
            order = entry.order
    return order, transition


def _record(state: object) -> Record | None:
    try:
        record = decode(state, str)  # type: ignore[arg-type]
    except NO_RECORD:
        return None
    return record if isinstance(record, dict) else None
