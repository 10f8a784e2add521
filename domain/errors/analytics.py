"""What is wrong with a question to the log, or missing to answer it."""

from __future__ import annotations

from domain.errors.base import EventLoggerError


class MissingExtraError(EventLoggerError, ImportError):
    """An optional part of this package is not installed; `extra` is its name."""

    def __init__(self, extra: str, what: str, problem: str) -> None:
        self.extra = extra
        self.what = what
        super().__init__(
            f"{what} needs more than is installed ({problem}); install it:"
            f" pip install 'event-logger[{extra}]'"
        )


class QueryError(EventLoggerError, ValueError):
    """A query that cannot be answered; `query` is its text."""

    def __init__(self, query: str, problem: str) -> None:
        self.query = query
        self.problem = problem
        super().__init__(f"the query {problem}")
