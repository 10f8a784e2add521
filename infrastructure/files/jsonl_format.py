"""A log as JSON lines: a header, then the log's entries in the order of their commit.

The header is one object: `format`, `log`, `mode`, `metadata` (as stored), `identity`, `horizon`
(`1523+40`: orders and transitions), `opened` (`recorded_at`, `committed_at`) and `writers` (each
`writer`, its number; `introduction`; `ended_at`). An entry is either of

    {"order": 1, "committed_at": "2024-…Z", "writer": 1, "state": {…}}
    {"transition": 1, "order": 1, "committed_at": "2024-…Z", "writer": 1, "state": {…}}

where `state` is byte for byte what the store holds, `committed_at` the store's time of the commit
and `writer` who committed it; both are null where they are not known (of before format 2).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.times import iso_of_text, iso_utc

FORMAT = "event-logger/jsonl/v1"
EVENT_KEYS = ["order", "committed_at", "writer", "state"]
TRANSITION_KEYS = ["transition", *EVENT_KEYS]
STATE_BEGINS = b'{"recorded_at":"'
"""What every stored state begins with."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time_text(microseconds: int | None) -> str | None:
    """A time of the store, microseconds since 1970, as ISO 8601 text."""
    return None if microseconds is None else iso_utc(_EPOCH + timedelta(microseconds=microseconds))


def microseconds_of_text(field: str, text: str | None) -> int | None:
    """A time of the store; raises `ValueError` for what is no time to the microsecond."""
    if text is None:
        return None
    if not isinstance(text, str):
        raise ValueError(f"{field} is no time")
    moment = datetime.fromisoformat(iso_of_text(field, text))
    return (moment - _EPOCH) // timedelta(microseconds=1)
