"""What a run cost and earned, as its events tell it, and where two runs part in that.

- gas, of GAS_FEE_PAID: `gas_cost_usd`; where not every gas event of both runs tells that, what was
  paid in the chain's token.
- execution cost, of all but wrappers: `execution_cost_usd`, less a `fee` of the same event that is
  in USD, which is counted below.
- funding, of FUNDING_PAYMENT: `pnl_usd`, else what `domain.effects` says that it moves.
- fees: `fee` of `fee_token` (else of the quote), and `fee_paid` of a flash loan.
- rewards, of SEASONAL_REWARD_DISTRIBUTION: `amount` of `token`.

Costs are below zero, and tokens that stand for USD one for one (`domain.pairs.USD_TOKENS`) are USD.
What failed or was undone cost nothing. Gas that is named beside another event is paid by a
GAS_FEE_PAID of its own, as `domain.effects` has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from domain.effects import UNDONE, movements
from domain.event_values import EXACT, decimal_of
from domain.pairs import USD_TOKENS, quote_token
from projections.comparison.sums import NUMBERS, Number, Sum
from projections.event_dicts import Record

USD = "USD"
GAS, EXECUTION, FUNDING, FEES, REWARDS = "gas", "execution cost", "funding", "fees", "rewards"
SPLIT = (GAS, EXECUTION, FUNDING, FEES)
"""What a difference is split into; rewards are among what is left."""

_GAS_IN_TOKENS = "gas, in tokens"
_GAS_FEE, _FUNDING, _REWARD = "GAS_FEE_PAID", "FUNDING_PAYMENT", "SEASONAL_REWARD_DISTRIBUTION"
_TYPES = frozenset((_GAS_FEE, _FUNDING, _REWARD))
_TELLING = frozenset(("execution_cost_usd", "fee"))
_NOTHING: Mapping[str, Any] = {}
_ZERO = Decimal(0)
Figure = tuple[str, str, Number]


class Costs:
    """Sums of figures by kind and unit, exact."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], Sum] = {}
        self.gas_told_in_usd = True

    def add(self, record: Record) -> None:
        """Add what an event cost and earned."""
        event_type, extra = record["event_type"], record.get("extra") or _NOTHING
        is_telling = not _TELLING.isdisjoint(record) or "fee_paid" in extra
        if event_type not in _TYPES and not is_telling:
            return
        if event_type == _GAS_FEE and self.gas_told_in_usd:
            self.gas_told_in_usd = type(record.get("gas_cost_usd")) in NUMBERS
        if record.get("status") in UNDONE:
            return
        for kind, unit, amount in _figures(event_type, record, extra):
            if amount:
                key = kind, USD if unit in USD_TOKENS else unit
                of_kind = self._sums.get(key)
                if of_kind is None:
                    of_kind = self._sums[key] = Sum()
                of_kind.add(amount)

    def by_unit(self, *, gas_in_usd: bool) -> dict[str, dict[str, Decimal]]:
        """The sums by unit and kind, gas being told in the one way alone."""
        found: dict[str, dict[str, Decimal]] = {}
        for (kind, unit), amounts in self._sums.items():
            if kind == (_GAS_IN_TOKENS if gas_in_usd else GAS):
                continue
            kinds = found.setdefault(unit, {})
            name = GAS if kind == _GAS_IN_TOKENS else kind
            kinds[name] = EXACT.add(kinds.get(name, _ZERO), amounts.value)
        return found


def _figures(event_type: str, record: Record, extra: Mapping[str, Any]) -> Iterator[Figure]:
    """What the event earned, above zero, or cost, of which kind and in which unit."""
    if event_type == _GAS_FEE:
        in_usd = record.get("gas_cost_usd")
        if type(in_usd) in NUMBERS:
            yield GAS, USD, _negated(in_usd)
        amount = record.get("amount")
        if type(amount) in NUMBERS and record.get("token"):
            yield _GAS_IN_TOKENS, record["token"], _negated(amount)
        else:
            yield from _moved(_GAS_IN_TOKENS, record)
    elif event_type == _FUNDING:
        pnl: Any = extra.get("pnl_usd")
        if type(pnl) in NUMBERS:
            yield FUNDING, USD, pnl
        else:
            yield from _moved(FUNDING, record)
    elif event_type == _REWARD:
        yield from _moved(REWARDS, record)
    yield from _charged(record, extra)


def _moved(kind: str, record: Record) -> Iterator[Figure]:
    for one in movements(record):
        yield kind, one.asset, one.amount


def _charged(record: Record, extra: Mapping[str, Any]) -> Iterator[Figure]:
    fee, cost = record.get("fee"), record.get("execution_cost_usd")
    has_cost = type(cost) in NUMBERS and not record.get("detail_orders")
    if type(fee) in NUMBERS:
        unit = record.get("fee_token") or _quote(extra) or record.get("token") or "?"
        yield FEES, unit, _negated(fee)
        if has_cost and unit in USD_TOKENS:
            # The cost of an execution is its fee and its slippage together.
            cost = EXACT.subtract(decimal_of(cost) or _ZERO, decimal_of(fee) or _ZERO)
    if has_cost:
        yield EXECUTION, USD, _negated(cost)
    flash_fee = extra.get("fee_paid")
    if type(flash_fee) in NUMBERS:
        yield FEES, record.get("token") or "?", _negated(flash_fee)


def _negated(number: Any) -> Number:
    # Minus would round a Decimal to the digits of the context.
    negated: Number = number.copy_negate() if type(number) is Decimal else -number
    return negated


def _quote(extra: Mapping[str, Any]) -> str | None:
    named = extra.get("quote_token")
    if isinstance(named, str) and named:
        return named
    return quote_token(extra.get("pair")) or quote_token(extra.get("instrument"))
