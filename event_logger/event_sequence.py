"""The events of a log as a sequence that reads only what is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import overload

from projections.event_dicts import EventDict

ReadEvents = Callable[[int, int], Iterator[EventDict]]
"""Reads the events of the orders first … last, in order."""


class EventSequence(Sequence[EventDict]):
    """A read-only view of the events with these orders; slices are views too.

    Indexing reads one event, iterating reads a page at a time. Equal to any sequence of equal
    events.
    """

    def __init__(self, read: ReadEvents, orders: range) -> None:
        self._read = read
        self._orders = orders

    def __len__(self) -> int:
        return len(self._orders)

    @overload
    def __getitem__(self, index: int) -> EventDict: ...
    @overload
    def __getitem__(self, index: slice) -> EventSequence: ...
    def __getitem__(self, index: int | slice) -> EventDict | EventSequence:
        """The event at an index, counted from 0 as in any list, or the view of a slice."""
        if isinstance(index, slice):
            return EventSequence(self._read, self._orders[index])
        try:
            order = self._orders[index]
        except IndexError:
            problem = f"there are {len(self)} events, and none at index {index}"
            raise IndexError(problem) from None
        return next(self._read(order, order))

    def __iter__(self) -> Iterator[EventDict]:
        if self._orders.step == 1:
            if self._orders:
                yield from self._read(self._orders[0], self._orders[-1])
            return
        for order in self._orders:
            yield next(self._read(order, order))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        span = f", orders {self._orders[0]} to {self._orders[-1]}" if self._orders else ""
        return f"<{len(self)} events{span}>"
