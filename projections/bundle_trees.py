"""Wrapper and detail events as trees of any depth."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from projections.event_dicts import EventDict

Tree = dict[str, Any]
"""`{"event": event, "details": [trees]}`, details by rising order."""


class BundleTrees:
    """Builds the trees of the events folded in, by their `parent_event`.

    An event whose parent is not among them is a root; folding the parent's half before or after
    gives the same trees.
    """

    def __init__(self) -> None:
        self._events: dict[int, EventDict] = {}

    def fold(self, events: Iterable[EventDict]) -> Self:
        """Fold in further events, in any order; one already there stays as it is."""
        for event in events:
            self._events.setdefault(event["order"], event)
        return self

    def trees(self) -> list[Tree]:
        """The trees of all roots, by rising order; an event on its own is a tree without details.

        A parent's order is always lower than its details', so no depth needs recursion.
        """
        trees: dict[int, Tree] = {}
        roots: list[Tree] = []
        for order in sorted(self._events):
            event = self._events[order]
            tree = trees[order] = {"event": event, "details": []}
            parent = trees.get(event["parent_event"]) if event["parent_event"] else None
            (roots if parent is None else parent["details"]).append(tree)
        return roots
