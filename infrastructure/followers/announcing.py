"""Where checkpoints are published as a log goes on; one place that fails keeps no other from it."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import Any, Protocol

from domain.errors import EventLoggerError, RedisError

_log = logging.getLogger("event_logger")

_FIRST_RETRY_SECONDS, _LAST_RETRY_SECONDS = 0.25, 4.0


class Outlet(Protocol):
    """A place where checkpoints are published: a channel, a file, standard output."""

    def publish(self, log: str, said: dict[str, Any]) -> None:
        """Publish a checkpoint of the log of an identity; raises an `EventLoggerError`."""

    def close(self) -> None:
        """Let go of it."""


class Announcer:
    """Publishes the checkpoints of one log at one outlet.

    Where that fails it is said, once, and the checkpoint that is the last one by then is published
    when it can be again.
    """

    def __init__(self, log: str, outlet: Outlet) -> None:
        self._log_name = log
        self._outlet = outlet
        self._is_away = False
        self._retry_seconds = _FIRST_RETRY_SECONDS
        self._not_before = 0.0
        self.is_due = False
        """Whether there is something to say that was not said yet."""
        self.last_error: str | None = None

    def announce(self, identity: str, said: dict[str, Any]) -> None:
        """Publish it, unless it failed a moment ago."""
        if time.monotonic() < self._not_before:
            return
        try:
            self._outlet.publish(identity, said)
        except EventLoggerError as error:
            self._fail(error)
            return
        self.is_due = False
        self._retry_seconds, self._not_before = _FIRST_RETRY_SECONDS, 0.0
        if self._is_away:
            self._is_away = False
            _log.info("checkpoints are published again; log %r", self._log_name)

    def _fail(self, error: EventLoggerError) -> None:
        self.last_error = str(error)
        self._not_before = time.monotonic() + self._retry_seconds
        self._retry_seconds = min(2 * self._retry_seconds, _LAST_RETRY_SECONDS)
        if not self._is_away:
            self._is_away = True
            what = "Redis" if isinstance(error, RedisError) else "that"
            _log.warning(
                "%s; log %r is signed all the same, and its checkpoints are published when %s is"
                " back",
                error,
                self._log_name,
                what,
            )

    def close(self) -> None:
        """Let go of the outlet."""
        with suppress(EventLoggerError):
            self._outlet.close()
