"""Bundles as steps and as branches: what a page draws of a tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from domain.effects import movements
from projections.bundle_trees import Tree

_DEEPEST = 40
"""Deeper steps are drawn as if they were so deep: details of details may be logged without end."""
_DEEPEST_FOLDED = 8


def steps_of(tree: Tree) -> Iterator[dict[str, Any]]:
    """The tree's events depth first, each with its depth and what it moved."""
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        event = node["event"]
        yield {
            "event": event,
            "depth": depth,
            "is_wrapper": bool(node["details"]),
            "moved": [] if node["details"] else list(movements(event)),
        }
        waiting += [(one, depth + 1) for one in reversed(node["details"])]


def nested(steps: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The steps as branches again, as far as they are shown."""
    roots: list[dict[str, Any]] = []
    path: list[dict[str, Any]] = []
    for step in steps:
        branch = step | {"below": []}
        del path[min(step["depth"], _DEEPEST) :]
        (path[-1]["below"] if path else roots).append(branch)
        path.append(branch)
    return roots


def depth_of(steps: Sequence[dict[str, Any]]) -> int:
    """To how many depths the steps can be folded."""
    return min(_DEEPEST_FOLDED, max((step["depth"] for step in steps), default=0))
