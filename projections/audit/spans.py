"""Which transaction an event belongs to, told as the log goes by."""

from __future__ import annotations

from projections.event_dicts import Record


class Spans:
    """Follows the events by order, and knows the bundle that each stands in."""

    def __init__(self) -> None:
        self._root = self._last = 0

    def root(self, order: int, record: Record | None) -> int:
        """The outermost wrapper's order; the event's own where it is no detail of a bundle.

        A detail that was logged after its wrapper's transaction is one of its own.
        """
        if order > self._last:
            self._root = self._last = order
        if record is None or "detail_orders" not in record:
            return self._root
        details = record["detail_orders"]
        if isinstance(details, list) and details and type(details[-1]) is int:
            # A bundle that is damaged may say anything; the rule `links` finds it.
            self._last = max(self._last, min(details[-1], order + _MOST))
        return self._root


_MOST = 100_000
