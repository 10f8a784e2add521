"""From a caller's arguments to the record that is stored: every check, before anything changes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from domain.checks import number, snapshot, text
from domain.errors import InvalidEventError, InvalidTimestampError, ReservedFieldError, shown
from domain.event_types import EVENT_TYPES, checked_event_type
from domain.fields import EVENT_DATA_CHECKS, NOT_CONTENT, RESERVED_FIELDS
from domain.times import checked_time, is_on_the_hour
from domain.values import canonical

Record = dict[str, Any]
"""An event as it is stored: `domain.fields.Event`'s fields, those that were given."""


@dataclass
class LoggingRules:
    """What one logger asks of the events that it logs; not stored with the log."""

    hourly_timestamps: bool = True
    strict_event_types: bool = False
    include_balance_snapshots: bool = True

    # One attribute, replaced as a whole: bundles are built in threads of their own.
    _last: tuple[object, str] = (None, "")

    def iso_timestamp(self, value: Any) -> str:
        """The trigger time as ISO 8601 UTC text, on the hour where these rules ask for it."""
        last, iso = self._last
        if value is last and iso:
            return iso
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
        record: Record = {
            "recorded_at": recorded_at,
            "timestamp": self.iso_timestamp(timestamp),
            "event_type": event_type,
            "venue": text("venue", venue),
        }
        if token is not None:
            record["token"] = text("token", token)
        if amount is not None:
            record["amount"] = number("amount", amount)
        if position_snapshot is not None and self.include_balance_snapshots:
            record["position_snapshot"] = snapshot("position_snapshot", position_snapshot)
        _add_event_data(record, event_data)
        return record


_KNOWN_TYPES = dict.fromkeys(EVENT_TYPES)


def _add_event_data(record: Record, event_data: dict[str, Any]) -> None:
    extra = {}
    for name, value in event_data.items():
        check = EVENT_DATA_CHECKS.get(name)
        if check is None:
            if name in RESERVED_FIELDS:
                raise ReservedFieldError(
                    name, value, "is filled in by the log; give the extra another name"
                )
            extra[name] = value
        elif value is not None:
            record[name] = check(name, value)
    if extra:
        record["extra"] = extra


def fingerprint(*records: Record) -> str:
    """A digest of what the records say, but for their times and snapshots.

    The order in which a caller gave its arguments, or the keys of its dicts, makes no difference.
    Two loggings under one `event_id` are the same event when their fingerprints are equal.
    """
    digest = hashlib.sha256()
    for record in records:
        content = {name: value for name, value in record.items() if name not in NOT_CONTENT}
        digest.update(canonical(content))
    return digest.hexdigest()


DETAIL_ARGUMENTS = ("timestamp", "event_type", "venue", "token", "amount", "position_snapshot")


def checked_detail(path: str, detail: Any) -> dict[str, Any]:
    """A detail of a bundle as a dict of its own; raises when it is none or lacks what it needs."""
    if not isinstance(detail, dict):
        raise InvalidEventError(path, detail, f"must be a dict, not {shown(detail)}")
    for name in detail:
        if not isinstance(name, str):
            raise InvalidEventError(path, name, f"has the key {shown(name)}; keys must be text")
    for name in ("event_type", "venue"):
        if detail.get(name) is None:
            raise InvalidEventError(f"{path}.{name}", None, "is missing; every detail needs one")
    if detail.get("parent_event") is not None:
        raise ReservedFieldError(
            f"{path}.parent_event",
            detail["parent_event"],
            "is filled in by the bundle; leave it out",
        )
    return dict(detail)
