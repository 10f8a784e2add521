"""Atomic bundles: a wrapper and its details, flattened depth-first into contiguous orders.

What a bundle spans is said here and nowhere else: `last_order_of` and `wrapper_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import orjson

from domain.checks import text
from domain.errors import shown
from domain.sentences import sentence

Record = dict[str, Any]
ReadRecord = Callable[[int], Record]


def last_order_of(order: int, record: Record, read: ReadRecord) -> int:
    """The last order of the bundle that the event wraps; its own where it wraps nothing."""
    while details := record.get("detail_orders"):
        order = details[-1]
        record = read(order)
    return order


def wrapper_of(order: int, record: Record, read: ReadRecord) -> int:
    """The order of the outermost wrapper of the transaction that the event was logged in.

    An event that names a parent which was logged before it, in a transaction of its own, is no
    detail of that parent's bundle: a bundle's orders end with those of its details.
    """
    while (parent := record.get("parent_event")) is not None:
        wrapper = read(parent)
        details = wrapper.get("detail_orders")
        if not details or order > details[-1]:
            break
        order, record = parent, wrapper
    return order


def check_parent(order: int, record: Record) -> None:
    """Raises `ValueError` where the parent that the record names is no order before its own."""
    parent = record.get("parent_event")
    if parent is not None and not (type(parent) is int and 0 < parent < order):
        raise ValueError(f"its parent_event is {shown(parent)}")


class Step(int):
    """A step of a bundle being built: stands for its order, which exists after the block.

    Its value is the step's place in the bundle, depth-first, the wrapper being 0. Awaiting it gives
    the step itself at once, so that asynchronous code may await its steps as it awaits its orders.
    """

    def __await__(self) -> Generator[Any, None, Self]:
        yield from ()
        return self


def atomic_wrapper(
    timestamp: Any,
    bundle_name: Any,
    net_result: Any,
    position_snapshot: Any,
    event_data: dict[str, Any],
) -> dict[str, Any]:
    """The arguments of an atomic transaction's wrapper; raises for a name that is no text."""
    given = {name: value for name, value in event_data.items() if value is not None}
    return {
        "transaction_type": "ATOMIC_BUNDLE",
        "purpose": sentence("Atomic transaction: %s", bundle_name),
        "timestamp": timestamp,
        "event_type": "ATOMIC_TRANSACTION",
        "venue": "INSTADAPP",
        "token": "COMPOSITE",
        "amount": 1,
        "position_snapshot": position_snapshot,
        "bundle_name": text("bundle_name", bundle_name),
        "net_result": net_result,
        **given,
    }


class Piece(NamedTuple):
    """One event of a bundle: its record but for the links, which need orders.

    `parent_place` and `detail_places` count from the bundle's wrapper, 0; `steps` are places, too,
    while `related` and the wrapper's own `parent` are orders that the caller named.
    """

    before: bytes
    after: bytes
    event_id: str | None
    tx_hash: str | None
    parent: int | None
    related: tuple[int, ...] | None
    parent_place: int | None
    detail_places: tuple[int, ...] | None
    steps: tuple[int, ...]

    def state(self, first_order: int) -> bytes:
        """The record as JSON, the bundle's wrapper having `first_order`."""
        links: dict[str, Any] = {}
        if self.related is not None or self.steps:
            links["related_events"] = [
                *(self.related or ()),
                *(first_order + step for step in self.steps),
            ]
        if self.parent_place is not None:
            links["parent_event"] = first_order + self.parent_place
        if self.detail_places is not None:
            links["detail_orders"] = [first_order + place for place in self.detail_places]
        between = b"," + orjson.dumps(links)[1:-1] if links else b""
        return self.before + between + self.after


@dataclass(frozen=True, slots=True)
class Bundle:
    """A wrapper and its details, checked and captured; logged whole under contiguous orders."""

    pieces: tuple[Piece, ...]

    @property
    def size(self) -> int:
        """How many orders it takes."""
        return len(self.pieces)


class BundlePiece(NamedTuple):
    """A bundle's event as it waits to be numbered: which bundle, and its place there."""

    bundle: Bundle
    place: int

    @property
    def event_id(self) -> str | None:
        """The caller's key, where it has one."""
        return self.bundle.pieces[self.place].event_id

    def state_at(self, order: int) -> bytes:
        """Its record as JSON when it has this order."""
        return self.bundle.pieces[self.place].state(order - self.place)
