"""Trades: amount times price is what was paid; what a close realises follows from the entry."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from domain.effects import filled, is_inverse, trade_sign
from domain.event_values import EXACT, EventValues
from projections.audit.arithmetic import HeldRule
from projections.audit.figures import ZERO, Difference, Figure, digits_of, quotient
from projections.audit.rule import Finding

_BPS = Decimal(10_000)


class Trades(HeldRule):
    """The figures of a trade agree: amount, price, notional or quote, cost, realised profit."""

    NAME = "trades"
    VERSION = 2
    CHECKS = (
        "amount × price = notional or quote amount; cost ÷ notional = cost in bps; what a close"
        " realises is (price − entry price) × size"
    )
    WHY = "a size or price from another fill does not give the notional of this one"
    TOLERANCE = (
        "half a unit of the last digit of what was computed (exchanges cut it): of the notional,"
        " or where that has the fewer digits, and was chosen, of the amount"
    )
    JUDGED = TYPES = frozenset(("SPOT_TRADE", "TRADE_EXECUTED"))

    def judged(self, order: int, values: EventValues) -> Iterator[Finding]:
        """See `ArithmeticRule.judged`."""
        self.looked_at += 1
        for found in (
            self._product(order, values, "quote_amount"),
            self._product(order, values, "notional_usd"),
            self._bps(order, values),
            self._realised(order, values),
        ):
            if found is not None:
                yield found
                return

    def _product(self, order: int, values: EventValues, name: str) -> Finding | None:
        notional = Figure.named(values, name)
        if notional is None:
            return None
        pairs = [
            (amount, price)
            for amount in _given(values, "amount", "filled_amount")
            for price in _given(values, "entry_price", "price", "average_price")
        ]
        differences = [self._one_product(notional, *one) for one in pairs]
        if not pairs or None in differences or is_inverse(values):
            return None
        found = differences[0]
        if found is None:
            return None
        amount, price = pairs[0]
        message = f"order {order}: {amount.value} at {price.value} is not {notional.value}"
        return self.off(order, message, name, found)

    def _one_product(self, notional: Figure, amount: Figure, price: Figure) -> Difference | None:
        size, told = amount.magnitude, notional.magnitude
        product = EXACT.multiply(size.value, price.value)
        difference = self.compare(product, told, size, price)
        if difference and price.value and digits_of(told.value) < digits_of(size.value):
            # What has the fewer digits was chosen, and the amount computed from it.
            chosen = self.compare(quotient(told.value, price.value), size, told, price)
            return chosen and difference
        return difference

    def _bps(self, order: int, values: EventValues) -> Finding | None:
        cost, bps = (
            Figure.named(values, "execution_cost_usd"),
            Figure.named(values, "execution_cost_bps"),
        )
        notional = values.given_number("notional_usd") or values.given_number("quote_amount")
        if cost is None or bps is None or not notional:
            return None
        expected = quotient(EXACT.multiply(cost.value, _BPS), notional.copy_abs())
        difference = self.compare(expected, bps, cost)
        if difference is None:
            return None
        message = f"order {order}: {cost.value} on {notional} is not {bps.value} bps"
        return self.off(order, message, "execution_cost_bps", difference)

    def _realised(self, order: int, values: EventValues) -> Finding | None:
        told = Figure.named(values, "realised_pnl_usd")
        price = Figure.named(values, "average_price") or Figure.named(values, "entry_price")
        venue, instrument = values.given_text("venue"), values.given_text("instrument")
        if told is None or price is None or venue is None or instrument is None:
            return None
        if is_inverse(values):
            self.unjudgeable(order, "what an inverse contract realises is in its base, and")
            return None
        sign, amount = trade_sign(values), filled(values)
        if not self.held.is_known or sign is None or amount is None:
            self.unjudgeable(order, "no snapshot of the positions before what is realised")
            return None
        size, entry = self.held.of(venue, instrument)
        closed = min(size.copy_abs(), amount) if (size > ZERO) != (sign > ZERO) else ZERO
        gain = EXACT.multiply(closed, EXACT.subtract(price.value, entry))
        expected = gain if size > ZERO else gain.copy_negate()
        difference = self.compare(expected, told, price)
        if difference is None:
            return None
        message = f"order {order}: closing {closed} opened at {entry} realises something else"
        return self.off(order, message, "realised_pnl_usd", difference)


def _given(values: EventValues, *names: str) -> list[Figure]:
    figures = (Figure.named(values, name) for name in names)
    return [one for one in figures if one is not None]
