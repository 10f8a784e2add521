"""Faults of structure and of completeness: what is there twice, or late, or not at all."""

from __future__ import annotations

from random import Random

from tests.audit.planting import Plant, Run, order_in


def _dropped(run: Run, random: Random) -> tuple[int, ...]:
    """An event is stored under no order."""
    lost = random.choice(run[1:-1])
    place = order_in(run, lost)
    lost["stored"] = {"event_type": "lost"}
    return (place,)


PLANTS = [
    Plant("an event of no known type's form", "schema", _dropped),
]
