"""Balances: each snapshot is the one before plus what the events between them moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from domain.effects import UNDONE, movements
from projections.audit.arithmetic import is_told
from projections.audit.books import Books, Off
from projections.audit.gaps import Gaps
from projections.audit.happened import Happening, Happenings, is_open
from projections.audit.rule import NOTHING, AuditedEvent, AuditedLog, Finding, Rule
from projections.audit.swapped import Wrong, lacks
from projections.audit.untold import names_of
from projections.event_dicts import Record


class Snapshots(Rule):
    """What snapshots show is what the events between them give, per account and asset.

    A wrapper's snapshot is the state after its whole bundle. Live, a balance is judged once nothing
    that moves it is open any more; in the order of commit.
    """

    NAME = "balances"
    VERSION = 2
    CHECKS = "each snapshot is the one before plus what the events between moved"
    WHY = "money that no event moved, and an event that moved none, show nowhere else"
    TOLERANCE = (
        "exact; 1e-12 of what was held and moved where that is in floats; a unit of the token's"
        " last place for each amount that follows from others alone (a quote of amount × price, a"
        " profit of entry and exit); aTokens two units of the last place"
    )

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._books = Books(log.options)
        self._wrappers: list[tuple[int, frozenset[int], Mapping[str, Any] | None]] = []
        self._in_flight: Counter[str] = Counter()
        self._happenings = Happenings()
        self._gaps = Gaps()
        self._is_live = log.mode == "live"
        self._wrong: Wrong | None = None

    def event(self, event: AuditedEvent) -> Iterable[Finding]:
        """See `Rule.event`."""
        record = event.record
        if self._is_live or self._wrappers or (record is not None and "detail_orders" in record):
            return self._within(event) if self._wrong is None else self._said_and(event)
        if not is_told(record):
            return NOTHING
        self._books.book(record)
        snapshot = record.get("position_snapshot")
        if snapshot is None:
            return NOTHING if self._wrong is None else self._said()
        if self._books.is_as_before(event.order, snapshot):
            self.looked_at += 1
            return NOTHING if self._wrong is None else self._said()
        return self._held_back(event.order, record, snapshot)

    def _said_and(self, event: AuditedEvent) -> Iterator[Finding]:
        yield from self._said()
        yield from self._within(event)

    def _said(self) -> Sequence[Finding]:
        """What was held back, if anything was."""
        wrong, self._wrong = self._wrong, None
        return NOTHING if wrong is None else (wrong.finding,)

    def _held_back(
        self, order: int, record: Mapping[str, Any], snapshot: object
    ) -> Sequence[Finding]:
        """What is wrong is said with the next event, lest that one stand in this one's place."""
        off, former = self._off(order, snapshot), self._wrong
        lacking = None if former is None else lacks(former, record, off)
        if former is not None and lacking is not None:
            self._wrong = None
            self._books.suppose(lacking)
            message = f"{former.finding.message}; it stands in the place of order {order}"
            orders = (*former.finding.orders, order)
            return (replace(former.finding, orders=orders, message=message),)
        said = self._said()
        if off:
            self._wrong = Wrong(record, off, self._of_snapshot(order, off))
        return said

    def _within(self, event: AuditedEvent) -> Iterator[Finding]:
        """An event of a live log, or of a bundle, or one that begins or ends a bundle."""
        order, record = event.order, event.record
        yield from self._ended(order)
        if not is_told(record):
            return
        is_detail = bool(self._wrappers)
        details, snapshot = record.get("detail_orders"), record.get("position_snapshot")
        if self._is_live:
            for one in self._happenings.of(event, dict(record), is_detail=is_detail):
                yield from self._happened(one, order)
        else:
            self._books.book(record)
        if isinstance(details, list) and details:
            self._wrappers.append((order, frozenset(details), snapshot))
        else:
            yield from self._compared(order, snapshot)

    def end(self) -> Iterator[Finding]:
        """See `Rule.end`."""
        yield from self._said()
        yield from self._ended(None)
        for one in self._happenings.upto(None):
            yield from self._happened(one, None)
        for name in sorted(self._in_flight):
            self.could_not((), f"{name} is moved by what is still open")
        self._gaps.tell(self)

    def _ended(self, order: int | None) -> Iterator[Finding]:
        """Compare the wrappers whose bundle ends before this order."""
        while self._wrappers and order not in self._wrappers[-1][1]:
            wrapper, _, snapshot = self._wrappers.pop()
            yield from self._compared(wrapper, snapshot)

    def _happened(self, one: Happening, logged: int | None) -> Iterator[Finding]:
        before, now = one.before, one.now
        names = names_of(now)
        if before is not None and is_open(before):
            self._in_flight.subtract(names)
            self._in_flight += Counter()
        elif before is not None and _has_moved(before) and movements(before) != movements(now):
            self._books.take_back(before)
            before = None
        if is_open(now):
            self._in_flight.update(names)
        elif before is None or is_open(before) or not _has_moved(before):
            self._books.book(now)
        if one.order != logged:
            yield from self._compared(one.order, one.snapshot)

    def _compared(self, order: int, snapshot: object) -> Iterator[Finding]:
        off = self._off(order, snapshot)
        if off:
            yield self._of_snapshot(order, off)

    def _off(self, order: int, snapshot: object) -> list[Off]:
        off: list[Off] = []
        if not isinstance(snapshot, Mapping):
            return off
        self.looked_at += 1
        for one in self._books.compare(order, snapshot, self._in_flight):
            if isinstance(one, Off):
                off.append(one)
            else:
                self._gaps.note(order, one)
        return off

    def _of_snapshot(self, order: int, off: list[Off]) -> Finding:
        """All that differs in a snapshot has one cause, and is one finding."""
        first = off[0]
        good = min((one.last_good for one in off if one.last_good is not None), default=None)
        since = "" if good is None else f" since order {good}"
        others = f", nor {len(off) - 1} other balances" if len(off) > 1 else ""
        return self.error(
            [order],
            f"order {order} shows {first.found} in {first.name}, where the events{since} give"
            f" {first.expected}{others}",
            first.expected if not others else {one.name: one.expected for one in off},
            first.found if not others else {one.name: one.found for one in off},
            field=", ".join(one.name for one in off),
            tolerance=first.tolerance,
            last_good=good,
        )


def _has_moved(record: Record) -> bool:
    """Whether an event of this status moved something."""
    return record.get("status") not in UNDONE and bool(movements(record))
