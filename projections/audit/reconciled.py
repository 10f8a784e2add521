"""Reconciliations: what was expected is what was found."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from domain.accounts import WALLET, account_of
from domain.event_values import EventValues
from projections.audit.arithmetic import ArithmeticRule
from projections.audit.figures import Figure
from projections.audit.rule import NOTHING, Finding


class Reconciled(ArithmeticRule):
    """Each reconciliation found what it expected, and what the snapshot beside it says."""

    NAME = "reconciled"
    CHECKS = "expected = actual; the amount is the actual, as is the snapshot's balance there"
    WHY = "a break that a strategy logged and went on from is still one"
    TOLERANCE = "exact; 1e-12 of the larger figure where one is a float"
    TYPES = frozenset(("HOURLY_RECONCILIATION",))

    def judged(self, order: int, values: EventValues) -> Iterable[Finding]:
        """See `ArithmeticRule.judged`."""
        expected, actual = values.get("expected"), values.get("actual")
        token, venue = values.given_text("token"), values.given_text("venue") or ""
        shown = _in_snapshot(values.get("position_snapshot"), venue, token)
        if _are_alike(expected, (actual, values.get("amount"), shown)):
            self.looked_at += 1
            return NOTHING
        due, held = Figure.of(expected), Figure.of(actual)
        if due is None or held is None:
            return NOTHING
        self.looked_at += 1
        for name, right, found in (
            ("actual", due.value, held),
            ("amount", held.value, Figure.named(values, "amount")),
            ("position_snapshot", held.value, Figure.of(shown)),
        ):
            difference = found and self.compare(right, found, due, held, roundings=0)
            if difference:
                message = f"order {order}: {venue} was to hold {right} {token}"
                return [self.off(order, message, name, difference)]
        return NOTHING


def _are_alike(one: Any, others: Iterable[Any]) -> bool:
    """Whether all are the same finite Decimal: what most are, seen at once."""
    if type(one) is not Decimal or not one.is_finite():
        return False
    return all(
        other is one or (type(other) is Decimal and other.is_finite() and other == one)
        for other in others
    )


def _in_snapshot(snapshot: Any, venue: str, token: str | None) -> Any:
    """What the event's own snapshot shows there; None where it does not show it."""
    account = account_of(venue)
    name = "wallet" if account == WALLET else "cex_accounts"
    part = snapshot.get(name) if isinstance(snapshot, dict) else None
    if account != WALLET and isinstance(part, dict):
        part = next((held for one, held in part.items() if account_of(one) == account), None)
    return part.get(token) if isinstance(part, dict) else None
