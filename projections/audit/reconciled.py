"""Reconciliations: what was expected is what was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from domain.accounts import WALLET, account_of
from domain.event_values import EventValues
from projections.audit.arithmetic import ArithmeticRule
from projections.audit.figures import Figure
from projections.audit.rule import Finding


class Reconciled(ArithmeticRule):
    """Each reconciliation found what it expected, and what the snapshot beside it says."""

    NAME = "reconciled"
    CHECKS = "expected = actual; the amount is the actual, as is the snapshot's balance there"
    WHY = "a break that a strategy logged and went on from is still one"
    TOLERANCE = "exact; 1e-12 of the larger figure where one is a float"
    TYPES = frozenset(("HOURLY_RECONCILIATION",))

    def judged(self, order: int, values: EventValues) -> Iterator[Finding]:
        """See `ArithmeticRule.judged`."""
        expected, actual = Figure.named(values, "expected"), Figure.named(values, "actual")
        if expected is None or actual is None:
            return
        self.looked_at += 1
        token, venue = values.given_text("token"), values.given_text("venue") or ""
        for name, right in (
            ("actual", expected.value),
            ("amount", actual.value),
            ("position_snapshot", actual.value),
        ):
            found = actual if name == "actual" else Figure.named(values, name)
            if name == "position_snapshot":
                found = _in_snapshot(values, venue, token)
            difference = found and self.compare(right, found, expected, actual, roundings=0)
            if difference:
                message = f"order {order}: {venue} was to hold {right} {token}"
                yield self.off(order, message, name, difference)
                return


def _in_snapshot(values: EventValues, venue: str, token: str | None) -> Figure | None:
    """What the event's own snapshot shows there; None where it does not show it."""
    snapshot = values.get("position_snapshot")
    account = account_of(venue)
    part = (
        snapshot.get("wallet" if account == WALLET else "cex_accounts")
        if isinstance(snapshot, Mapping)
        else None
    )
    if account != WALLET and isinstance(part, Mapping):
        part = next((part[one] for one in part if account_of(one) == account), None)
    return Figure.of(part.get(token)) if isinstance(part, Mapping) else None
