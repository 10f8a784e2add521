"""The store's time: this machine's clock, which never goes back within a log."""

from __future__ import annotations

import logging
import time

_log = logging.getLogger("event_logger")

_BEHIND_MICROSECONDS = 60_000_000


class StoreClock:
    """Tells when a commit is made; warns once of a clock that is more than a minute behind."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._has_warned = False

    def now(self, last: int | None) -> int:
        """The time (µs since 1970, UTC), not before the log's last commit."""
        now = time.time_ns() // 1000
        if last is None or now > last:
            return now
        if last - now > _BEHIND_MICROSECONDS and not self._has_warned:
            self._has_warned = True
            _log.warning(
                "this machine's clock is %d s behind the last commit of %s; the store's time stands"
                " still until it has caught up",
                (last - now) // 1_000_000,
                self._url,
            )
        return last
