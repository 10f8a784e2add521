"""What the page cannot show: a sentence, and the status code that goes with it."""

from __future__ import annotations

import importlib.util

from domain.errors import (
    CorruptLogError,
    EventLoggerError,
    HorizonError,
    InvalidEventError,
    LogConfigurationError,
    StoreError,
    UnknownLogError,
    UnknownOrderError,
    UnknownRuleError,
)


class PageError(EventLoggerError, ValueError):
    """A request that makes no sense, or that is not served; `status` is the answer's code."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        super().__init__(sentence)


class MissingExtraError(EventLoggerError, ImportError):
    """The page was asked for, and what it needs is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "the page needs Starlette, uvicorn, Jinja and prometheus-client; install them with"
            " pip install 'PATH/TO/THIS/CHECKOUT[web]'"
        )


def require(*modules: str) -> None:
    """Raises `MissingExtraError` where one of these modules is not installed."""
    if any(importlib.util.find_spec(name) is None for name in modules):
        raise MissingExtraError


def status_of(error: EventLoggerError) -> int:
    """The status code of what was raised while a page was made."""
    if isinstance(error, PageError):
        return error.status
    for kinds, status in _STATUSES:
        if isinstance(error, kinds):
            return status
    return 500


_STATUSES: tuple[tuple[tuple[type[EventLoggerError], ...], int], ...] = (
    ((UnknownLogError, UnknownOrderError, UnknownRuleError), 404),
    ((CorruptLogError,), 500),
    ((HorizonError, InvalidEventError, LogConfigurationError), 400),
    ((StoreError,), 503),
)
