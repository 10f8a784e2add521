"""The status board: how many events are in which status, and which are still open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Self

from projections.event_dicts import Record

COMPLETED = "completed"
"""The status of every event of a backtest."""


class LiveStatus:
    """Counts by status, venue and event type. In a backtest every event is completed when logged,
    so that nothing is ever open, stuck or waiting for confirmation.
    """

    def __init__(self) -> None:
        self._by_venue: Counter[str] = Counter()
        self._by_type: Counter[str] = Counter()

    def fold(self, events: Iterable[tuple[int, Record]]) -> Self:
        """Fold in further events."""
        for _, record in events:
            self._by_venue[record["venue"]] += 1
            self._by_type[record["event_type"]] += 1
        return self

    def join(self, later: LiveStatus) -> Self:
        """Fold in what another board folded from further events."""
        self._by_venue.update(later._by_venue)
        self._by_type.update(later._by_type)
        return self

    def as_dict(self) -> dict[str, Any]:
        """The board under the names that `live_status` promises."""
        total = self._by_type.total()
        return {
            "counts": {COMPLETED: total} if total else {},
            "by_venue": _by_status(self._by_venue),
            "by_type": _by_status(self._by_type),
            "open": [],
            "stuck": [],
            "confirmation_seconds": {"median": None, "p95": None},
        }


def _by_status(counts: Counter[str]) -> dict[str, dict[str, int]]:
    return {name: {COMPLETED: count} for name, count in counts.items()}
