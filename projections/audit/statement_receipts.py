"""Receipts of a chain, against the transactions that the log tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from domain.effects import UNDONE
from domain.event_values import EventValues
from domain.statuses import OPEN_STATUSES
from projections.audit.moments import microseconds
from projections.audit.rule import Finding, Rule
from projections.audit.statement import Line, Statement
from projections.audit.statement_matching import FLOAT
from projections.event_dicts import Record


@dataclass
class _Transaction:
    """One transaction as the log tells it, by all events that share its hash."""

    orders: list[int] = field(default_factory=list)
    gas_units: Decimal | None = None
    cost: Decimal | None = None
    block: int | None = None
    is_undone: bool = False
    is_open: bool = False
    is_outside: bool = True


class Receipts:
    """The transactions of the log, by hash."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._known: dict[str, _Transaction] = {}

    def take(self, order: int, now: Record) -> int:
        """The log tells of a transaction; how many events that is."""
        tx_hash = now.get("tx_hash")
        if not isinstance(tx_hash, str):
            return 0
        values = EventValues(now)
        one = self._known.setdefault(tx_hash.lower(), _Transaction())
        one.orders.append(order)
        one.gas_units = values.given_number("gas_units") if one.gas_units is None else one.gas_units
        one.cost = values.given_number("gas_cost_eth") if one.cost is None else one.cost
        one.block = now.get("block_number") if one.block is None else one.block
        one.is_undone |= now.get("status") in UNDONE
        one.is_open |= now.get("status") in OPEN_STATUSES
        times = (microseconds(now.get(name)) for name in ("timestamp", "completion_timestamp"))
        margin = self._statement.time_window
        one.is_outside &= not any(self._statement.period.holds(time, margin) for time in times)
        return 1

    def compared(self, rule: Rule) -> Iterator[Finding]:
        """Every receipt, and every transaction of the period that has none."""
        statement = self._statement
        seen: set[str] = set()
        for line in statement.lines:
            if not statement.period.holds(line.time) or line.id is None:
                continue
            tx_hash = line.id.lower()
            seen.add(tx_hash)
            known = self._known.get(tx_hash)
            if known is None:
                yield rule.error(
                    [],
                    f"missing here: row {line.row} of {statement.name}, transaction {line.id}",
                    expected=line.id,
                    field=f"{statement.name} {line.id}",
                )
            else:
                yield from self._differences(rule, line, known)
        for tx_hash, known in self._known.items():
            if tx_hash not in seen and not (known.is_outside or known.is_open or known.is_undone):
                yield rule.error(
                    known.orders,
                    f"missing there: {statement.name} has no receipt of order {known.orders[0]}",
                    found=tx_hash,
                    field=statement.name,
                )

    def _differences(self, rule: Rule, line: Line, known: _Transaction) -> Iterator[Finding]:
        where = f"row {line.row} of {self._statement.name} and order {known.orders[0]}"
        fraction = rule.log.options.tolerance
        pairs: list[tuple[str, str, Any, Any]] = [
            ("gas", "gas_units", line.amount, known.gas_units),
            ("fee", "gas_cost_eth", line.fee, known.cost),
            ("block", "block_number", line.block, known.block),
        ]
        for what, name, there, here in pairs:
            if there is None or here is None:
                continue
            limit = Decimal(0)
            if what == "fee":
                limit = abs(there) * (FLOAT if fraction is None else fraction)
                limit = max(limit, self._statement.fee_tolerance if fraction is None else limit)
            if abs(there - here) > limit:
                yield rule.error(
                    known.orders,
                    f"different {what}: {where}",
                    there,
                    here,
                    field=name,
                    tolerance=f"{limit.normalize():f}" if limit else "exact",
                )
        if line.failed is not None and line.failed != known.is_undone and not known.is_open:
            yield rule.error(
                known.orders,
                f"different outcome: {where}",
                "failed" if line.failed else "succeeded",
                "undone" if known.is_undone else "succeeded",
                field="status",
            )
