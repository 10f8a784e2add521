"""What is wrong outside of the log: the store, Redis, files."""

from __future__ import annotations

from domain.errors.base import EventLoggerError


class StoreError(EventLoggerError, OSError):
    """The store failed or cannot be used; `store` is its URL or path."""

    def __init__(self, store: str, problem: str) -> None:
        self.store = store
        self.problem = problem
        super().__init__(f"store {store}: {problem}")


class StoreUrlError(StoreError, ValueError):
    """The store URL makes no sense."""


class StoreNotFoundError(StoreError):
    """There is no store to read at this place."""


class NotAnAuditStoreError(StoreError):
    """The file is not an event log store; it was left untouched."""


class NewerStoreError(StoreError):
    """The store was written by a newer version of this package."""


class OlderStoreError(StoreError):
    """The store has a former format and was opened for reading alone."""


class ReadOnlyStoreError(StoreError):
    """The store cannot be written to."""


class LogClosedError(StoreError):
    """The log was closed, and nothing more is logged to it here; it went on in `continued_in`."""

    def __init__(self, store: str, continued_in: str) -> None:
        self.continued_in = continued_in
        super().__init__(
            store,
            f"the log is closed, and went on in {continued_in}; log there (event-logger take-over"
            " lets it go on here instead)",
        )


class RedisError(EventLoggerError, OSError):
    """Redis did not answer or refused; the log itself is not affected."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(f"Redis: {problem}")


class StreamInUseError(RedisError):
    """The log of the identity `holder` publishes to the stream, so that `log` published nothing."""

    def __init__(self, stream: str, log: str, holder: str) -> None:
        self.stream = stream
        self.log = log
        self.holder = holder
        who = (
            f"the log {holder}" if holder != log else "a copy of this log that goes on differently"
        )
        super().__init__(
            f"{who} publishes to {stream!r}, and this is the log {log}; give each a channel_prefix"
        )


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
        self.problem = problem
        super().__init__(f"{path}, row {row}: {problem}")
