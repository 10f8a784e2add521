"""The store's time: the server's clock, which never goes back within a log."""

from __future__ import annotations

import logging

_log = logging.getLogger("event_logger")

_BEHIND_MICROSECONDS = 60_000_000

_NOW = "(extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint"


def now() -> str:
    """The expression for the server's clock, in microseconds since 1970 (UTC)."""
    return _NOW


class StoreClock:
    """Warns once of a server's clock that is more than a minute behind a log's last commit."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._has_warned = False

    def compare(self, committed_at: int, clock: int) -> None:
        """Look at the time that a commit got beside what the clock said."""
        behind = committed_at - clock
        if behind > _BEHIND_MICROSECONDS and not self._has_warned:
            self._has_warned = True
            _log.warning(
                "the server's clock is %d s behind the last commit of %s; the store's time stands"
                " still until it has caught up",
                behind // 1_000_000,
                self._url,
            )
