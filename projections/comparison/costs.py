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

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from domain.effects import UNDONE, movements
from domain.event_values import EXACT, EventValues
from domain.pairs import USD_TOKENS, quote_token
from projections.event_dicts import Record

USD = "USD"
GAS, EXECUTION, FUNDING, FEES, REWARDS = "gas", "execution cost", "funding", "fees", "rewards"
SPLIT = (GAS, EXECUTION, FUNDING, FEES)
"""What a difference is split into; rewards are among what is left."""

_GAS_IN_TOKENS = "gas, in tokens"
_TYPES = frozenset(("GAS_FEE_PAID", "FUNDING_PAYMENT", "SEASONAL_REWARD_DISTRIBUTION"))
_TELLING = frozenset(("execution_cost_usd", "fee"))
_ZERO = Decimal(0)


class Figure(NamedTuple):
    """What one event earned (above zero) or cost, of one kind and in one unit."""

    kind: str
    unit: str
    amount: Decimal


class Costs:
    """Sums of figures by kind and unit, exact."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], Decimal] = {}
        self.gas_told_in_usd = True

    def add(self, record: Record) -> None:
        """Add what an event cost and earned."""
        for kind, unit, amount in _figures(record):
            self._sums[kind, unit] = EXACT.add(self._sums.get((kind, unit), _ZERO), amount)
        if record["event_type"] == "GAS_FEE_PAID" and self.gas_told_in_usd:
            self.gas_told_in_usd = EventValues(record).given_number("gas_cost_usd") is not None

    def by_unit(self, *, gas_in_usd: bool) -> dict[str, dict[str, Decimal]]:
        """The sums by unit and kind, gas being told in the one way alone."""
        found: dict[str, dict[str, Decimal]] = {}
        for (kind, unit), amount in self._sums.items():
            if kind == (_GAS_IN_TOKENS if gas_in_usd else GAS):
                continue
            kinds = found.setdefault(unit, {})
            name = GAS if kind == _GAS_IN_TOKENS else kind
            kinds[name] = EXACT.add(kinds.get(name, _ZERO), amount)
        return found


def costs_of(records: Iterable[Record]) -> Costs:
    """The costs of these events."""
    costs = Costs()
    for record in records:
        costs.add(record)
    return costs


def _figures(record: Record) -> Iterator[Figure]:
    extra = record.get("extra") or {}
    if record["event_type"] not in _TYPES and not (
        _TELLING & record.keys() or "fee_paid" in extra or "fee_paid" in record
    ):
        return
    if record.get("status") in UNDONE:
        return
    for kind, unit, amount in _told(record, EventValues(record)):
        if amount:
            yield Figure(kind, USD if unit in USD_TOKENS else unit, amount)


def _told(record: Record, values: EventValues) -> Iterator[tuple[str, str, Decimal]]:
    event_type = record["event_type"]
    if event_type == "GAS_FEE_PAID":
        in_usd = values.given_number("gas_cost_usd")
        if in_usd is not None:
            yield GAS, USD, in_usd.copy_negate()
        for one in movements(record):
            yield _GAS_IN_TOKENS, one.asset, one.amount
    elif event_type == "FUNDING_PAYMENT":
        in_usd = values.given_number("pnl_usd")
        if in_usd is not None:
            yield FUNDING, USD, in_usd
        else:
            for one in movements(record):
                yield FUNDING, one.asset, one.amount
    elif event_type == "SEASONAL_REWARD_DISTRIBUTION":
        for one in movements(record):
            yield REWARDS, one.asset, one.amount
    yield from _charged(record, values)


def _charged(record: Record, values: EventValues) -> Iterator[tuple[str, str, Decimal]]:
    fee, cost = values.given_number("fee"), values.given_number("execution_cost_usd")
    if fee is not None:
        unit = values.given_text("fee_token") or _quote(values) or values.given_text("token")
        yield FEES, unit or "?", fee.copy_negate()
        if cost is not None and unit in USD_TOKENS:
            # The cost of an execution is its fee and its slippage together.
            cost = EXACT.subtract(cost, fee)
    if cost is not None and not record.get("detail_orders"):
        yield EXECUTION, USD, cost.copy_negate()
    flash_fee = values.given_number("fee_paid")
    if flash_fee is not None:
        yield FEES, values.given_text("token") or "?", flash_fee.copy_negate()


def _quote(values: EventValues) -> str | None:
    named = values.given_text("quote_token")
    return named or quote_token(values.get("pair")) or quote_token(values.get("instrument"))
