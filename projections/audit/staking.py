"""Staking: what goes in is what comes out times the oracle's price."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from domain.event_values import EXACT, EventValues
from projections.audit.arithmetic import ArithmeticRule
from projections.audit.figures import ZERO, Figure, quotient
from projections.audit.rule import Finding

_SHORT = Decimal("0.01")
"""By how much an amount that is written in few digits may be off: 1 for 0.8547 is another one."""

_FAR = Decimal(100)
"""No liquid staking token is worth so many ETH: the price then is one in USD."""


class Staking(ArithmeticRule):
    """What is staked and what comes for it agree with the price at which it was done."""

    NAME = "staking"
    CHECKS = "ETH staked ÷ oracle price = tokens out; tokens unstaked × oracle price = ETH out"
    WHY = "a price in another unit, or an amount from another event, shows here first"
    VERSION = 2
    TOLERANCE = (
        "half a unit of the last written digit of what comes out, at most 1 % of it; chains cut at"
        " the wei"
    )
    TYPES = frozenset(("STAKE_DEPOSIT", "STAKE_WITHDRAWAL"))

    def judged(self, order: int, values: EventValues) -> Iterator[Finding]:
        """See `ArithmeticRule.judged`."""
        amount, out = Figure.named(values, "amount"), Figure.named(values, "amount_out")
        price = Figure.named(values, "oracle_price")
        if amount is None or out is None or price is None or price.value <= ZERO:
            return
        self.looked_at += 1
        is_deposit = values.get("event_type") == "STAKE_DEPOSIT"
        if is_deposit:
            expected = quotient(amount.value, price.value)
        else:
            expected = EXACT.multiply(amount.value, price.value)
        difference = self.compare(expected, out, amount, price, at_most=_SHORT)
        if difference is None:
            return
        sign = "÷" if is_deposit else "×"
        message = f"order {order}: {amount.value} {sign} {price.value} is not {out.value}"
        if price.value > _FAR:
            message += f"; an oracle price of {price.value} is one in USD, and not in ETH"
        field = "oracle_price" if price.value > _FAR else "amount_out"
        yield self.off(order, message, field, difference)
