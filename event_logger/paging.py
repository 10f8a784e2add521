"""A log a page at a time, from any order on: what a page of it needs is read, and no more.

Nothing here counts a whole log or skips rows: orders have no gaps, and what is filtered is looked
at in stretches until there is enough of it, or the time is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from domain.bundle import last_order_of
from domain.horizon import Horizon
from domain.moments import Moment
from event_logger.reader import LogReader
from event_logger.search import Criteria, Search
from infrastructure.auditing import identity_of
from infrastructure.reading import Records
from projections.entries import LogEntry
from projections.event_dicts import EventDict

_STRETCH = 2000
"""Orders that are looked at between two looks at the clock."""

_WRAPS = b'"detail_orders":'

_Stretch = Callable[[int, int], Iterable[EventDict]]
"""The wanted events among the orders from the first to the second."""


class Asked(NamedTuple):
    """What page is asked for: `most` events at most from order `start` on, or back from it.

    `seconds` is how long to look for them at most.
    """

    start: int
    most: int
    is_backwards: bool = False
    seconds: float = 2.0


class Found(NamedTuple):
    """The events of a page, by rising order, and the orders among which they were looked for.

    `is_complete` says that the page is full or the log's end was reached: nothing was left out
    because the time was over. Further ones are found back from `earlier`, and from `later` on.
    """

    events: list[EventDict]
    first: int
    last: int
    is_complete: bool
    earlier: int | None
    later: int | None


class LogPages:
    """What pages of one log need of it, as the reader knows it."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self._log = reader._log
        self.mode = self._log.mode
        self.opened_at = self._log.created_on

    @property
    def store(self) -> str:
        """The store's URL, without what would be a password."""
        return self._reader._logs.store.url

    @property
    def identity(self) -> str:
        """The log's identity."""
        return identity_of(self._reader._logs.store, self._log)

    def time_of(self, horizon: Horizon) -> str | None:
        """When the log came to this point, as ISO 8601 text; None: it was before format 2."""
        committed_at = self._reader._logs.store.reads.stored(self._log.id, horizon).committed_at
        return None if committed_at is None else str(Moment(committed_at))

    def raw(self, order: int) -> str:
        """The event's record as it is stored: JSON, in which nothing was changed since.

        Raises `UnknownOrderError`, or `CorruptLogError` for what is no record.
        """
        self._reader._event(order)
        ((_, state),) = self._reader._reading.rows(order, order)
        return state.decode()

    def records(self, first: int, last: int) -> Records:
        """The records of these orders with their present values; times as ISO 8601 text."""
        return self._reader._events().records(first, last, str)

    def entries(self, after: Horizon, limit: int) -> list[LogEntry]:
        """Up to `limit` entries after a horizon, in the order of their commit."""
        return self._reader._reading.entries(after, limit)

    def found(self, criteria: Criteria, asked: Asked) -> Found:
        """The page of the events for which all criteria hold.

        Raises `InvalidEventError` for a criterion that no event can meet.
        """
        wanted = Search.of(criteria)
        self._reader._require(*wanted.looked_up_in)
        first, last = wanted.orders or (None, None)
        bounds = _Bounds(first or 1, min(last or self._end(), self._end()))
        if wanted.looked_up_in:
            return self._looked_up(wanted, asked, bounds)
        size = asked.most if _is_plain(criteria) else _STRETCH
        return self._in_stretches(
            lambda low, high: self._of(criteria, low, high), asked, bounds, size
        )

    def bundles(self, asked: Asked) -> Found:
        """The page of the outermost wrappers."""
        return self._in_stretches(self._wrappers, asked, _Bounds(1, self._end()), _STRETCH)

    def bundle_size(self, order: int) -> int:
        """How many events the bundle of this event has, without details that were logged later."""
        record = self._reader._reading.record
        while (parent := record(order).get("parent_event")) is not None:
            order = parent
        return last_order_of(order, record(order), record) - order + 1

    def snapshot_before(self, order: int, within: int = 500) -> EventDict | None:
        """The nearest event before the order that has a snapshot, among the `within` before it.

        Raises `CorruptLogError` for one of them that is damaged.
        """
        high, size = order - 1, 1
        while high > max(0, order - 1 - within):
            low = max(1, high - size + 1)
            for event in reversed(list(self._reader._events().events(low, high))):
                if event["wallet_balance_after"] is not None:
                    return event
            # The nearest is mostly very near.
            high, size = low - 1, min(2 * size, 64)
        return None

    def _end(self) -> int:
        return self._reader.global_order

    def _of(self, criteria: Criteria, low: int, high: int) -> Iterator[EventDict]:
        reader = self._reader
        wanted = Search.of({**criteria, "orders": (low, high), "limit": None})
        rows = wanted.candidates(reader._logs.store.reads, reader._reading, self._log, high)
        return filter(wanted.is_wanted, reader._events().dicts(rows))

    def _looked_up(self, wanted: Search, asked: Asked, bounds: _Bounds) -> Found:
        reader = self._reader
        rows = wanted.candidates(reader._logs.store.reads, reader._reading, self._log, bounds.last)
        low, high = (1, asked.start) if asked.is_backwards else (asked.start, bounds.last)
        events = [
            event
            for event in reader._events().dicts(rows)
            if wanted.is_wanted(event) and low <= event["order"] <= high
        ]
        return _page(events, asked, bounds, bounds.first if asked.is_backwards else bounds.last)

    def _wrappers(self, low: int, high: int) -> Iterator[EventDict]:
        rows = self._reader._reading.rows_with(_WRAPS, low, high)
        return (
            event
            for event in self._reader._events().dicts(rows)
            if event["parent_event"] is None and event.get("detail_orders")
        )

    def _in_stretches(self, of: _Stretch, asked: Asked, bounds: _Bounds, size: int) -> Found:
        until = time.monotonic() + asked.seconds
        found: list[EventDict] = []
        reached = asked.start
        for low, high in _stretches(asked, bounds, size):
            if reached != asked.start and time.monotonic() > until:
                return _page(found, asked, bounds, reached, is_complete=False)
            events = of(low, high)
            found = [*events, *found] if asked.is_backwards else [*found, *events]
            reached = low if asked.is_backwards else high
            if len(found) >= asked.most:
                break
        return _page(found, asked, bounds, reached)


