"""What follows from the events, and is kept so that it is found quickly, says what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from domain.corrections import CORRECTION, corrected_by
from domain.errors import EventLoggerError
from domain.horizon import START
from projections.audit.rule import NOTHING, AuditedEvent, AuditedLog, Finding, Rule
from projections.entries import LogEntry
from projections.event_dicts import Record
from projections.status_board import LiveStatus

_INDEXED = frozenset(("event_id", "tx_hash", "parent_event"))


class Derived(Rule):
    """The indexes and the status board are what the events give."""

    NAME = "derived"
    IS_OF_ENTRIES = False
    ENTRIES_IN = frozenset(("live",))
    CHECKS = (
        "the indexes of ids, hashes, late details and corrections, and the status board, follow the"
        " events"
    )
    WHY = "a look-up or a board that leads elsewhere hides events that are there"

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._late: set[tuple[int, int]] = set()
        self._corrections: set[tuple[int, int]] = set()
        kept = log.board()
        self._is_kept = kept is not None
        self._upto, self._counts, self._open = kept or (START, Counter(), {})
        self._board = LiveStatus()
        self._is_foldable = True

    def event(self, event: AuditedEvent) -> Iterable[Finding]:
        """The indexes lead to it."""
        self.looked_at += 1
        record = event.record or {}
        is_indexed = event.transitions or record.get("event_type") == CORRECTION
        if is_indexed or not _INDEXED.isdisjoint(record):
            return self._indexed(event, record)
        return NOTHING

    def _indexed(self, event: AuditedEvent, record: Record) -> Iterator[Finding]:
        order = event.order
        event_id = record.get("event_id")
        if isinstance(event_id, str):
            found = self.log.order_of(event_id)
            if found != order:
                message = f"the index of event_ids does not lead to order {order}"
                yield self.error([order], message, expected=order, found=found)
        for tx_hash in _hashes(event):
            if order not in (orders := self.log.orders_with_hash(tx_hash)):
                message = f"the index of transaction hashes does not lead to order {order}"
                yield self.error([order], message, expected=tx_hash, found=list(orders))
        parent = record.get("parent_event")
        if type(parent) is int and 0 < parent < order and self._is_late(order, parent):
            self._late.add((parent, order))
        corrected = corrected_by(record)
        if corrected is not None:
            self._corrections.add((corrected, order))

    def entry(self, entry: LogEntry) -> Iterable[Finding]:
        """Folded into a board, as far as the one that is kept goes."""
        if entry.position > self._upto.position or not self._is_foldable:
            return NOTHING
        try:
            self._board.follow([entry], self.log.members)
        except (EventLoggerError, KeyError, TypeError, ValueError):
            # Other rules say what is wrong there.
            self._is_foldable = False
        return NOTHING

    def end(self) -> Iterator[Finding]:
        """The indexes of late details and of corrections, and the board, as wholes."""
        yield from self._held("late details", self.log.late_details(), self._late)
        yield from self._held("corrections", self.log.corrections(), self._corrections)
        if self._is_kept and self._is_foldable:
            yield from self._compared()

    def _held(
        self, what: str, held: Sequence[tuple[int, int]], due: set[tuple[int, int]]
    ) -> Iterator[Finding]:
        """What an index of pairs, an earlier order and the one that names it, has or lacks."""
        kept = set(held)
        for earlier, order in sorted(kept ^ due):
            is_there = (earlier, order) in kept
            yield self.error(
                [order],
                f"the index of {what} {'has' if is_there else 'lacks'} order {order}",
                expected=None if is_there else earlier,
                found=earlier if is_there else None,
            )

    def _compared(self) -> Iterator[Finding]:
        """The board as a whole, as one finding however much of it differs."""
        counts = {kind: count for kind, count in self._board.counts.items() if count}
        kept = {kind: count for kind, count in self._counts.items() if count}
        waiting = {order: one for order, one in self._board.open.items() if one is not None}
        orders = [
            order
            for order in sorted(waiting.keys() | self._open.keys())
            if waiting.get(order) != self._open.get(order)
        ]
        if orders or counts != kept:
            yield self.error(
                orders[:1000],
                f"the status board, folded up to {self._upto}, is not what the events give",
                [*sorted(counts.items() - kept.items()), *map(waiting.get, orders[:10])],
                [*sorted(kept.items() - counts.items()), *map(self._open.get, orders[:10])],
            )

    def _is_late(self, order: int, parent: int) -> bool:
        try:
            details: Record = self.log.record(parent)
        except EventLoggerError:
            return False
        return order not in (details.get("detail_orders") or ())


def _hashes(event: AuditedEvent) -> set[str]:
    given = [(event.record or {}).get("tx_hash")]
    given += [((one.record or {}).get("changes") or {}).get("tx_hash") for one in event.transitions]
    return {tx_hash for tx_hash in given if isinstance(tx_hash, str)}
