"""Searching a log: which events are wanted, and the shortest way to those that may be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, TypedDict

import orjson

from domain.audit_log import AuditLog
from domain.errors import CorruptLogError, InvalidEventError, InvalidTimestampError, shown
from domain.pairs import venues_in
from domain.tags import plain_number
from domain.times import checked_time, iso_of_text
from infrastructure.reading import LogReading, Rows
from infrastructure.store import Reads
from infrastructure.timestamps import timestamp_of
from projections.event_dicts import EventDict

if TYPE_CHECKING:
    import pandas as pd

    from projections.status_board import Only


class Criteria(TypedDict, total=False):
    """What an event is searched by; all that is given must hold.

    `venue` is also either side of a transfer; `tx_hash` any that the event's transaction ever had;
    `text` a part of the purpose; `parent` the wrapper's order; `orders` the first and the last
    order (None: no bound); `since` is included, `until` is not; `limit` is how many at most.
    """

    event_type: str | None
    venue: str | None
    token: str | None
    status: str | None
    tx_hash: str | None
    event_id: str | None
    text: str | None
    parent: int | None
    orders: tuple[int | None, int | None] | None
    since: datetime | str | None
    until: datetime | str | None
    limit: int | None


@dataclass(frozen=True)
class Search:
    """`Criteria`, checked, of an event as it reads now."""

    event_type: str | None = None
    venue: str | None = None
    token: str | None = None
    status: str | None = None
    tx_hash: str | None = None
    event_id: str | None = None
    text: str | None = None
    parent: int | None = None
    orders: tuple[int | None, int | None] | None = None
    since: pd.Timestamp | None = None
    until: pd.Timestamp | None = None
    limit: int | None = None

    @classmethod
    def of(cls, criteria: Criteria) -> Self:
        """The search; raises `InvalidEventError` for what no event can have."""
        given: dict[str, Any] = dict(criteria)
        for name in _TEXTS & given.keys():
            _checked_filter(name, given[name])
        for name, least in (("parent", 1), ("limit", 0)):
            given[name] = _whole_number(name, given.get(name), least)
        given["orders"] = _order_range(given.get("orders"))
        for name in ("since", "until"):
            if given.get(name) is not None:
                given[name] = checked_moment(name, given[name])
        return cls(**given)

    @property
    def looked_up_in(self) -> list[str]:
        """The indexes that it goes by."""
        keys = {
            "transaction_hashes": self.tx_hash,
            "event_ids": self.event_id,
            "late_details": self.parent,
        }
        return [name for name, key in keys.items() if key is not None]

    def is_wanted(self, event: EventDict) -> bool:
        """Whether an event among the candidates is wanted."""
        return (
            (self.event_type is None or event["event_type"] == self.event_type)
            and (self.venue is None or self.venue in venues_of(event))
            and (self.token is None or event["token"] == self.token)
            and (self.status is None or event["status"] == self.status)
            and (self.event_id is None or event["event_id"] == self.event_id)
            and (self.text is None or self.text in (event["purpose"] or ""))
            and (self.parent is None or event["parent_event"] == self.parent)
            and (self.since is None or event["timestamp"] >= self.since)
            and (self.until is None or event["timestamp"] < self.until)
        )

    def candidates(self, reads: Reads, reading: LogReading, log: AuditLog, last_order: int) -> Rows:
        """The rows among which all wanted events are; a look-up by a key does not scan."""
        asked_first, asked_last = self.orders or (None, None)
        first = 1 if asked_first is None else max(asked_first, 1)
        last = last_order if asked_last is None else min(asked_last, last_order)
        orders = self._looked_up(reads, reading, log)
        if orders is not None:
            wanted = sorted({order for order in orders if first <= order <= last})
            return (row for order in wanted for row in reading.rows(order, order))
        needle = self._needle()
        if needle is None:
            return reading.rows(first, last)
        return reading.rows_with(needle, first, last)

    def _looked_up(self, reads: Reads, reading: LogReading, log: AuditLog) -> Iterable[int] | None:
        """The orders under the keys that are given; None where there is none, and all may be."""
        if self.tx_hash is not None:
            # What `is_wanted` cannot judge: an event shows the last hash it had.
            return self._of_the_hash(self.tx_hash, reads, reading, log)
        if self.event_id is not None:
            order = reads.order_of(log.id, self.event_id)
            if order is not None and reading.record(order).get("event_id") != self.event_id:
                found = f"the index of event_ids leads from {shown(self.event_id)} to it"
                raise CorruptLogError(log.name, order, f"{found}, and it has another or none")
            return [] if order is None else [order]
        if self.parent is not None:
            return self._details(reads, reading, log, self.parent)
        return None

    def _of_the_hash(
        self, tx_hash: str, reads: Reads, reading: LogReading, log: AuditLog
    ) -> Iterator[int]:
        # The details of a bundle share their wrapper's transaction.
        for wrapper in reads.orders_with_hash(log.id, tx_hash):
            yield from (order for order, _ in reading.bundle_records(wrapper))

    def _details(
        self, reads: Reads, reading: LogReading, log: AuditLog, parent: int
    ) -> Iterator[int]:
        if 1 <= parent <= reading.horizon().order:
            yield from reading.record(parent).get("detail_orders", ())
        yield from (order for wrapper, order in reads.late_details(log.id) if wrapper == parent)

    def _needle(self) -> bytes | None:
        """Bytes that the record of every wanted event holds."""
        if self.event_type is not None:
            return orjson.dumps({"event_type": self.event_type})[1:-1]
        if self.token is not None:
            return orjson.dumps({"token": self.token})[1:-1]
        part = self.venue if self.venue is not None else self.text
        return None if part is None else orjson.dumps(part)[1:-1]


_TEXTS = Criteria.__annotations__.keys() - {"parent", "orders", "since", "until", "limit"}


def checked_text(name: str, value: Any) -> None:
    """Raises `InvalidEventError` for what is no text, or none that a log can hold."""
    if value is None:
        return
    try:
        if isinstance(value, str):
            value.encode()
            return
    except UnicodeEncodeError:
        pass
    raise InvalidEventError(name, value, f"must be text of valid Unicode, not {shown(value)}")


def checked_bound(name: str, value: Any, otherwise: Any) -> int:
    """The first or last order of a range, under either of its names.

    Raises `InvalidEventError` for what is no whole number of zero or more.
    """
    value = otherwise if value is None else value
    plain = plain_number(value)
    if not isinstance(plain, int) or isinstance(plain, bool) or plain < 0:
        raise InvalidEventError(name, value, f"must be a whole number, not {shown(value)}")
    return int(plain)


def checked_only(event_type: Any, venue: Any, status: Any) -> Only:
    """What a status board is asked for; raises `InvalidEventError` for blank, or no text."""
    from projections.status_board import Only

    only = Only(event_type, venue, status)
    for name, value in only._asdict().items():
        _checked_filter(name, value)
    return only


def _checked_filter(name: str, value: Any) -> None:
    """Raises `InvalidEventError` for what is no text, or blank."""
    checked_text(name, value)
    if value is not None and not value.strip():
        raise InvalidEventError(name, value, f"must be text that is not blank, not {shown(value)}")


def _order_range(orders: Any) -> tuple[int | None, int | None] | None:
    if orders is None:
        return None
    if not isinstance(orders, tuple | list) or len(orders) != 2:
        raise InvalidEventError(
            "orders", orders, f"must be the first and the last order, not {shown(orders)}"
        )
    first, last = orders
    return _whole_number("orders", first, 1), _whole_number("orders", last, 1)


def _whole_number(name: str, value: Any, least: int) -> int | None:
    plain = plain_number(value)
    if plain is None:
        return None
    if not isinstance(plain, int) or isinstance(plain, bool) or (least == 0 and plain < 0):
        raise InvalidEventError(name, value, f"must be a whole number, not {shown(value)}")
    if plain < least:
        raise InvalidEventError(name, value, f"must be an order (1, 2, 3 …), not {shown(value)}")
    return int(plain)


def checked_moment(field: str, value: Any) -> pd.Timestamp:
    """The time of a `datetime`, a `pandas.Timestamp` or ISO 8601 text with a date; in UTC.

    Raises `InvalidTimestampError` for anything else.
    """
    iso = iso_of_text(field, value) if isinstance(value, str) else checked_time(field, value)
    try:
        moment: pd.Timestamp = timestamp_of(iso)
    except ValueError:
        raise InvalidTimestampError(
            field, value, f"{iso} is beyond what nanoseconds can tell; leave them out"
        ) from None
    return moment


def venues_of(event: EventDict) -> tuple[Any, ...]:
    """The venues that an event is at: of a transfer, its two sides as well."""
    return (*venues_in(event["venue"]), event.get("from_venue"), event.get("to_venue"))
