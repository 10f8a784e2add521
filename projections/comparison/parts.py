"""A trade that one run has in one piece and the other in parts: the parts put together."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal
from typing import Any

from domain.effects import filled
from domain.event_values import EXACT, EventValues, decimal_of
from projections.comparison.fields import flat
from projections.event_dicts import Record

_SUMMED = (
    "amount",
    "fee",
    "execution_cost_usd",
    "notional_usd",
    "quote_amount",
    "gas_cost_eth",
    "gas_cost_usd",
    "gas_units",
)
_AVERAGED = ("price", "entry_price", "execution_cost_bps")
_DIVIDING = Context(prec=50)
_ZERO = Decimal(0)


def put_together(parts: Sequence[Record]) -> Record:
    """One trade of its parts: amounts and costs added up, prices averaged by amount.

    What else the parts differ in is the first one's.
    """
    pieces = [flat(part) for part in parts]
    whole: dict[str, Any] = {}
    for piece in pieces:
        whole = {**piece, **whole}
    weights = [decimal_of(piece.get("amount")) or _ZERO for piece in pieces]
    for name in _AVERAGED:
        if name in whole:
            whole[name] = _average([decimal_of(piece.get(name)) for piece in pieces], weights)
    for name in _SUMMED:
        if name in whole:
            whole[name] = _sum([decimal_of(piece.get(name)) for piece in pieces])
    return whole


def amount_of(record: Record) -> Decimal | None:
    """How much of a trade came about."""
    return filled(EventValues(record))


def _sum(numbers: Sequence[Decimal | None]) -> Decimal:
    total = _ZERO
    for number in numbers:
        if number is not None:
            total = EXACT.add(total, number)
    return total


def _average(numbers: Sequence[Decimal | None], weights: Sequence[Decimal]) -> Decimal | None:
    weighted, weight = _ZERO, _ZERO
    for number, one in zip(numbers, weights, strict=True):
        if number is not None:
            weighted = EXACT.add(weighted, EXACT.multiply(number, one))
            weight = EXACT.add(weight, one)
    if not weight:
        return next((number for number in numbers if number is not None), None)
    return _DIVIDING.divide(weighted, weight)
