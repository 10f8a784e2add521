"""Balances from the events alone, beside the last snapshot, and where the two part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Self

from domain.event_values import EXACT
from projections.balances import Balances, as_booked, flat_balances, part_of
from projections.event_dicts import Record

_ZERO = Decimal(0)
_AMOUNTS = ("from_events", "snapshot", "difference")


class BalanceSheet:
    """Folds events, and keeps the last snapshot with what the events gave when it was taken."""

    def __init__(self) -> None:
        self._books = Balances()
        self._wrappers: list[tuple[frozenset[int], Mapping[str, Any] | None]] = []
        self._then: dict[str, Decimal] = {}
        self._shown: Mapping[str, Any] | None = None
        self._shown_at: int | None = None
        self._order = 0

    def fold(self, events: Iterable[tuple[int, Record]]) -> Self:
        """Fold in further events, in rising order; a wrapper's snapshot is of its bundle's end."""
        for order, record in events:
            while self._wrappers and order not in self._wrappers[-1][0]:
                self._take(self._wrappers.pop()[1])
            self._order = order
            self._books.apply(record)
            self._books.misstated.clear()
            snapshot, details = record.get("position_snapshot"), record.get("detail_orders")
            if details:
                self._wrappers.append((frozenset(details), snapshot))
            else:
                self._take(snapshot)
        return self

    def as_dict(self) -> dict[str, Any]:
        """`order`, `snapshot_order`, and `balances`: each account's and asset's, in a fixed order.

        `from_events` is what the events give at `order`, `snapshot` what the last snapshot shows
        (None where it says nothing of it), and `difference` the snapshot less what the events gave
        when it was taken.
        """
        while self._wrappers:
            self._take(self._wrappers.pop()[1])
        held = self._books.balances
        shown = None
        if self._shown is not None:
            shown = as_booked(dict(flat_balances(self._shown)), held)
        rows = (self._row(name, shown or {}) for name in sorted(held.keys() | (shown or {}).keys()))
        return {
            "order": self._order,
            "snapshot_order": self._shown_at,
            "balances": [row for row in rows if any(row[column] for column in _AMOUNTS)],
        }

    def _row(self, name: str, shown: Mapping[str, Decimal]) -> dict[str, Any]:
        account, _, asset = name.rpartition(".")
        then, now = self._then.get(name, _ZERO), self._books.balances.get(name, _ZERO)
        says = self._shown is not None and isinstance(self._shown.get(part_of(name)), Mapping)
        found = shown.get(name, _ZERO) if says else None
        return {
            "account": account,
            "asset": asset,
            "from_events": now,
            "snapshot": found,
            "difference": None if found is None else EXACT.subtract(found, then),
        }

    def _take(self, snapshot: object) -> None:
        if isinstance(snapshot, Mapping):
            self._shown, self._shown_at = snapshot, self._order
            self._then = dict(self._books.balances)
