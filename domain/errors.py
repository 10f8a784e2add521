"""The errors of the audit log; each says one sentence and carries the values it speaks of.

EventLoggerError
├── InvalidEventError (ValueError)          an event, or one field of it, that cannot be logged
│   ├── InvalidTimestampError               no time, or off the hour in a backtest
│   ├── InvalidEventTypeError               not UPPER_SNAKE_CASE, or not in the catalogue
│   ├── InvalidAmountError                  a numeric field that is no finite number
│   ├── ReservedFieldError                  an extra called like a field that the log itself fills
│   ├── UnsupportedValueError               a value that JSON cannot hold
│   └── InvalidUpdateError                  an update of a live event that cannot be
├── UnknownOrderError (LookupError)         an order that no event of the log has
├── EventIdConflictError (ValueError)       an event_id logged before with different content
├── UpdateNotAllowedError (ValueError)      a status update where every event is completed
├── IllegalTransitionError (ValueError)     a status that cannot follow the present one
├── UpdateConflictError (RuntimeError)      another process updated the event at the same moment
├── LoggerClosedError (RuntimeError)        a call on a closed logger
├── ForkedLoggerError (RuntimeError)        a call in a forked child
├── LogConfigurationError (ValueError)      a mode, name, metadata or option that cannot be
├── UnknownLogError (LookupError)           a log that the store does not hold
├── LogInUseError (RuntimeError)            a second writer on a backtest log
├── ConcurrencyError (RuntimeError)         another writer appended first
├── StoreError (OSError)                    the store failed, or cannot be used
│   ├── StoreUrlError (ValueError)          a store URL that makes no sense
│   ├── StoreNotFoundError                  nothing there to read
│   ├── NotAnAuditStoreError                a file that is not ours; left untouched
│   ├── NewerStoreError                     written by a newer version
│   └── ReadOnlyStoreError                  cannot be written to
├── RedisError (OSError)                    Redis is away, hangs or refuses
├── CorruptLogError (ValueError)            stored data that does not hold together
├── ExportError (OSError)                   a file that could not be written
└── EventLogFileError (ValueError)          a CSV file that is no sound event log
"""

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


class InvalidEventError(EventLoggerError, ValueError):
    """A field of an event cannot be logged; `path` names it, `value` is what was given."""

    def __init__(self, path: str, value: object, problem: str) -> None:
        self.path = path
        self.value = value
        self.problem = problem
        super().__init__(f"{path} {problem}")

    def within(self, prefix: str) -> InvalidEventError:
        """The same error with its path read from further out, as for a detail of a bundle."""
        return type(self)(f"{prefix}.{self.path}", self.value, self.problem)


class InvalidTimestampError(InvalidEventError):
    """The timestamp is no time, or not on the hour where the log keeps to hours."""


class InvalidEventTypeError(InvalidEventError):
    """The event type is not UPPER_SNAKE_CASE, or not in the catalogue of a strict log."""


class InvalidAmountError(InvalidEventError):
    """A numeric field holds no finite number."""


class ReservedFieldError(InvalidEventError):
    """An extra is called like a field that the log itself fills."""


class UnsupportedValueError(InvalidEventError):
    """A value cannot be held by JSON, and so not by the log."""


class InvalidUpdateError(InvalidEventError):
    """An update of a live event is empty, has a field that cannot be, or contradicts itself."""


class UnknownOrderError(EventLoggerError, LookupError):
    """No event of the log has this order."""

    def __init__(self, order: object, last_order: int, field: str = "order") -> None:
        self.order = order
        self.last_order = last_order
        self.field = field
        there = f"orders run from 1 to {last_order}" if last_order else "the log is empty"
        super().__init__(f"{field} {shown(order)} names no event of this log: {there}")


class EventIdConflictError(EventLoggerError, ValueError):
    """The event_id was logged before, with different content."""

    def __init__(self, event_id: str, order: int) -> None:
        self.event_id = event_id
        self.order = order
        super().__init__(
            f"event_id {shown(event_id)} was logged before as order {order} with different"
            " content; use a new event_id for a new event"
        )


class UpdateNotAllowedError(EventLoggerError, ValueError):
    """Events of a backtest log are completed when logged and never change."""

    def __init__(self, order: object) -> None:
        self.order = order
        super().__init__(
            f"order {shown(order)} cannot be updated: every event of a backtest log is completed"
            " when it is logged; log a further event instead"
        )


