"""The figures behind `get_summary_stats`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, Self

from projections.event_dicts import Record
from projections.exact_sum import ExactSum


class Summary:
    """Counts and exact sums over the events folded in so far."""

    def __init__(self) -> None:
        self.event_types: Counter[str] = Counter()
        self.venues: Counter[str] = Counter()
        self.total_amount = ExactSum()
        self.amount_by_token: defaultdict[str, ExactSum] = defaultdict(ExactSum)
        self.first_order: int | None = None
        self.last_order: int | None = None

    def fold(self, events: Iterable[tuple[int, Record]]) -> Self:
        """Fold in further events, in rising order."""
        for order, record in events:
            if self.first_order is None:
                self.first_order = order
            self.last_order = order
            self.event_types[record["event_type"]] += 1
            self.venues[record["venue"]] += 1
            amount = record.get("amount")
            if amount is not None:
                self.total_amount.add(amount)
                token = record.get("token")
                if token is not None:
                    self.amount_by_token[token].add(amount)
        return self

    def as_dict(self) -> dict[str, Any]:
        """The figures under the names that `get_summary_stats` promises."""
        return {
            "total_events": self.event_types.total(),
            "event_types": dict(self.event_types),
            "venues": dict(self.venues),
            "total_amount": self.total_amount.value,
            "amount_by_token": {
                token: amount.value for token, amount in self.amount_by_token.items()
            },
            "first_event_order": self.first_order,
            "last_event_order": self.last_order,
        }
