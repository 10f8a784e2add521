"""The root of the errors, and how a value is shown in one."""

from __future__ import annotations

import reprlib
from typing import Any

_shortener = reprlib.Repr()
_shortener.maxstring = _shortener.maxother = 80


def shown(value: object) -> str:
    """The value as an error message shows it: its repr, cut to a readable length."""
    try:
        return _shortener.repr(value)
    except ValueError:
        # Python writes no int of more than 4,300 digits.
        return f"<{type(value).__name__} too long to show>"


class EventLoggerError(Exception):
    """The root of every error that this package raises on purpose."""

    def __init_subclass__(cls) -> None:
        # Shown and pickled by the name that callers import it by.
        if cls.__module__.startswith("domain.errors."):
            cls.__module__ = "domain.errors"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled by its fields, so that it crosses processes as what it is."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(
    kind: type[EventLoggerError], args: tuple[Any, ...], fields: dict[str, Any]
) -> EventLoggerError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(fields)
    return error
