"""A follower's thread: one round after the other until it is stopped, failures waited out."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from domain.errors import EventLoggerError
from infrastructure.wake import Wake

_log = logging.getLogger("event_logger")

_FIRST_RETRY_SECONDS, _LAST_RETRY_SECONDS = 0.1, 2.0

_LAST_SECONDS = 0.2
"""How long one that is told to stop goes on with what is committed."""

_STOP_SECONDS = 0.25
"""How long `stop` waits for it, whatever it hangs on."""


@dataclass(frozen=True, slots=True)
class Outage:
    """What keeps a follower from following, said once when it begins and once when it is over."""

    meanwhile: str
    over: str


class FollowerThread:
    """Calls `round_` again and again; it returns how many seconds to rest before the next.

    `outage_of` says what to call a failure. Whatever a round raises is waited out: a thread that
    ended would follow nothing more, and say nothing.
    """

    def __init__(
        self,
        name: str,
        log: str,
        round_: Callable[[], float],
        outage_of: Callable[[Exception], Outage],
        end: Callable[[], None] = lambda: None,
    ) -> None:
        self._log_name = log
        self._round = round_
        self._outage_of = outage_of
        self._end = end
        self._stop_at: float | None = None
        self._stops = Wake()
        self._thread = threading.Thread(target=self.run, name=name, daemon=True)
        self._outage: Outage | None = None
        self.last_error: str | None = None
        self.failure: Exception | None = None
        """What its last round failed by, if it did."""

    @property
    def is_started(self) -> bool:
        """Whether its thread was started, and be it over by now."""
        return self._thread.ident is not None

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stop_at is not None

    @property
    def is_out_of_time(self) -> bool:
        """Whether it was told to stop, and has gone on for as long as it may."""
        return self._stop_at is not None and time.monotonic() > self._stop_at

    @property
    def outage(self) -> Outage | None:
        """What keeps it from following now."""
        return self._outage

    def start(self) -> None:
        """Follow in a thread of its own until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """End; the rounds that are left take a moment at most."""
        self.request_stop()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(_STOP_SECONDS)

    def request_stop(self) -> None:
        """Let `run` end soon; callable from a signal handler."""
        if self._stop_at is None:
            self._stop_at = time.monotonic() + _LAST_SECONDS
        self._stops.wake()

    def run(self) -> None:
        """Follow until `stop`, in the thread that calls this."""
        retry_after = _FIRST_RETRY_SECONDS
        try:
            while True:
                is_last = self.is_stopping
                try:
                    rest = self._round()
                    retry_after = _FIRST_RETRY_SECONDS
                except Exception as error:
                    if self.is_stopping:
                        self.failure = error
                        return
                    if self._say(error):
                        retry_after = _FIRST_RETRY_SECONDS
                    rest = retry_after
                    retry_after = min(2 * retry_after, _LAST_RETRY_SECONDS)
                if is_last:
                    return
                self.rest(rest)
        finally:
            self._end()

    def rest(self, seconds: float) -> None:
        """Do nothing for so long, or until `stop`."""
        if seconds > 0 and self._stop_at is None:
            self._stops.wait(seconds)

    def say_over(self) -> None:
        """Say that what kept it from following is over, if anything did."""
        if self._outage is not None:
            _log.info("%s; log %r", self._outage.over, self._log_name)
            self._outage = None

    def _say(self, error: Exception) -> bool:
        self.last_error = str(error) or repr(error)
        outage = self._outage_of(error)
        if outage is self._outage:
            return False
        self._outage = outage
        is_ours = isinstance(error, EventLoggerError)
        _log.warning(
            "%s; log %r %s",
            error if is_ours else repr(error),
            self._log_name,
            outage.meanwhile,
            exc_info=None if is_ours else error,
        )
        return True
