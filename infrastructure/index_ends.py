"""Whether a log's indexes lead to what was logged first and last.

A look at both ends of a log finds indexes that were emptied, lost or belong to another state of the
store, in constant time; an audit compares them whole.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from domain.audit_log import AuditLog
from domain.errors import CorruptLogError, EventLoggerError, StoreError
from domain.horizon import START, Horizon
from domain.values import decode
from infrastructure.reading import NO_RECORD
from infrastructure.store import LogStore
from infrastructure.stored import StoredEntry
from projections.event_dicts import Record
from projections.indexed import INDEXES, Indexed, IndexRow

_log = logging.getLogger("event_logger")

_LOOKED_AT = 50
"""Entries at either end of a log."""

_NEEDLES = (b'"event_id"', b'"tx_hash"', b'"parent_event"', b'"event_type":"CORRECTION"')


def mend_indexes(store: LogStore, log: AuditLog) -> None:
    """Make the log's indexes anew if they do not lead to its ends, for one that writes to it.

    Those of a log that is damaged itself stay as they are: they may say what it was. Raises
    `StoreError`.
    """
    if unindexed(store, log) is None:
        return
    from infrastructure.rebuilding import IndexRows

    try:
        store.indexes.rebuild(log.id, lambda: IndexRows(log).of)
    except CorruptLogError:
        return
    _log.warning("log %r: its indexes did not lead to its events, and were made anew", log.name)


class SeenIndexes:
    """The indexes of a log that is read, looked at before one of them is relied on."""

    def __init__(self, store: LogStore, log: AuditLog) -> None:
        self._store = store
        self._log = log
        self._seen: set[str] = set()

    def require(self, *names: str) -> None:
        """Raises `CorruptLogError` where a look-up would miss what one of these indexes lacks."""
        if self._seen.issuperset(names):
            return
        row = unindexed(self._store, self._log, names)
        if row is not None:
            raise CorruptLogError(
                self._log.name,
                row.order,
                f"the index {row.name} does not lead to it; event-logger rebuild makes it anew",
            )
        self._seen.update(names)


def unindexed(store: LogStore, log: AuditLog, names: Sequence[str] = INDEXES) -> IndexRow | None:
    """The first row that one of these indexes lacks, of what stands at the log's ends; or None."""
    reads = store.reads
    end = reads.end(log.id).horizon
    near = Horizon(max(0, end.order - _LOOKED_AT), max(0, end.transition - _LOOKED_AT))
    for after in dict.fromkeys((START, near)):
        entries = reads.stored_entries(log.id, after, 2 * _LOOKED_AT)
        orders = [one.order for one in entries if one.number is None]
        if orders != list(range(after.order + 1, after.order + 1 + len(orders))):
            # Whoever reads them says so.
            return None
        for row in _rows(store, log, entries):
            if row.name in names and not _leads_to(store, log, row):
                return row
    return None


def _rows(store: LogStore, log: AuditLog, entries: list[StoredEntry]) -> Iterator[IndexRow]:
    for entry in entries:
        state = entry.state
        if not isinstance(state, bytes) or not any(needle in state for needle in _NEEDLES):
            continue
        record, indexed = _record(state), Indexed()
        try:
            rows = list(
                indexed.of_event(entry.order, record)
                if entry.number is None
                else indexed.of_transition(entry.order, record)
            )
        except NO_RECORD:
            continue
        for row in rows:
            if row.name != "late_details" or not _is_inside(store, log, row):
                yield row


def _record(state: bytes | None) -> Record:
    try:
        record: Record = decode(state or b"", str)
    except NO_RECORD:
        return {}
    return record if isinstance(record, dict) else {}


def _is_inside(store: LogStore, log: AuditLog, row: IndexRow) -> bool:
    """Whether the parent's own bundle has the detail; so too where there is no such parent."""
    parent = row.key
    if type(parent) is not int or not 0 < parent < row.order:
        return True
    rows = store.reads.events(log.id, parent, parent, 1)
    return not rows or row.order in (_record(rows[0][1]).get("detail_orders") or ())


def _leads_to(store: LogStore, log: AuditLog, row: IndexRow) -> bool:
    reads, (name, key, order) = store.reads, row
    try:
        if name == "event_ids":
            return reads.order_of(log.id, str(key)) == order
        if name == "transaction_hashes":
            return order in reads.orders_with_hash(log.id, str(key))
        pairs = reads.late_details if name == "late_details" else reads.corrections
        return (key, order) in pairs(log.id)
    except (StoreError, ValueError, TypeError) as error:
        if isinstance(error, EventLoggerError):
            raise
        return False
