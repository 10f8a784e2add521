"""Control totals: how many events there are of each type and asset, and their amounts' sum.

What an auditor ties a report to: nothing was left out, and nothing counted twice.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from domain.values import int_text
from projections.event_dicts import Record
from projections.exact_sum import ExactSum, Number

VERSION = 1
"""Grows whenever the same events may give other totals."""


class ControlTotals:
    """Folds events into totals by type and token."""

    def __init__(self) -> None:
        self._events: dict[tuple[str, str | None], int] = {}
        self._sums: dict[tuple[str, str | None], tuple[ExactSum, int]] = {}

    def fold(self, order: int, record: Record) -> None:
        """Fold in the next event."""
        kind = record["event_type"], record.get("token")
        self._events[kind] = self._events.get(kind, 0) + 1
        amount = record.get("amount")
        if amount is not None:
            total, amounts = self._sums.get(kind) or (ExactSum(), 0)
            total.add(amount)
            self._sums[kind] = total, amounts + 1

    def rows(self) -> list[dict[str, Any]]:
        """By type and token: `events`, how many have `amounts`, and the `sum` as text.

        The sum is exact to the last digit of Decimals and ints, and rounded once where a float is
        among them; None where there is no amount.
        """
        return [
            {
                "event_type": event_type,
                "token": token,
                "events": self._events[event_type, token],
                "amounts": self._sums[event_type, token][1] if has_sum else 0,
                "sum": _text(self._sums[event_type, token][0].value) if has_sum else None,
            }
            for event_type, token in sorted(self._events, key=lambda kind: (kind[0], kind[1] or ""))
            for has_sum in [(event_type, token) in self._sums]
        ]


def _text(total: Number) -> str:
    """The number with its digits, never with an exponent where it has few."""
    if isinstance(total, Decimal):
        return f"{total:f}" if -50 < total.adjusted() < 50 else str(total)
    return repr(total) if isinstance(total, float) else int_text(total)
