"""Two events that stand in each other's place, told by what their snapshots show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from domain.effects import movements
from domain.event_values import EXACT
from projections.audit.books import Off
from projections.audit.figures import ZERO
from projections.audit.rule import Finding


class Wrong(NamedTuple):
    """An event whose snapshot is not what the events give, in which balances, and what is said."""

    record: Mapping[str, Any]
    off: Sequence[Off]
    finding: Finding


def lacks(
    one: Wrong, record: Mapping[str, Any], off: Sequence[Off]
) -> Mapping[str, Decimal] | None:
    """What the snapshot of an event lacks, which stands in the place of the one before, and that in
    its; None where the two stand in their own.

    The first then shows what the second moves, too, and the second not what the first moved.
    """
    first, second = _moved(one.record), _moved(record)
    found = {
        name: EXACT.add(amount, second.get(name, ZERO)).copy_negate()
        for name, amount in first.items()
    }
    are_swapped = bool(first) and _are_off(one.off, second) and _are_off(off, found)
    return first if are_swapped else None


def _moved(record: Mapping[str, Any]) -> dict[str, Decimal]:
    moved: dict[str, Decimal] = {}
    for one in movements(record):
        name = f"{one.account}.{one.asset}"
        moved[name] = EXACT.add(moved.get(name, ZERO), one.amount)
    return moved


def _are_off(off: Sequence[Off], by: Mapping[str, Decimal]) -> bool:
    """Whether these balances, and no others, are off by so much."""
    due = {name: amount for name, amount in by.items() if amount}
    return due.keys() == {one.name for one in off} and all(
        abs(EXACT.subtract(EXACT.subtract(one.found, one.expected), due[one.name])) <= one.allowed
        for one in off
    )
