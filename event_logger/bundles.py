"""Bundles read back as trees, those of their details included that were logged later."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from domain.bundle import last_order_of
from event_logger.event_sequence import ReadEvents
from infrastructure.reading import LogReading
from projections.bundle_trees import BundleTrees, Tree
from projections.event_dicts import EventDict

LateDetails = Callable[[], list[tuple[int, int]]]
"""The (parent, detail) orders of details that were logged after their parent's transaction."""


class BundleReading:
    """The bundles of one log."""

    def __init__(self, events: ReadEvents, reading: LogReading, late_details: LateDetails) -> None:
        self._events = events
        self._reading = reading
        self._late_details = late_details

    def tree(self, event: EventDict) -> Tree:
        """The whole bundle that the event belongs to."""
        while event["parent_event"] is not None:
            event = next(self._events(event["parent_event"], event["parent_event"]))
        late: dict[int, list[int]] = {}
        for parent, detail in self._late_details():
            late.setdefault(parent, []).append(detail)
        trees = BundleTrees()
        starts = [event["order"]]
        while starts:
            start = starts.pop()
            span = range(start, self._last_order(start) + 1)
            trees.fold(self._events(span[0], span[-1]))
            starts += [further for order in span for further in late.get(order, ())]
        (tree,) = trees.trees()
        return tree

    def trees(self, last: int) -> Iterator[Tree]:
        """The trees of all bundles up to an order, by rising order of their outermost wrapper."""
        late_parents = {parent for parent, _ in self._late_details()}
        events = self._events(1, last)
        for event in events:
            if event["parent_event"] is not None:
                continue
            order = event["order"]
            end = self._last_order(order) if "detail_orders" in event else order
            bundle = [event, *(next(events) for _ in range(end - order))]
            if not late_parents.isdisjoint(range(order, end + 1)):
                yield self.tree(event)
            elif "detail_orders" in event:
                yield from BundleTrees().fold(bundle).trees()

    def _last_order(self, order: int) -> int:
        record = self._reading.record(order)
        return last_order_of(order, record, self._reading.record)
