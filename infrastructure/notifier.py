"""The notifier: follows a live log's commits and publishes them, at least once and in order.

It has a position of its own in the store, so that what Redis missed is published when it is back,
by this process or the next. The log never waits for it.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from domain.audit_log import AuditLog
from domain.errors import EventLoggerError, RedisError
from infrastructure.application import AuditLogs
from infrastructure.commit_signal import CommitSignal
from infrastructure.lease import Lease
from infrastructure.redis_notifier import RedisPublisher
from projections.messages import Message, Messages

_log = logging.getLogger("event_logger")

PAGE = 500
POLL_SECONDS = 0.01
"""How often to look for what other processes committed."""

STANDBY_SECONDS = 0.5
"""How often one that stands by tries to take over."""

POSITION_SECONDS = 0.1
"""How often the position is stored: a commit at every message would halve the log's own rate."""

REST_SECONDS = 0.003
"""How long to rest after publishing, so that events come in company: each round takes the
interpreter from the threads that log (measured: without a rest, live calls take half again)."""

_FIRST_RETRY_SECONDS, _LAST_RETRY_SECONDS = 0.1, 2.0
_LAST_SECONDS = 0.2
"""How long one that is told to stop goes on publishing what is committed."""

_STOP_SECONDS = 0.25
"""How long `stop` waits for it, also when Redis hangs."""


@dataclass(frozen=True, slots=True)
class _Outage:
    """What keeps a log from being published, told once when it begins and once when it is over."""

    meanwhile: str
    over: str


_REDIS_AWAY = _Outage(
    "goes on, and what Redis misses is published when it is back", "Redis answers again"
)
_STORE_AWAY = _Outage(
    "is published again when the store can be read", "the store can be read and written again"
)
_UNEXPECTED = _Outage("is published again when that is over", "that is over")


class Notifier:
    """Publishes one log, in a thread of its own or in the foreground.

    One notifier at a time publishes a log; the others stand by and take over when it is gone.
    """

    def __init__(self, logs: AuditLogs, log: AuditLog, publisher: RedisPublisher) -> None:
        self._logs = logs
        self._log = log
        self._publisher = publisher
        self._follower = f"redis:{log.id}"
        self._lease = Lease(logs.store, log.id, log.name, "notifier")
        self._signal: CommitSignal = logs.commit_signal()
        self._stop_at: float | None = None
        # Not a threading.Event: a signal handler that sets one while its own thread is about to
        # wait for it waits forever.
        self._stops: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self.run, name="event-log-notifier", daemon=True)
        self._outage: _Outage | None = None
        self._knows_of_foreign_ids = False

    def start(self) -> None:
        """Publish in a thread of its own until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is committed is still published if Redis answers at once."""
        self.request_stop()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def request_stop(self) -> None:
        """Let `run` end soon; callable from a signal handler."""
        self._stop_at = time.monotonic() + _LAST_SECONDS
        self._stops.put(None)

    def _rest(self, seconds: float) -> None:
        """Do nothing for so long, or until `stop`."""
        if self._stop_at is None:
            with suppress(queue.Empty):
                self._stops.get(timeout=seconds)

    def run(self) -> None:
        """Publish until `stop`; failures of Redis or of the store are waited out."""
        try:
            retry_after = _FIRST_RETRY_SECONDS
            while self._stop_at is None:
                try:
                    if self._lease.try_acquire():
                        self._publish_until_stopped()
                        return
                    self._rest(STANDBY_SECONDS)
                # Whatever it is: a thread that ended would publish nothing more, and say nothing.
                except Exception as error:
                    if self._stop_at is not None:
                        return
                    outage = _outage(error)
                    if outage is not self._outage:
                        self._tell(outage, error)
                        retry_after = _FIRST_RETRY_SECONDS
                    self._rest(retry_after)
                    retry_after = min(2 * retry_after, _LAST_RETRY_SECONDS)
        finally:
            self._lease.release()

    def _publish_until_stopped(self) -> None:
        position = self._logs.position(self._follower)
        if position is None:
            position = self._logs.first_position(self._log)
        stored = position
        stored_at = time.monotonic()
        messages = Messages()
        while True:
            stop_at = self._stop_at
            entries, position = self._logs.committed(self._log, position, PAGE)
            if entries:
                self._publish(list(messages.of(entries)))
            now = time.monotonic()
            is_last = stop_at is not None and (not entries or now > stop_at)
            is_due = is_last or now - stored_at > POSITION_SECONDS
            if position > stored and messages.is_between_bundles and is_due:
                self._logs.store_position(self._follower, position)
                stored, stored_at = position, time.monotonic()
                self._tell_over()
            if is_last:
                return
            if not entries:
                self._signal.wait(POLL_SECONDS)
            elif len(entries) < PAGE:
                self._rest(REST_SECONDS)

    def _publish(self, messages: list[Message]) -> None:
        foreign = self._publisher.publish(messages)
        if foreign and not self._knows_of_foreign_ids:
            self._knows_of_foreign_ids = True
            _log.warning(
                "the stream %s of log %r holds ids after %s that are not this log's: another log"
                " writes to it, or it is an older store's; give each log a channel_prefix",
                self._publisher.stream,
                self._log.name,
                foreign[0],
            )
        if self._outage is _REDIS_AWAY:
            self._tell_over()

    def _tell(self, outage: _Outage, error: Exception) -> None:
        self._outage = outage
        said = error if isinstance(error, EventLoggerError) else repr(error)
        trace = error if outage is _UNEXPECTED else None
        _log.warning("%s; log %r %s", said, self._log.name, outage.meanwhile, exc_info=trace)

    def _tell_over(self) -> None:
        if self._outage is not None:
            _log.info("%s; log %r publishes what was missed", self._outage.over, self._log.name)
            self._outage = None


def _outage(error: Exception) -> _Outage:
    if isinstance(error, RedisError):
        return _REDIS_AWAY
    return _STORE_AWAY if isinstance(error, EventLoggerError) else _UNEXPECTED
