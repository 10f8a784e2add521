"""What is wrong with a logger or its log."""

from __future__ import annotations

from domain.errors.base import EventLoggerError, nearest, shown
from domain.horizon import Horizon


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


class NotCopyableError(EventLoggerError, TypeError):
    """A logger or reader holds an open store, and is neither copied nor pickled."""

    def __init__(self, log: str, kind: str) -> None:
        self.log = log
        self.kind = kind
        super().__init__(
            f"the {kind} of log {shown(log)} holds an open store and cannot be copied or pickled;"
            " pass on the store and the log's name, and open one there"
        )


class LogConfigurationError(EventLoggerError, ValueError):
    """A mode, name, metadata or option does not fit; `option` names it."""

    def __init__(self, option: str, value: object, problem: str) -> None:
        self.option = option
        self.value = value
        super().__init__(f"{option} {problem}")


class HorizonError(EventLoggerError, ValueError):
    """The log cannot be read as of this: no order, horizon or time, or none that the log had."""

    def __init__(self, when: object, problem: str) -> None:
        self.when = when
        self.problem = problem
        super().__init__(f"as_of {when if isinstance(when, Horizon) else shown(when)} {problem}")


class LogBehindError(EventLoggerError, RuntimeError):
    """The log lacks what was signed on this machine: its store was restored, or lost its tail.

    `checkpoint` is the path of what was signed, of `size` leaves; the log has `found`.
    """

    def __init__(self, log: str, found: int, size: int, checkpoint: str) -> None:
        self.log = log
        self.found = found
        self.size = size
        self.checkpoint = checkpoint
        super().__init__(
            f"log {shown(log)} has {found:,} leaves, and a checkpoint of {size:,} was signed on"
            f" this machine ({checkpoint}): the store was restored or has lost its tail; bring back"
            " what is missing, or go on under a new identity with after_restore=True, or"
            " event-logger checkpoint --after-restore"
        )


class UnknownLogError(EventLoggerError, LookupError):
    """The store holds no log of this name."""

    def __init__(self, log: str, names: list[str]) -> None:
        self.log = log
        self.names = names
        there = f"it holds {', '.join(map(shown, names))}" if names else "it holds no log"
        near = nearest(log, names)
        meant = "" if near is None else f"; the nearest is {shown(near)}"
        super().__init__(f"there is no log {shown(log)} in this store: {there}{meant}")


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


class CopyError(EventLoggerError, ValueError):
    """A log cannot be copied, or what is there is no copy of it; `log` is its name."""

    def __init__(self, log: str, problem: str) -> None:
        self.log = log
        self.problem = problem
        super().__init__(f"log {shown(log)} {problem}")


class CorruptLogError(EventLoggerError, ValueError):
    """Stored data does not hold together; `order` is where."""

    def __init__(self, log: str, order: int, problem: str) -> None:
        self.log = log
        self.order = order
        super().__init__(f"log {shown(log)} is damaged at order {order}: {problem}")
