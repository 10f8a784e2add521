"""AAVE: aTokens and debt tokens times their index are the amounts; indices never fall."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from domain.accounts import WALLET, debt_token_of
from domain.event_values import EXACT, EventValues
from projections.audit.arithmetic import ArithmeticRule
from projections.audit.figures import LAST_PLACE, Figure, quotient
from projections.audit.rule import AuditedLog, Finding

_RAY, _RAY_AT_LEAST = -27, Decimal("1e20")
"""AAVE's contracts have indices as whole numbers of 1e-27."""

_CUT, _ULPS = 2, 2 * 2
"""aTokens are rounded when they are made and when they are shown: two units of the last place."""


_INDEX = "index"


class Market(NamedTuple):
    """Where an index is one: a token's, lent or borrowed, in one market of one chain."""

    venue: object
    chain_id: object
    market: object
    token: str
    is_debt: bool


class Lent(NamedTuple):
    """A kind of event: its scaled token's amount, and what its index may be called."""

    scaled: str
    indices: tuple[str, ...]
    is_debt: bool


KINDS: dict[str, Lent] = {
    "COLLATERAL_SUPPLIED": Lent("atoken_received", ("liquidity_index",), False),
    "COLLATERAL_WITHDRAWN": Lent("atoken_burned", ("liquidity_index",), False),
    # The typed method calls the borrow index of a loan so.
    "LOAN_CREATED": Lent("debt_token_received", ("borrow_index", "liquidity_index"), True),
    "LOAN_REPAID": Lent("debt_token_burned", ("borrow_index", "liquidity_index"), True),
}


class Lending(ArithmeticRule):
    """What moves at AAVE is its scaled token times an index, and that index only grows."""

    NAME = "lending"
    CHECKS = "scaled tokens × index = amount; interest = scaled balance × step; no index falls"
    WHY = "interest is nowhere but in the index: one that is wrong makes all after it wrong"
    VERSION = 2
    TOLERANCE = (
        "two units of the last place of the aToken or debt token (AAVE rounds twice); one of the"
        " last written digit where that is before the sixth decimal"
    )
    TYPES = frozenset((*KINDS, "BALANCE_CHANGE"))

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._indices: dict[Market, tuple[Decimal, int]] = {}

    def judged(self, order: int, values: EventValues) -> Iterator[Finding]:
        """See `ArithmeticRule.judged`."""
        kind = KINDS.get(values.get("event_type"))
        if kind is None:
            yield from self._accrual(order, values)
            return
        index = index_in(values, *kind.indices)
        token = values.given_text("token")
        if index is None or token is None:
            return
        self.looked_at += 1
        market = _market(values, token, kind.is_debt)
        wrong = self._fallen(order, market, index)
        if wrong is None:
            # An index at which the amounts do not agree is not gone on from.
            wrong = self._converted(order, values, kind, index)
        if wrong is None or wrong.field == _INDEX:
            self._indices[market] = (index.value, order)
        if wrong is not None:
            yield wrong

    def _converted(
        self, order: int, values: EventValues, kind: Lent, index: Figure
    ) -> Finding | None:
        amount, scaled = Figure.named(values, "amount"), Figure.named(values, kind.scaled)
        if amount is None or scaled is None or index.value <= 0:
            return None
        expected = quotient(amount.value, index.value)
        # What is short was rounded, or cut, by whoever wrote it.
        roundings = _ULPS if scaled.unit <= LAST_PLACE else _CUT
        difference = self.compare(expected, scaled, amount, index, roundings=roundings)
        if difference is None:
            return None
        message = (
            f"order {order}: {amount.value} at an index of {index.value} is not {scaled.value}"
        )
        return self.off(order, message, kind.scaled, difference)

    def _fallen(self, order: int, market: Market, index: Figure) -> Finding | None:
        before, at = self._indices.get(market, (index.value, order))
        allowed = self.log.options.tolerance or Decimal(0)
        if index.value >= before - allowed * before:
            return None
        name = "borrow" if market.is_debt else "liquidity"
        message = f"order {order}: the {name} index of {market.token} fell since order {at}"
        return self.error(
            [order], message, before, index.value, field=_INDEX, tolerance="exact", last_good=at
        )

    def _accrual(self, order: int, values: EventValues) -> Iterator[Finding]:
        """Interest: what a scaled balance is worth more since the index before."""
        scaled, token = values.given_text("scaled_token"), values.given_text("token")
        before, index = index_in(values, "previous_index"), index_in(values, "index")
        if scaled is None or token is None or index is None:
            return
        self.looked_at += 1
        market = _market(values, token, scaled == debt_token_of(token))
        wrong = None
        if before is not None:
            wrong = self._fallen(order, market, before) or self._step(order, market, before, index)
            wrong = wrong or self._interest(order, values, scaled, before, index)
        else:
            wrong = self._fallen(order, market, index)
        if wrong is None or wrong.field == _INDEX:
            self._indices[market] = (index.value, order)
        if wrong is not None:
            yield wrong

    def _step(self, order: int, market: Market, before: Figure, index: Figure) -> Finding | None:
        """An index that is below the one that the event itself has from before."""
        if before.value <= index.value:
            return None
        message = f"order {order}: the index of {market.token} fell within the event"
        return self.error(
            [order], message, before.value, index.value, field=_INDEX, tolerance="exact"
        )

    def _interest(
        self, order: int, values: EventValues, scaled: str, before: Figure, index: Figure
    ) -> Finding | None:
        interest, held = Figure.named(values, "amount"), _held(values, scaled)
        if interest is None:
            return None
        if held is None:
            self.unjudgeable(order, f"no snapshot of {scaled}, which bears the interest,")
            return None
        step = EXACT.subtract(index.value, before.value)
        expected = EXACT.multiply(held.value, step)
        difference = self.compare(expected, interest, held, index)
        if difference is None:
            return None
        message = f"order {order}: the interest is not that of {held.value} {scaled}"
        return self.off(order, message, "amount", difference)


def _market(values: EventValues, token: str, is_debt: bool) -> Market:
    return Market(
        values.given_text("venue"), values.given_number("chain_id"), values.given_text("market"),
        token, is_debt,
    )  # fmt: skip


def index_in(values: EventValues, *names: str) -> Figure | None:
    """The first index of these names that an event tells; one in rays as the factor that it is."""
    for name in names:
        figure = Figure.named(values, name)
        if figure is not None:
            is_ray = figure.value >= _RAY_AT_LEAST
            value = EXACT.scaleb(figure.value, _RAY) if is_ray else figure.value
            return Figure(value, figure.is_float)
    return None


def _held(values: EventValues, scaled: str) -> Figure | None:
    """The scaled balance that the event's own snapshot shows; interest leaves it as it is."""
    snapshot = values.get("position_snapshot")
    wallet = snapshot.get(WALLET.lower()) if isinstance(snapshot, Mapping) else None
    return Figure.of(wallet.get(scaled)) if isinstance(wallet, Mapping) else None