class IllegalTransitionError(EventLoggerError, ValueError):
    """The status cannot follow the present one; `target` is None for values on a final status."""

    def __init__(self, order: int, status: str, target: str | None, legal: tuple[str, ...]) -> None:
        self.order = order
        self.status = status
        self.target = target
        self.legal = legal
        wanted = "cannot be updated" if target is None else f"cannot become {target!r}"
        after = f"legal next: {', '.join(legal)}" if legal else "that is final; log a further event"
        super().__init__(f"order {order} is {status!r} and {wanted}; {after}")


class UpdateConflictError(EventLoggerError, RuntimeError):
    """Another process updated the event at the same moment; nothing of this update is stored."""

    def __init__(self, order: int, status: str, tx_hash: str | None) -> None:
        self.order = order
        self.status = status
        self.tx_hash = tx_hash
        hashed = f" with tx_hash {shown(tx_hash)}" if tx_hash else ""
        super().__init__(
            f"order {order} was updated by another process at the same moment and is now"
            f" {status!r}{hashed}; look at it and update it again if that is still right"
        )


class LoggerClosedError(EventLoggerError, RuntimeError):
    """The logger was closed."""

    def __init__(self, log: str) -> None:
        self.log = log
        super().__init__(f"the logger of log {shown(log)} is closed; open another to go on")


class ForkedLoggerError(EventLoggerError, RuntimeError):
    """The logger was opened in the parent of a forked process."""

    def __init__(self, log: str) -> None:
        self.log = log
        super().__init__(
            f"the logger of log {shown(log)} was opened before this process was forked;"
            " open one here"
        )


class LogConfigurationError(EventLoggerError, ValueError):
    """A mode, name, metadata or option does not fit; `option` names it."""

    def __init__(self, option: str, value: object, problem: str) -> None:
        self.option = option
        self.value = value
        super().__init__(f"{option} {problem}")


class UnknownLogError(EventLoggerError, LookupError):
    """The store holds no log of this name."""

    def __init__(self, log: str, names: list[str]) -> None:
        self.log = log
        self.names = names
        there = f"it holds {', '.join(map(shown, names))}" if names else "it holds no log"
        super().__init__(f"there is no log {shown(log)} in this store: {there}")


class LogInUseError(EventLoggerError, RuntimeError):
    """A backtest log has one writer at a time, and this log has one."""

    def __init__(self, log: str) -> None:
        self.log = log
        super().__init__(
            f"log {shown(log)} is being written by another logger; close that one, or log to"
            " another name"
        )


class ConcurrencyError(EventLoggerError, RuntimeError):
    """Another writer appended to the log since it was opened."""

    def __init__(self, log: str, version: int) -> None:
        self.log = log
        self.version = version
        super().__init__(
            f"log {shown(log)} has grown past order {version} since it was opened;"
            " open it again and log there"
        )


class StoreError(EventLoggerError, OSError):
    """The store failed or cannot be used; `store` is its URL or path."""

    def __init__(self, store: str, problem: str) -> None:
        self.store = store
        self.problem = problem
        super().__init__(f"store {store}: {problem}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled by its fields, so that it crosses processes."""
        return type(self), (self.store, self.problem)


class StoreUrlError(StoreError, ValueError):
    """The store URL makes no sense."""


class StoreNotFoundError(StoreError):
    """There is no store to read at this place."""


class NotAnAuditStoreError(StoreError):
    """The file is not an event log store; it was left untouched."""


class NewerStoreError(StoreError):
    """The store was written by a newer version of this package."""


class ReadOnlyStoreError(StoreError):
    """The store cannot be written to."""


class RedisError(EventLoggerError, OSError):
    """Redis did not answer or refused; the log itself is not affected."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(f"Redis: {problem}")


class CorruptLogError(EventLoggerError, ValueError):
    """Stored data does not hold together; `order` is where."""

    def __init__(self, log: str, order: int, problem: str) -> None:
        self.log = log
        self.order = order
        super().__init__(f"log {shown(log)} is damaged at order {order}: {problem}")


class ExportError(EventLoggerError, OSError):
    """A file could not be written; what stood there before stands there still."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        super().__init__(f"{path} was not written: {problem}")


class EventLogFileError(EventLoggerError, ValueError):
    """A CSV file is no sound event log; `row` counts data rows from 1 (0: the header)."""

    def __init__(self, path: str, row: int, problem: str) -> None:
        self.path = path
        self.row = row
        super().__init__(f"{path}, row {row}: {problem}")
