"""Fills: what an order was filled in parts adds up, transition by transition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from domain.event_values import EXACT, EventValues, decimal_of, extras_of
from domain.statuses import FILLED, PARTIALLY_FILLED
from projections.audit.arithmetic import is_told
from projections.audit.figures import ZERO, Difference, Figure, compared, quotient
from projections.audit.rule import NOTHING, AuditedEvent, Finding, Rule

_FILLS = (FILLED, PARTIALLY_FILLED)
_NAMES = ("filled_amount", "average_price")


class Fills(Rule):
    """Each part of a fill adds to those before it, and all of them are the order's amount."""

    NAME = "fills"
    CHECKS = (
        "what is filled never shrinks, is at most the amount and, when filled, all of it; each"
        " part's price follows from the averages before and after it"
    )
    WHY = "an average price is the one trace of the parts: it must be one that parts can have"
    TOLERANCE = "exact; 1e-12 of the larger figure where one is a float"

    def event(self, event: AuditedEvent) -> Iterable[Finding]:
        """The parts of one order, one after the other; the first that cannot be ends them."""
        record = event.record
        if record is None:
            return NOTHING
        is_filled = record.get("status") in _FILLS or "filled_amount" in record
        is_filled = is_filled or "filled_amount" in extras_of(record)
        if (event.transitions or is_filled) and is_told(record):
            return self._judged(event, record)
        return NOTHING

    def _judged(self, event: AuditedEvent, record: Mapping[str, Any]) -> Iterator[Finding]:
        told = EventValues(record)
        steps = [{"status": record.get("status")} | _filled_in(told)]
        for transition in event.transitions:
            changes = (transition.record or {}).get("changes")
            status = (transition.record or {}).get("status")
            steps.append({**(changes if isinstance(changes, Mapping) else {}), "status": status})
        if not any(_is_fill(step) for step in steps):
            return
        self.looked_at += 1
        amount = Figure.named(told, "amount")
        before: dict[str, Figure | None] = dict.fromkeys(_NAMES)
        for step in steps:
            now = {name: Figure.of(step.get(name)) or before[name] for name in _NAMES}
            wrong = self._part(event.order, amount, before, now, step.get("status"))
            if wrong is not None:
                yield wrong
                return
            before = now

    def _part(
        self,
        order: int,
        amount: Figure | None,
        before: Mapping[str, Figure | None],
        now: Mapping[str, Figure | None],
        status: object,
    ) -> Finding | None:
        """What is wrong with the state after a transition."""
        filled, former = now["filled_amount"], before["filled_amount"]
        if filled is None:
            if status == PARTIALLY_FILLED:
                self.could_not([order], f"order {order} was filled in part, and not told how much")
            return None
        if former is not None and filled.value < former.value:
            difference = compared(self.log.options, former.value, filled, former, roundings=0)
            return self._off(order, "less is filled than before", difference)
        if filled.value < ZERO:
            return self._off(order, "less than nothing is filled", _exact(ZERO, filled))
        if amount is None:
            return None
        size = amount.magnitude
        if filled.value > size.value or status == FILLED:
            difference = compared(self.log.options, size.value, filled, size, roundings=0)
            what = "more is filled" if filled.value > size.value else "it is filled, and by less"
            if difference is not None:
                return self._off(order, f"{what} than was ordered", difference)
        return self._price(order, before, now)

    def _price(
        self, order: int, before: Mapping[str, Figure | None], now: Mapping[str, Figure | None]
    ) -> Finding | None:
        """A part whose price, by the averages before and after it, is none."""
        filled, average = now["filled_amount"], now["average_price"]
        former, former_average = before["filled_amount"], before["average_price"]
        if filled is None or average is None or not filled.value:
            return None
        if average.value <= ZERO:
            return self._off(order, "the average price is none", _exact(ZERO, average))
        if former is None or former_average is None or not former.value:
            return None
        part = EXACT.subtract(filled.value, former.value)
        # Averages are rounded where they are shown, which is off by so much for all of the order.
        slack = EXACT.multiply(filled.value, average.unit + former_average.unit)
        paid = EXACT.subtract(_product(filled, average), _product(former, former_average))
        if part and paid <= -slack:
            price = Figure(quotient(paid, part), average.is_float)
            return self._off(order, "a part of it has a price below zero", _exact(ZERO, price))
        if not part and paid.copy_abs() > slack:
            return self._off(
                order,
                "the average changes with nothing filled",
                _exact(former_average.value, average),
            )
        return None

    def _off(self, order: int, what: str, difference: Difference | None) -> Finding | None:
        if difference is None:
            return None
        return self.error(
            [order],
            f"order {order}: {what}",
            difference.expected,
            difference.found,
            field="average_price" if "price" in what or "average" in what else "filled_amount",
            tolerance=difference.tolerance,
        )


def _exact(expected: Decimal, found: Figure) -> Difference:
    return Difference(expected, found.value, "exact")


def _product(one: Figure, other: Figure) -> Decimal:
    return EXACT.multiply(one.value, other.value)


def _filled_in(values: EventValues) -> dict[str, Any]:
    return {name: values.get(name) for name in _NAMES if values.get(name) is not None}


def _is_fill(step: Mapping[str, Any]) -> bool:
    return step.get("status") in _FILLS or decimal_of(step.get("filled_amount")) is not None
