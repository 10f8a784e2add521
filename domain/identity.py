"""Idempotency: what was logged under an `event_id` before is not logged again.

Whether two loggings say the same is judged by their records, so that a conflict can name the fields
that differ; the times and the snapshot may.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Protocol

from domain.bundle import Bundle, BundlePiece, Piece
from domain.errors import EventIdConflictError, UnknownOrderError
from domain.event_types import TELLING_TYPES
from domain.event_values import decimal_of, is_nan
from domain.fields import NOT_CONTENT
from domain.intake import Entry, LinkedEntry, PlainEntry
from domain.statuses import COMPLETED
from domain.values import decode

Item = Entry | Bundle
"""What one call logs."""

Cell = Entry | BundlePiece
"""One event of an item, as it waits for its order."""


_BEGIN = ("status", COMPLETED)


class Earlier(Protocol):
    """What a log holds before the items that are being judged."""

    def order_of(self, event_id: str) -> int | None:
        """The order that was logged under this event_id."""

    def states(self, first: int, last: int) -> Sequence[bytes]:
        """The stored records of the orders first … last, as many of them as there are."""


def cells_of(item: Item) -> list[Cell]:
    """The events of the item, one a cell."""
    if isinstance(item, Bundle):
        return [BundlePiece(item, place) for place in range(item.size)]
    return [item]


def event_id_of(cell: Cell) -> str | None:
    """The caller's key, where the event has one."""
    return None if isinstance(cell, PlainEntry) else cell.event_id


def state_of(cell: Cell, order: int) -> bytes:
    """The event's record as JSON when it has this order."""
    return cell if isinstance(cell, PlainEntry) else cell.state_at(order)


def settle(item: Item, first_order: int, earlier: Earlier) -> range | None:
    """The orders under which the same was logged before; None when it is new.

    `first_order` is what a new item gets. Raises `EventIdConflictError` for an event_id that stands
    for something else, `UnknownOrderError` for a link to an order that is not there yet.
    """
    if isinstance(item, PlainEntry):
        return None
    for place, event_id in _event_ids(item):
        order = earlier.order_of(event_id)
        if order is not None:
            return _repeated(item, place, event_id, order, earlier)
    refuse_unknown_orders(item, first_order)
    return None


def refuse_unknown_orders(item: LinkedEntry | Bundle, first_order: int) -> None:
    """Raises `UnknownOrderError` for a link to an order that the item's own would not follow."""
    last = first_order - 1
    pieces: Sequence[LinkedEntry | Piece] = item.pieces if isinstance(item, Bundle) else (item,)
    for place, piece in enumerate(pieces):
        if piece.parent is not None and piece.parent > last + place:
            raise UnknownOrderError(piece.parent, last, "parent_event")
        for order in piece.related or ():
            if order > last + place:
                raise UnknownOrderError(order, last, "related_events")


def _event_ids(item: LinkedEntry | Bundle) -> Iterator[tuple[int, str]]:
    if not isinstance(item, Bundle):
        if item.event_id is not None:
            yield 0, item.event_id
        return
    seen: dict[str, int] = {}
    for place, piece in enumerate(item.pieces):
        if piece.event_id is None:
            continue
        if piece.event_id in seen:
            raise EventIdConflictError(piece.event_id, None, ())
        seen[piece.event_id] = place
        yield place, piece.event_id


def _repeated(
    item: LinkedEntry | Bundle, place: int, event_id: str, order: int, earlier: Earlier
) -> range:
    first = order - place
    orders = range(first, first + item.size)
    stored = earlier.states(max(first, 1), orders[-1]) if first > 0 else ()
    if len(stored) != item.size:
        stored = earlier.states(order, order)
        new = state_of(cells_of(item)[place], order)
        raise EventIdConflictError(event_id, order, _differing(new, stored[0]) or ("bundle",))
    for at, (cell, there) in enumerate(zip(cells_of(item), stored, strict=True)):
        differing = _differing(state_of(cell, first + at), there)
        if differing:
            raise EventIdConflictError(event_id, order, differing)
    return orders


def _differing(new: bytes, stored: bytes) -> tuple[str, ...]:
    mine, theirs = _content(new), _content(stored)
    if mine["event_type"] in TELLING_TYPES and "status" not in theirs:
        # Before there were statuses at logging, no log said what such events begin with.
        mine = {name: value for name, value in mine.items() if (name, value) != _BEGIN}
    names = dict.fromkeys((*mine, *theirs))
    return tuple(name for name in names if not _is_same(mine.get(name), theirs.get(name)))


def _content(state: bytes) -> dict[str, Any]:
    record = decode(state, str)
    extra: dict[str, Any] = record.pop("extra", {})
    return {name: value for name, value in record.items() if name not in NOT_CONTENT} | extra


def _is_same(one: Any, other: Any) -> bool:
    """Whether both read the same: numbers by their value, dicts whatever their keys' order."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if _is_number(one) and _is_number(other):
        # Asked first: a signaling NaN cannot even be compared.
        if is_nan(one) or is_nan(other):
            return is_nan(one) and is_nan(other)
        # A float by its shortest digits, too: 0.1 is the tenth that was meant.
        return bool(one == other or _have_same_digits(one, other))
    return type(one) is type(other) and bool(one == other)


def _have_same_digits(one: Any, other: Any) -> bool:
    digits = decimal_of(one)
    return digits is not None and digits == decimal_of(other)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
