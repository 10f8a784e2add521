"""Entries as followers have them, made of what an audit has decoded already."""

from __future__ import annotations

from infrastructure.stored import StoredEntry
from projections.entries import FOLLOWED_FIELDS, LogEntry, LoggedEntry, TransitionEntry
from projections.event_dicts import Record

_OF_THE_EXTRA = {"bundle_name"}
_OF_THE_RECORD = tuple(name for name in FOLLOWED_FIELDS if name not in _OF_THE_EXTRA)


def followed(one: StoredEntry, record: Record | None) -> LogEntry:
    """The entry; raises one of `infrastructure.reading.NO_RECORD` for what is none.

    Of an event it has the record itself, all of it, where that says what followers ask for.
    """
    if record is None:
        raise ValueError("no record")
    if one.number is None:
        told, name = record, record.get("extra", {}).get("bundle_name")
        if name is not None:
            told = {name: record[name] for name in _OF_THE_RECORD if record.get(name) is not None}
            told["bundle_name"] = name
        return LoggedEntry(one.horizon.position, one.order, one.committed_at, told)
    return TransitionEntry(
        one.horizon.position,
        one.number,
        one.order,
        one.committed_at,
        record["recorded_at"],
        record["from_status"],
        record["from_since"],
        record["status"],
        record["tx_hash"],
    )
