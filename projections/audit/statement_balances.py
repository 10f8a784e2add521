"""Balances that a venue states, against those that the log last told at that time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from decimal import Decimal

from projections.audit.moments import iso
from projections.audit.rule import Finding, Rule
from projections.audit.statement import Line, Statement
from projections.audit.statement_matching import FLOAT


class Balances:
    """What the log told of each asset, as often as it changed."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._told: dict[str, list[tuple[int, int, Decimal]]] = {}

    def take(self, order: int, moment: int | None, asset: str, amount: Decimal) -> None:
        """The log tells a balance."""
        if moment is None:
            return
        known = self._told.setdefault(asset.upper(), [])
        if not known or known[-1][2] != amount:
            known.append((moment, order, amount))

    def compared(self, rule: Rule) -> Iterator[Finding]:
        """Every stated balance, and what the log holds at the last of them that is not stated."""
        statement = self._statement
        for known in self._told.values():
            known.sort(key=lambda one: one[:2])
        lines = [line for line in statement.lines if statement.period.holds(line.time)]
        for line in lines:
            yield from self._one(rule, line)
        stated = {(line.symbol or "").upper() for line in lines}
        last = max((line.time for line in lines if line.time is not None), default=None)
        for asset in sorted(self._told.keys() - stated):
            held = None if last is None else self._held(asset, last)
            if held is not None and held[1]:
                yield rule.error(
                    [held[0]],
                    f"missing there: {statement.name} states no balance of {asset}",
                    found=held[1],
                    field=asset,
                )

    def _one(self, rule: Rule, line: Line) -> Iterator[Finding]:
        name, asset, at = self._statement.name, line.symbol or "", line.time
        if at is None or line.amount is None:
            return
        held = self._held(asset.upper(), at)
        if held is None:
            if line.amount:
                yield rule.error(
                    [],
                    f"missing here: the log tells no balance of {asset} at {iso(at)}, which row"
                    f" {line.row} of {name} states",
                    expected=line.amount,
                    field=f"{name} {asset} {iso(at)}",
                )
            return
        order, amount = held
        fraction = rule.log.options.tolerance
        rounding = max(self._statement.amount_tolerance, abs(amount) * FLOAT)
        limit = rounding if fraction is None else abs(amount) * fraction
        if abs(amount - line.amount) > limit:
            yield rule.error(
                [order],
                f"different amount: the balance of {asset} at {iso(at)}, row {line.row} of {name}",
                line.amount,
                amount,
                field=asset,
                tolerance=f"{limit.normalize():f}" if limit else "exact",
            )

    def _held(self, asset: str, at: int) -> tuple[int, Decimal] | None:
        """What the log last told by then, and at which order."""
        known = self._told.get(asset, [])
        place = bisect_right(known, at, key=lambda one: one[0])
        return None if place == 0 else known[place - 1][1:]
