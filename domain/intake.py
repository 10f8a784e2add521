"""Intake: a caller's arguments, checked and captured, before anything is locked or numbered.

What comes out refers to nothing of the caller's any more, and needs only an order to be logged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from domain.bundle import Bundle
from domain.bundle_planner import BundlePlanner
from domain.checks import number, snapshot, text
from domain.errors import InvalidTimestampError, ReservedFieldError
from domain.event_types import LOGGED_TYPES, checked_event_type, refuse_of_the_log
from domain.fields import EVENT_DATA_CHECKS, RESERVED_FIELDS
from domain.fills import refuse_logged_fill
from domain.judging import Changes
from domain.logged_status import logged_status
from domain.tags import plain_number
from domain.times import checked_time, is_on_the_hour, now
from domain.updates import checked_update
from domain.values import decode, encode

Record = dict[str, Any]
"""An event as it is stored: the fields of `domain.fields.Event` that were given."""

_KNOWN_TYPES = dict.fromkeys(LOGGED_TYPES)


PlainEntry = bytes
"""An event that names no other and is found by its order alone: its record as JSON is all of it."""


class LinkedEntry(NamedTuple):
    """One event with a key or a link, ready to be logged under whatever order it gets."""

    state: bytes
    event_id: str | None = None
    tx_hash: str | None = None
    parent: int | None = None
    related: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """How many orders it takes."""
        return 1

    def state_at(self, order: int) -> bytes:
        """Its record as JSON, which is the same under any order."""
        return self.state


Entry = PlainEntry | LinkedEntry
"""One event as it was taken in."""


@dataclass
class LoggingRules:
    """What one logger asks of the events that it logs; not stored with the log.

    `takes_words_of_the_log` is for the log itself, and for what once happened to another log.
    """

    hourly_timestamps: bool = True
    strict_event_types: bool = False
    include_balance_snapshots: bool = True
    is_live: bool = False
    takes_words_of_the_log: bool = False

    # One attribute, replaced as a whole: bundles are built in threads of their own.
    _last: tuple[object, str] = (None, "")

    def iso_timestamp(self, value: Any) -> str:
        """The trigger time as ISO 8601 UTC text, on the hour where these rules ask for it."""
        iso = checked_time("timestamp", value)
        if self.hourly_timestamps and not is_on_the_hour(iso):
            raise InvalidTimestampError(
                "timestamp",
                value,
                f"{iso} is not on the hour; floor it, or open the log with hourly_timestamps=False",
            )
        self._last = (value, iso)
        return iso

    def record(
        self,
        recorded_at: str,
        timestamp: Any,
        event_type: Any,
        venue: Any,
        token: Any,
        amount: Any,
        position_snapshot: Any,
        event_data: dict[str, Any],
    ) -> Record:
        """The checked record of one event.

        Raises `InvalidEventError`, naming the field, for the first that cannot be logged.
        """
        if type(event_type) is not str or event_type not in _KNOWN_TYPES or self.strict_event_types:
            event_type = checked_event_type(event_type, strict=self.strict_event_types)
            if not self.takes_words_of_the_log:
                refuse_of_the_log(event_type)
        last, iso = self._last
        record: Record = {
            "recorded_at": recorded_at,
            "timestamp": iso if iso and timestamp is last else self.iso_timestamp(timestamp),
            "event_type": event_type,
            "venue": text("venue", venue),
        }
        if token is not None:
            record["token"] = text("token", token)
        if amount is not None:
            record["amount"] = number("amount", amount)
        if position_snapshot is not None and self.include_balance_snapshots:
            record["position_snapshot"] = snapshot("position_snapshot", position_snapshot)
        extra = {}
        status = None
        for name, value in event_data.items():
            check = _CHECKS(name)
            if check is None:
                if name == "status":
                    status = value
                    continue
                if name in RESERVED_FIELDS:
                    raise ReservedFieldError(
                        name, value, "is filled in by the log; give the extra another name"
                    )
                extra[name] = value
            elif value is not None:
                record[name] = check(name, value)
        if "filled_amount" in record:
            refuse_logged_fill(record)
        if status is not None or self.is_live:
            status = logged_status(record, status, is_live=self.is_live)
            if status is not None:
                record["status"] = status
        if extra:
            record["extra"] = extra
        return record


_CHECKS = EVENT_DATA_CHECKS.get
_KEYS_AND_LINKS = frozenset({"event_id", "tx_hash", "parent_event", "related_events"})


class Intake:
    """Checks and captures what is to be logged; safe to call from any thread."""

    def __init__(self, rules: LoggingRules) -> None:
        self.rules = rules

    def event(
        self,
        timestamp: Any,
        event_type: Any,
        venue: Any,
        token: Any,
        amount: Any,
        position_snapshot: Any,
        event_data: dict[str, Any],
    ) -> Entry:
        """One event; raises `InvalidEventError`, naming the field."""
        record = self.rules.record(
            now(), timestamp, event_type, venue, token, amount, position_snapshot, event_data
        )
        state = encode(record)
        if _KEYS_AND_LINKS.isdisjoint(record):
            return state
        given = record.get
        return LinkedEntry(
            state,
            given("event_id"),
            given("tx_hash"),
            given("parent_event"),
            tuple(given("related_events", ())),
        )

    def bundle(self, wrapper: dict[str, Any], detail_events: Sequence[Any]) -> Bundle:
        """An event and, under it, its details; `wrapper` holds what `log_event` takes.

        Details take the wrapper's timestamp unless they bring their own, and may themselves hold
        `detail_events`. Raises `InvalidEventError`, its path naming the detail.
        """
        planner = BundlePlanner(self.rules.record, now(), wrapper["timestamp"])
        planner.add_wrapper(wrapper, detail_events)
        return planner.captured()

    def update(self, order: int, changes: Any) -> Update:
        """An update of a live event, captured; raises `InvalidUpdateError`."""
        update = checked_update(order, changes)
        snapshot = update.pop("position_snapshot", None)
        if snapshot is not None and self.rules.include_balance_snapshots:
            captured = decode(encode({"position_snapshot": snapshot}), str)
            update |= captured
        return Update(plain_number(order), update)


class Update(NamedTuple):
    """What an update of a live event says, ready to be judged against what the event is then."""

    order: int
    changes: Changes
