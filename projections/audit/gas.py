"""Gas: units times price is the cost, in ETH and at the log's own price in USD."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from domain.event_values import EXACT, EventValues, extras_of
from projections.audit.arithmetic import ArithmeticRule, is_told
from projections.audit.figures import ZERO, Difference, Figure
from projections.audit.rule import NOTHING, AuditedEvent, AuditedLog, Finding

_GWEI, _ETHER = -9, -18
_COST = "gas_cost_eth"
_PRICE, _FEE, _UNITS = "PRICE_UPDATE", "GAS_FEE_PAID", "gas_units"
_TO_THE_HOUR = len("2024-05-12T14")

WITHIN_AN_HOUR = Decimal("0.2")
"""By what part a price may differ from one of another moment of the same hour."""

_WITH_DATA_FEE = frozenset(("OPTIMISM", "BASE", "SCROLL", "MANTLE", "BLAST", "ZORA"))
_IDS_WITH_DATA_FEE = frozenset((10, 8453, 534352, 5000, 81457, 7777777))
"""Rollups on which a transaction also pays for its data on Ethereum, beside its own gas."""

_NONE: tuple[str, set[Decimal]] = ("", set())
_NATIVE = {"POLYGON": "POL", "AVALANCHE": "AVAX", "BSC": "BNB", "GNOSIS": "XDAI", "MANTLE": "MNT"}
"""What gas is paid in where it is not ETH."""


class Gas(ArithmeticRule):
    """A gas cost is its units times its price, and is worth what the log's own price says."""

    NAME = "gas"
    VERSION = 2
    CHECKS = (
        "units × price = cost; the amount is the cost; the cost in USD is at the log's own price of"
        " that hour; wei, gwei and units each in their own field"
    )
    WHY = "a cost that its own receipt does not give is not the one that was paid"
    TOLERANCE = "half a unit of the last written digit, or cut at the wei (EIP-1559 is exact)"

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._prices: dict[str, tuple[str, set[Decimal]]] = {}
        """Of each token when it had a price last, and which ones then, of all venues."""

    def event(self, event: AuditedEvent) -> Iterable[Finding]:
        """A price is noted; a fee is judged, and gas that is named beside anything else."""
        now = event.now
        if now is None:
            return NOTHING
        event_type, extra = now.get("event_type"), extras_of(now)
        is_naming = _COST in now or _UNITS in now or _COST in extra or _UNITS in extra
        if not (is_naming or event_type in (_FEE, _PRICE)) or not is_told(now):
            return NOTHING
        if event_type != _PRICE:
            return self.judged(event.order, EventValues(now))
        self._note_price(EventValues(now))
        return NOTHING

    def judged(self, order: int, values: EventValues) -> Iterator[Finding]:
        """See `ArithmeticRule.judged`."""
        is_fee = values.get("event_type") == _FEE
        if not is_fee and values.get(_COST) is None and values.get(_UNITS) is None:
            return
        self.looked_at += 1
        cost = Figure.named(values, _COST) or (Figure.named(values, "amount") if is_fee else None)
        for found in (
            self._product(order, values, cost),
            self._amount(order, values, cost) if is_fee else None,
            self._in_wei(order, values, cost),
            self._in_usd(order, values, cost),
        ):
            # The first says what is wrong; what follows from it would only repeat it.
            if found is not None:
                yield found
                return

    def _product(self, order: int, values: EventValues, cost: Figure | None) -> Finding | None:
        units, price = Figure.named(values, _UNITS), Figure.named(values, "gas_price_gwei")
        if cost is None or units is None or price is None:
            return None
        expected = EXACT.scaleb(EXACT.multiply(units.value, price.value), _GWEI)
        if cost.value > expected and _pays_for_data(values):
            return None
        difference = self.compare(expected, cost, price)
        if difference is None:
            return None
        what = f"{units.value} gas at {price.value} gwei is {difference.expected} ETH"
        mixed = _mixed_up(cost.value, expected, units.value)
        message = f"order {order}: {what}, and not {cost.value}{mixed}"
        field = _COST if values.get(_COST) is not None else "amount"
        return self.off(order, message, field, difference)

    def _amount(self, order: int, values: EventValues, cost: Figure | None) -> Finding | None:
        amount = Figure.named(values, "amount")
        # Live, the amount is the estimate, and the cost comes with the receipt.
        if cost is None or amount is None or values.get("status") not in (None, "completed"):
            return None
        difference = self.compare(cost.value, amount, roundings=0)
        if difference is None:
            return None
        message = f"order {order}: the amount is not the gas cost"
        return self.off(order, message, "amount", difference)

    def _in_wei(self, order: int, values: EventValues, cost: Figure | None) -> Finding | None:
        price = Figure.named(values, "gas_price_gwei")
        for name, figure, scale in (
            ("gas_cost_wei", cost, _ETHER),
            ("gas_price_wei", price, _GWEI),
        ):
            wei = Figure.named(values, name)
            if wei is None or figure is None:
                continue
            found = Figure(EXACT.scaleb(wei.value, scale), wei.is_float)
            rounded = self.compare(found.value, figure)
            if rounded is not None:
                expected = EXACT.scaleb(figure.value, -scale)
                units = values.given_number(_UNITS)
                mixed = ", which is the units of gas" if wei.value == units else ""
                message = f"order {order}: {name} is {wei.value}{mixed}"
                difference = Difference(expected, wei.value, rounded.tolerance)
                return self.off(order, message, name, difference)
        return None

    def _in_usd(self, order: int, values: EventValues, cost: Figure | None) -> Finding | None:
        usd = Figure.named(values, "gas_cost_usd")
        if usd is None or cost is None:
            return None
        token = values.given_text("token") if values.get("event_type") == "GAS_FEE_PAID" else None
        token = token or _NATIVE.get((values.given_text("venue") or "").upper(), "ETH")
        at, (priced_at, prices) = (
            values.given_text("timestamp") or "",
            self._prices.get(token, _NONE),
        )
        if not prices or at[:_TO_THE_HOUR] != priced_at[:_TO_THE_HOUR]:
            self.unjudgeable(order, f"no price of {token} of the same hour, for gas in USD")
            return None
        differences = [self.compare(EXACT.multiply(cost.value, one), usd, cost) for one in prices]
        if None in differences:
            return None
        nearest = min(filter(None, differences), key=lambda one: abs(one.expected - one.found))
        if at != priced_at and self.log.options.tolerance is None:
            # The price of another moment: it moves within an hour, but not by so much.
            allowed = WITHIN_AN_HOUR * nearest.expected.copy_abs()
            if abs(nearest.expected - nearest.found) <= allowed:
                return None
            text = f"{allowed:.3g}, {WITHIN_AN_HOUR} of it, by which a price moves in an hour"
            nearest = Difference(nearest.expected, nearest.found, text)
        message = f"order {order}: the gas in USD is not at the log's own price of {token} then"
        return self.off(order, message, "gas_cost_usd", nearest)

    def _note_price(self, values: EventValues) -> None:
        """Keep a token's prices of the last time at which there were any, of each venue."""
        at, token = values.given_text("timestamp"), values.given_text("token")
        price = values.given_number("price_usd") or values.given_number("amount")
        if at is None or token is None or price is None or price <= ZERO:
            return
        priced_at, prices = self._prices.get(token, _NONE)
        if at == priced_at:
            prices.add(price)
        else:
            self._prices[token] = at, {price}


def _pays_for_data(values: EventValues) -> bool:
    venue = (values.given_text("venue") or "").upper()
    return venue in _WITH_DATA_FEE or values.get("chain_id") in _IDS_WITH_DATA_FEE


def _mixed_up(cost: Decimal, expected: Decimal, units: Decimal) -> str:
    """Which other figure stands in the field, where that can be told."""
    if cost == units:
        return ", which is the units of gas"
    for name, scale in (("gwei", -_GWEI), ("wei", -_ETHER)):
        if cost == EXACT.scaleb(expected, scale):
            return f", which is the cost in {name}"
    return ""
