"""Funding payments: rate times notional, with the sign that side and rate give."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from domain.event_values import EXACT, EventValues
from projections.audit.arithmetic import HeldRule
from projections.audit.figures import ZERO, Difference, Figure
from projections.audit.rule import Finding


class FundingAmounts(HeldRule):
    """What funding was paid is rate × notional; longs pay shorts when the rate is above zero."""

    NAME = "funding_amounts"
    CHECKS = "rate × notional = payment; received or paid as side and rate say; amount = |payment|"
    WHY = "funding is most of the income, and its sign the easiest to turn"
    TOLERANCE = (
        "half a unit of the payment's last written digit, or cut at the sixth decimal and beyond"
    )
    TYPES = frozenset(("FUNDING_PAYMENT", "TRADE_EXECUTED"))
    JUDGED = frozenset(("FUNDING_PAYMENT",))

    def judged(self, order: int, values: EventValues) -> Iterator[Finding]:
        """See `ArithmeticRule.judged`."""
        paid, amount = Figure.named(values, "pnl_usd"), Figure.named(values, "amount")
        if paid is None:
            return
        self.looked_at += 1
        for found in (
            self._product(order, values, paid),
            self._sign(order, values, paid),
            self._amount(order, paid, amount),
            self._type(order, values, paid),
        ):
            if found is not None:
                yield found
                return

    def _product(self, order: int, values: EventValues, paid: Figure) -> Finding | None:
        rate, notional = Figure.named(values, "funding_rate"), Figure.named(values, "notional_usd")
        if rate is None or notional is None:
            return None
        expected = EXACT.multiply(rate.value, notional.value)
        size = expected.copy_abs()
        difference = self.compare(size, paid.magnitude, notional)
        if difference is None:
            return None
        signed = Difference(
            difference.expected.copy_sign(paid.value), paid.value, difference.tolerance
        )
        message = f"order {order}: a rate of {rate.value} on {notional.value} does not give this"
        return self.off(order, message, "pnl_usd", signed)

    def _sign(self, order: int, values: EventValues, paid: Figure) -> Finding | None:
        rate = values.given_number("funding_rate")
        if not rate or not paid.value:
            return None
        side = self.held.side_at(values)
        if side is None:
            self.unjudgeable(order, "no position on one side alone, which funding would follow,")
            return None
        if (paid.value > ZERO) == (side * rate < ZERO):
            return None
        name = "long" if side > ZERO else "short"
        does = "receives" if paid.value < ZERO else "pays"
        message = f"order {order}: a {name} position {does} at a funding rate of {rate}"
        expected = paid.value.copy_negate()
        return self.off(order, message, "pnl_usd", Difference(expected, paid.value, "exact"))

    def _amount(self, order: int, paid: Figure, amount: Figure | None) -> Finding | None:
        if amount is None:
            return None
        difference = self.compare(paid.value.copy_abs(), amount, roundings=0)
        if difference is None:
            return None
        message = f"order {order}: the amount is not that of the payment"
        return self.off(order, message, "amount", difference)

    def _type(self, order: int, values: EventValues, paid: Figure) -> Finding | None:
        told = values.given_text("pnl_type")
        expected = "RECEIVED" if paid.value > Decimal(0) else "PAID"
        if told in (None, expected) or not paid.value:
            return None
        message = f"order {order}: a payment of {paid.value} is {expected}, and not {told}"
        return self.error([order], message, expected, told, field="pnl_type")
