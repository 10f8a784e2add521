"""The root of the errors, and how a value is shown in one."""

from __future__ import annotations

import difflib
import pickle
import reprlib
from collections.abc import Iterable
from typing import Any

from domain.printable import printable

_shortener = reprlib.Repr()
_shortener.maxstring = _shortener.maxother = 80


def shown(value: object) -> str:
    """The value as an error message shows it: its repr, cut to a readable length."""
    try:
        return _shortener.repr(value)
    except ValueError:
        # Python writes no int of more than 4,300 digits.
        return f"<{type(value).__name__} too long to show>"
    except Exception:
        # Whatever the repr of a stranger's object raises.
        return f"<{type(value).__name__} that cannot be shown>"


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The one of these names that is likest, whatever its case; None where there is none."""
    by_folded = {one.casefold(): one for one in sorted(names)}
    close = difflib.get_close_matches(str(name).casefold(), by_folded, n=1, cutoff=0.0)
    return by_folded[close[0]] if close else None


class EventLoggerError(Exception):
    """The root of every error that this package raises on purpose.

    Its text is one line, in which what a terminal obeys or nobody sees stands escaped; the fields
    hold the values as they are.
    """

    def __init_subclass__(cls) -> None:
        # Shown and pickled by the name that callers import it by.
        if cls.__module__.startswith("domain.errors."):
            cls.__module__ = "domain.errors"

    def __init__(self, sentence: str = "") -> None:
        super().__init__(printable(sentence))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled by its fields, so that it crosses processes as what it is.

        A field that cannot be pickled, as a lock that was given for an amount, goes as its text.
        """
        fields = {name: _sendable(value) for name, value in self.__dict__.items()}
        return _restored, (type(self), self.args, fields)


def _sendable(value: Any) -> Any:
    try:
        # What is pickled but cannot be made again would break the other process as well.
        pickle.loads(pickle.dumps(value))
    except Exception:
        return shown(value)
    return value


def _restored(
    kind: type[EventLoggerError], args: tuple[Any, ...], fields: dict[str, Any]
) -> EventLoggerError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(fields)
    return error
