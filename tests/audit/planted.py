"""Every fault that is planted; each is found by the rule that is named for it, and only once."""

from __future__ import annotations

from tests.audit import (
    planted_arithmetic,
    planted_bundles,
    planted_completeness,
    planted_conservation,
    planted_funding,
    planted_structure,
)
from tests.audit.planting import Plant

PLANTS: list[Plant] = [
    *planted_structure.PLANTS,
    *planted_funding.PLANTS,
    *planted_completeness.PLANTS,
    *planted_conservation.PLANTS,
    *planted_bundles.PLANTS,
    *planted_arithmetic.PLANTS,
]
