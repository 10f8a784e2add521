"""Times as the log keeps them: ISO 8601 in UTC, nanoseconds surviving."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.errors import InvalidTimestampError, LogConfigurationError, shown

_NOT_A_TIME = "NaT"
_NO_OFFSET = timedelta(0)
_ISO_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6}(?:\d{3})?)?Z\Z")
_ISO_TEXT = re.compile(
    r"(?P<year>\d{4})(?P<dash>-?)(?P<month>\d\d)(?P=dash)(?P<day>\d\d)"
    r"(?:[T ](?P<hour>\d\d)(?P<colon>:?)(?P<minute>\d\d)"
    r"(?:(?P=colon)(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?P<offset>Z|[+-]\d\d(?::?\d\d)?)?)?\Z",
    re.ASCII | re.IGNORECASE,
)
_NUMPY_YEAR = re.compile(r"(?!0000)\d{4}(?:-|\Z)")


def iso_utc(moment: datetime) -> str:
    """The moment as `2024-05-12T14:00:00Z`, with six or nine decimals where it has a fraction.

    A naive moment is taken as UTC; the nanoseconds of a `pandas.Timestamp` are kept.

    Raises `OverflowError` for a moment that UTC cannot name (year 0 or 10000).
    """
    offset = moment.utcoffset()
    if offset is not None and offset != _NO_OFFSET:
        moment = moment.astimezone(UTC)
    return _iso(moment, getattr(moment, "nanosecond", 0))


def _iso(moment: datetime, nanosecond: int) -> str:
    text = (
        f"{moment.year:04d}-{moment.month:02d}-{moment.day:02d}"
        f"T{moment.hour:02d}:{moment.minute:02d}:{moment.second:02d}"
    )
    if nanosecond:
        return f"{text}.{moment.microsecond:06d}{nanosecond:03d}Z"
    return f"{text}.{moment.microsecond:06d}Z" if moment.microsecond else f"{text}Z"


def is_iso_utc(value: object) -> bool:
    """Whether the value is text as `iso_utc` writes it."""
    return isinstance(value, str) and _ISO_UTC.match(value) is not None


def is_on_the_hour(iso: str) -> bool:
    """Whether a time written by `iso_utc` is a full hour of UTC."""
    return iso.endswith(":00:00Z")


def iso_of(value: Any) -> str | None:
    """The time as `iso_utc` writes it, if the value is one; None for anything else, and for NaT.

    Times are `datetime`, `pandas.Timestamp` and `numpy.datetime64`.
    """
    if isinstance(value, datetime):
        try:
            return None if str(value) == _NOT_A_TIME else iso_utc(value)
        except OverflowError:
            return None
    return _iso_of_datetime64(value) if type(value).__name__ == "datetime64" else None


def checked_time(field: str, value: Any) -> str:
    """The time as ISO 8601 UTC text; raises `InvalidTimestampError` for what is no time."""
    iso = iso_of(value)
    if iso is None:
        raise InvalidTimestampError(
            field, value, f"must be a time (pd.Timestamp or datetime), not {shown(value)}"
        )
    return iso


def iso_of_text(field: str, text: str) -> str:
    """The time that ISO 8601 text tells, date included, as `iso_utc` writes it.

    It is taken as UTC when it names no offset, a date as its midnight; up to nanoseconds. Raises
    `InvalidTimestampError` for any other text: 12/05/2024, 14:00 and now are none.
    """
    found = _ISO_TEXT.match(text)
    if found is not None and (found["dash"] or found["hour"]):
        year, month, day, hour, minute, second = (
            int(found[part] or 0) for part in ("year", "month", "day", "hour", "minute", "second")
        )
        nanoseconds = int((found["fraction"] or "").ljust(9, "0"))
        try:
            moment = datetime(year, month, day, hour, minute, second, nanoseconds // 1000, UTC)
            return _iso(moment - _offset(found["offset"]), nanoseconds % 1000)
        except (ValueError, OverflowError):
            pass
    raise InvalidTimestampError(
        field, text, f"{shown(text)} is no time; write it as 2024-05-12T14:00:00Z"
    )


def _offset(text: str | None) -> timedelta:
    if text is None or text in "Zz":
        return _NO_OFFSET
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(text)
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if text[0] == "-" else offset


def _iso_of_datetime64(value: Any) -> str | None:
    # Converting a year outside of what the finer unit spans would wrap around without a word.
    if not _NUMPY_YEAR.match(str(value)):
        return None
    microseconds = value.astype("datetime64[us]")
    nanosecond = int((value - microseconds).astype("timedelta64[ns]").astype("int64"))
    return _iso(microseconds.item(), nanosecond)


def now() -> str:
    """The clock's time in UTC, to the microsecond, as ISO 8601 text."""
    global _this_second
    microseconds = time.time_ns() // 1000
    began, text = _this_second
    since = microseconds - began
    if not 0 <= since < 1_000_000:
        seconds, since = divmod(microseconds, 1_000_000)
        text = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}."
        _this_second = (microseconds - since, text)
    return f"{text}{since:06d}Z"


# Begins at (microseconds since 1970), as text: replaced as a whole, from any thread.
_this_second = (0, "1970-01-01T00:00:00.")


_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)\Z")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def checked_duration(option: str, value: Any) -> float:
    """Seconds of a `timedelta`, of a number of seconds, or of text such as 90s, 10m, 2h or 1d.

    Raises `LogConfigurationError` for anything else, and for what is not positive and finite.
    """
    seconds = -1.0
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
    elif isinstance(value, int | float) and not isinstance(value, bool):
        try:
            seconds = float(value)
        except OverflowError:
            seconds = float("inf")
    elif isinstance(value, str) and (match := _DURATION.match(value.strip())):
        seconds = float(match[1]) * _UNIT_SECONDS[match[2]]
    if not 0 <= seconds < float("inf"):
        raise LogConfigurationError(
            option, value, f"must be a time such as 90s, 10m, 2h or 1d, not {shown(value)}"
        )
    return seconds
