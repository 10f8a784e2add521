"""The difference in what two runs cost and earned, split into what it comes from."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from domain.event_values import EXACT
from projections.comparison.costs import SPLIT, Costs
from projections.event_dicts import Record

ONLY_A, ONLY_B, AMBIGUOUS, LEFT = "only in A", "only in B", "ambiguous", "what is left"
_ZERO = Decimal(0)


class CostSplit:
    """Takes the events that are not the same in both, and splits the whole difference by them."""

    def __init__(self) -> None:
        self._partners = Costs(), Costs()
        self._alone = Costs(), Costs()
        self._ambiguous = Costs(), Costs()

    def add_partner(self, side: int, record: Record) -> None:
        """An event that has partners, or is a part of one that has."""
        self._partners[side].add(record)

    def add_alone(self, side: int, record: Record) -> None:
        """An event that this side alone has."""
        self._alone[side].add(record)

    def add_ambiguous(self, side: int, record: Record) -> None:
        """An event of which it is ambiguous which its partner is."""
        self._ambiguous[side].add(record)

    def rows(self, a: Costs, b: Costs) -> list[dict[str, Any]]:
        """By unit what both runs, whose costs are given, add up to, and what the difference is of.

        The parts, what is left among them, add up to the difference exactly. What is left are
        rewards, and whatever else is counted that is none of the kinds.
        """
        in_usd = a.gas_told_in_usd and b.gas_told_in_usd
        wholes, partners, alone, ambiguous = (
            [one.by_unit(gas_in_usd=in_usd) for one in pair]
            for pair in ((a, b), self._partners, self._alone, self._ambiguous)
        )
        rows = []
        for unit in sorted(wholes[0].keys() | wholes[1].keys()):
            totals = [_sum(one.get(unit, {})) for one in wholes]
            whole = EXACT.subtract(totals[1], totals[0])
            parts = {
                kind: EXACT.subtract(
                    partners[1].get(unit, {}).get(kind, _ZERO),
                    partners[0].get(unit, {}).get(kind, _ZERO),
                )
                for kind in SPLIT
            }
            parts[ONLY_A] = EXACT.subtract(_ZERO, _sum(alone[0].get(unit, {})))
            parts[ONLY_B] = _sum(alone[1].get(unit, {}))
            parts[AMBIGUOUS] = EXACT.subtract(
                _sum(ambiguous[1].get(unit, {})), _sum(ambiguous[0].get(unit, {}))
            )
            parts[LEFT] = EXACT.subtract(whole, _sum(parts))
            rows.append(
                {"unit": unit, "a": totals[0], "b": totals[1], "difference": whole}
                | {"of_which": parts}
            )
        return rows


def _sum(amounts: dict[str, Decimal]) -> Decimal:
    total = _ZERO
    for amount in amounts.values():
        total = EXACT.add(total, amount)
    return total
