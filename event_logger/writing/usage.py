"""Whether a logger may be used: not after it was closed, and not in a forked child."""

from __future__ import annotations

import os

from domain.errors import ForkedLoggerError, LoggerClosedError

_process = object()


def _after_fork() -> None:
    global _process
    _process = object()


os.register_at_fork(after_in_child=_after_fork)


class Usage:
    """One logger's, of the log with this name."""

    __slots__ = ("_process", "is_closed", "log")

    def __init__(self, log: str) -> None:
        self.log = log
        self._process = _process
        self.is_closed = False

    @property
    def is_in_fork(self) -> bool:
        """Whether this process is a child, forked since the logger was made."""
        return self._process is not _process

    @property
    def is_refused(self) -> bool:
        """Whether `check` would raise."""
        return self.is_closed or self._process is not _process

    def check(self) -> None:
        """Raises `ForkedLoggerError` or `LoggerClosedError`."""
        if self._process is not _process:
            raise ForkedLoggerError(self.log)
        if self.is_closed:
            raise LoggerClosedError(self.log)
