"""How many events of each type and token two runs have, and what their amounts add up to."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from domain.event_values import EXACT
from projections.comparison.sums import NUMBERS, Sum
from projections.event_dicts import Record

Kind = tuple[str, str | None]


class Totals:
    """Exact totals of one run; a float counts as the number that its digits say."""

    def __init__(self) -> None:
        self._counts: dict[Kind, int] = {}
        self._amounts: dict[Kind, Sum] = {}

    def add(self, record: Record) -> None:
        """Add one event."""
        kind = record["event_type"], record.get("token")
        amounts = self._amounts.get(kind)
        if amounts is None:
            amounts = self._amounts[kind] = Sum()
            self._counts[kind] = 0
        self._counts[kind] += 1
        amount: Any = record.get("amount")
        if type(amount) in NUMBERS:
            amounts.add(amount)

    def beside(self, other: Totals) -> list[dict[str, Any]]:
        """By type and token the counts and amounts of both, and what the other has more."""
        kinds = self._counts.keys() | other._counts.keys()
        rows = []
        for kind in sorted(kinds, key=lambda kind: (kind[0], kind[1] or "")):
            one, two = self._of(kind), other._of(kind)
            rows.append(
                {
                    "event_type": kind[0],
                    "token": kind[1],
                    "events_a": one[0],
                    "events_b": two[0],
                    "amount_a": one[1],
                    "amount_b": two[1],
                    "difference": EXACT.subtract(two[1], one[1]),
                }
            )
        return rows

    def _of(self, kind: Kind) -> tuple[int, Decimal]:
        amounts = self._amounts.get(kind)
        return self._counts.get(kind, 0), Decimal(0) if amounts is None else amounts.value
