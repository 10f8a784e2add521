"""Records as they read now, for what looks into their extras and snapshots."""

from __future__ import annotations

from typing import Any

from domain.audit_log import AuditLog
from domain.errors import CorruptLogError, shown
from infrastructure.reading import LogReading, Records


def present_records(reading: LogReading, log: AuditLog, first: int, last: int) -> Records:
    """The records of these orders as they read now, times as ISO 8601 text.

    Raises `CorruptLogError` too where what is read into is no dict.
    """
    records = reading.decoded(reading.rows(first, last), str)
    if log.mode == "live":
        records = reading.current(records, str)
    return sound_records(records, log.name)


def sound_records(records: Records, log: str) -> Records:
    """The records of a log; raises `CorruptLogError` where what is read into is no dict."""
    for order, record in records:
        for name in _READ_INTO:
            if not isinstance(record.get(name, _NOTHING), dict):
                why = f"its {name} is {shown(record[name])}"
                raise CorruptLogError(log, order, why)
        yield order, record


_READ_INTO = ("extra", "position_snapshot")
_NOTHING: dict[str, Any] = {}
