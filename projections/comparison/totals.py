"""How many events of each type and token two runs have, and what their amounts add up to."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from domain.event_values import EXACT, decimal_of
from projections.event_dicts import Record

_ZERO = Decimal(0)
Kind = tuple[str, str | None]


class Totals:
    """Exact totals of one run; a float counts as the number that its digits say."""

    def __init__(self) -> None:
        self._of: dict[Kind, tuple[int, Decimal]] = {}

    def add(self, record: Record) -> None:
        """Add one event."""
        kind = record["event_type"], record.get("token")
        count, amounts = self._of.get(kind) or (0, _ZERO)
        amount = decimal_of(record.get("amount"))
        self._of[kind] = count + 1, amounts if amount is None else EXACT.add(amounts, amount)

    def beside(self, other: Totals) -> list[dict[str, Any]]:
        """By type and token the counts and amounts of both, and what the other has more."""
        kinds = sorted(
            self._of.keys() | other._of.keys(), key=lambda kind: (kind[0], kind[1] or "")
        )
        return [
            {
                "event_type": event_type,
                "token": token,
                "events_a": one[0],
                "events_b": two[0],
                "amount_a": one[1],
                "amount_b": two[1],
                "difference": EXACT.subtract(two[1], one[1]),
            }
            for event_type, token in kinds
            for one in [self._of.get((event_type, token), (0, _ZERO))]
            for two in [other._of.get((event_type, token), (0, _ZERO))]
        ]
