"""What a log may be asked to be read as of: an order, a horizon, or a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from domain.errors import HorizonError, InvalidTimestampError
from domain.horizon import Horizon
from domain.tags import plain_number
from domain.times import checked_time, iso_of_text, iso_utc

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""What times of the store are counted from."""

_MOST_DIGITS = 18
_WAYS = "write an order (1523), a horizon (1523+40) or a time (2024-05-12T14:00:00Z)"


class Moment(NamedTuple):
    """A time, in microseconds since 1970 (UTC)."""

    microseconds: int

    @classmethod
    def of(cls, iso: str) -> Moment:
        """The time of ISO 8601 text as `domain.times.iso_utc` writes it; nanoseconds are cut."""
        return cls((datetime.fromisoformat(iso) - EPOCH) // timedelta(microseconds=1))

    def __str__(self) -> str:
        return iso_utc(EPOCH + timedelta(microseconds=self.microseconds))


def checked_when(when: Any) -> int | Horizon | Moment:
    """The order, horizon or time that is meant; text is read as on the command line.

    A naive time is UTC. Raises `HorizonError` for anything else; whether the log was ever there is
    not looked at.
    """
    if isinstance(when, Horizon):
        return _checked_horizon(when)
    if isinstance(when, str):
        return _of_text(when)
    plain = plain_number(when)
    if isinstance(plain, int) and not isinstance(plain, bool):
        return int(plain)
    try:
        return Moment.of(checked_time("as_of", when))
    except InvalidTimestampError as error:
        raise HorizonError(when, f"is none of what a log can be read as of; {_WAYS}") from error


def _checked_horizon(when: Horizon) -> Horizon:
    numbers = [plain_number(number) for number in when]
    if any(not isinstance(n, int) or isinstance(n, bool) or n < 0 for n in numbers):
        raise HorizonError(
            repr(tuple(when)), "is no horizon: order and transition are whole numbers from 0 on"
        )
    return Horizon(*map(int, numbers))


def _of_text(text: str) -> int | Horizon | Moment:
    written = text.strip()
    digits = written.replace("+", "", 1)
    if digits.isdecimal() and len(digits) > 2 * _MOST_DIGITS:
        raise HorizonError(text, f"is more than any log holds; {_WAYS}")
    horizon = Horizon.parse(written)
    if horizon is not None:
        return horizon if "+" in written else horizon.order
    try:
        iso = iso_of_text("as_of", written)
    except InvalidTimestampError as error:
        raise HorizonError(text, f"is none of what a log can be read as of; {_WAYS}") from error
    if len(written) == len("2024-05-12"):
        raise HorizonError(text, f"is a date without a time of day; write it as {iso}")
    return Moment.of(iso)
