"""What is compared: a log or an export, as records that can be read through and looked up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from projections.event_dicts import Record

_AT_ONCE = 500


class Run(Protocol):
    """One of the two. Records have their present values, times as ISO 8601 text.

    `told_in_text` says that it comes from a file whose cells are text: what was text and what a
    number is then known of the declared fields alone.
    """

    name: str
    """What people call it: the store and the log, or the file."""
    log: str | None
    mode: str
    metadata: Mapping[str, Any]
    identity: str | None
    horizon: str | None
    told_in_text: bool

    def records(self) -> Iterator[tuple[int, Record, bytes | None]]:
        """All records with their orders, 1, 2, 3 …; raises where one is damaged.

        With each the JSON that it was decoded from, where all that it says now stands in that.
        """

    def at(self, orders: Sequence[int]) -> dict[int, Record]:
        """The records of these orders."""


class Lookup:
    """Records of a run by order, those asked for last being kept."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._kept: dict[int, Record] = {}

    def record(self, order: int) -> Record:
        """The record of an order."""
        if order not in self._kept:
            self.fetch([order])
        return self._kept[order]

    def fetch(self, orders: Iterable[int]) -> None:
        """Read what will be asked for, many at a time; some of what was kept is let go of."""
        wanted = {*orders}
        if len(self._kept.keys() | wanted) > 2 * _AT_ONCE:
            self._kept = {order: self._kept[order] for order in self._kept.keys() & wanted}
        self._kept |= self._run.at(sorted(wanted - self._kept.keys()))


def in_batches(orders: Iterable[int]) -> Iterator[list[int]]:
    """The orders, so many at a time as are read together."""
    rest = iter(orders)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


def ranges(orders: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Rising orders as (first, last) of what stands together, small gaps being read over."""
    first = last = 0
    for order in orders:
        if first and order - last <= _SMALL_GAP:
            last = order
            continue
        if first:
            yield first, last
        first = last = order
    if first:
        yield first, last


_SMALL_GAP = 4
