"""What a rule could not judge, told in spans, so that a long log does not make a long list."""

from __future__ import annotations

from projections.audit.rule import Rule


class Gaps:
    """For each reason the first and the last order, and how many there were."""

    def __init__(self) -> None:
        self._spans: dict[str, list[int]] = {}

    def note(self, order: int, why: str) -> None:
        """Note that an event could not be judged."""
        span = self._spans.setdefault(why, [order, order, 0])
        span[1] = order
        span[2] += 1

    def tell(self, rule: Rule) -> None:
        """Have the rule say what it could not judge."""
        for why, (first, last, count) in self._spans.items():
            if first == last:
                rule.could_not((first,), f"{why} at order {first}")
            else:
                rule.could_not((first, last), f"{why} at orders {first} to {last}: {count} events")
