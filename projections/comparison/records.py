"""The records of two runs, where keys and digests do not tell enough."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from domain.event_values import EXACT
from domain.values import canonical
from projections.comparison.fields import NOT_CONTENT, flat
from projections.comparison.fingerprints import DIGEST_BYTES
from projections.comparison.parts import amount_of
from projections.comparison.run import Lookup, Run
from projections.comparison.values import Judge, without_figures
from projections.event_dicts import Record


class Records:
    """Looks up records of either side, and says what the alignment asks of them."""

    def __init__(self, a: Run, b: Run, judge: Judge) -> None:
        self.judge = judge
        self.sides = Lookup(a), Lookup(b)

    def record(self, side: int, order: int) -> Record:
        """The record of an order of a side."""
        return self.sides[side].record(order)

    def content(self, side: int, order: int) -> bytes:
        """A digest of the event's content, the same however its numbers are written."""
        said = {
            name: self._plain(name, value)
            for name, value in flat(self.record(side, order)).items()
            if name not in NOT_CONTENT and not self.judge.is_unset(value)
        }
        return blake2b(canonical(said), digest_size=DIGEST_BYTES).digest()

    def are_parts(self, side: int, whole: int, parts: Sequence[int]) -> bool:
        """Whether the parts, of the other side, add up to no more than the whole."""
        ordered = amount_of(self.record(side, whole))
        if ordered is None or ordered <= 0:
            return False
        total = Decimal(0)
        for part in parts:
            amount = amount_of(self.record(1 - side, part))
            if amount is None or amount < 0:
                return False
            total = EXACT.add(total, amount)
        return total <= EXACT.multiply(ordered, EXACT.add(Decimal(1), self.judge.tolerance))

    def _plain(self, name: str, value: Any) -> Any:
        if name == "purpose" and isinstance(value, str):
            return without_figures(value)
        if isinstance(value, dict):
            return {key: self._plain("", item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._plain("", item) for item in value]
        number = self.judge.number(value)
        if number is not None:
            return f"# {_shortest(number)}"
        if isinstance(value, bool) and self.judge.in_text:
            return str(value)
        return value


def _shortest(number: Decimal) -> str:
    """The number without the noughts at its end, to the last digit."""
    return str(number.normalize(EXACT)) if number else "0"
