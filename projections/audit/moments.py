"""Times in the log, as numbers that rules can subtract."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

MINUTE, HOUR, DAY = 60 * 10**6, 3600 * 10**6, 86400 * 10**6
"""In microseconds."""


def microseconds(iso: object) -> int | None:
    """The time that ISO 8601 text tells, in microseconds since 1970; None of what tells none."""
    # Looked at before it is looked up: not all that a damaged record holds can be.
    return _of_text(iso) if isinstance(iso, str) else None


@lru_cache(maxsize=1024)
def _of_text(iso: str) -> int | None:
    try:
        moment = datetime.fromisoformat(iso)
    except ValueError:
        return None
    return None if moment.tzinfo is None else (moment - _EPOCH) // _MICROSECOND


def in_microseconds(duration: timedelta) -> int:
    """The duration as a difference of such times."""
    return duration // _MICROSECOND


def told(duration: int) -> str:
    """A duration in microseconds, as people say it: 90 s, 45 min, 7.5 h, 12 days."""
    seconds = duration / 10**6
    for unit, size in (("days", 2 * 86400), ("h", 5400), ("min", 120)):
        if seconds >= size:
            return f"{seconds / {'days': 86400, 'h': 3600, 'min': 60}[unit]:.4g} {unit}"
    return f"{seconds:.4g} s"


def iso(moment: int) -> str:
    """The time as people read it, to the second."""
    return f"{_EPOCH + moment * _MICROSECOND:%Y-%m-%dT%H:%M:%SZ}"