class _Bounds(NamedTuple):
    """The orders among which a page may be."""

    first: int
    last: int


def _page(
    found: list[EventDict], asked: Asked, bounds: _Bounds, reached: int, *, is_complete: bool = True
) -> Found:
    is_full = len(found) >= asked.most
    events = found[-asked.most :] if asked.is_backwards else found[: asked.most]
    end = reached
    if is_full and events:
        end = events[0 if asked.is_backwards else -1]["order"]
    low, high = (end, asked.start) if asked.is_backwards else (asked.start, end)
    low, high = max(low, 1), min(high, max(bounds.last, 1))
    has_more = is_full or not is_complete
    earlier = low - 1 if has_more or not asked.is_backwards else 0
    later = high + 1 if has_more or asked.is_backwards else bounds.last + 1
    return Found(
        events,
        low,
        high,
        is_complete,
        earlier if earlier >= bounds.first else None,
        later if later <= bounds.last else None,
    )


def _stretches(asked: Asked, bounds: _Bounds, size: int) -> Iterator[tuple[int, int]]:
    first, last = bounds
    if asked.is_backwards:
        for high in range(min(asked.start, last), first - 1, -size):
            yield max(first, high - size + 1), high
    else:
        for low in range(max(asked.start, first), last + 1, size):
            yield low, min(last, low + size - 1)


def _is_plain(criteria: Criteria) -> bool:
    return not any(value is not None for name, value in criteria.items() if name != "orders")
