"""The notifier: follows a live log's commits and publishes them, at least once and in order.

It has a position of its own in the store, so that what Redis missed is published when it is back,
by this process or the next. The log never waits for it.
"""

from __future__ import annotations

import logging
import threading
import time

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
_STOP_SECONDS = 0.25


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
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self.run, name="event-log-notifier", daemon=True)
        self._is_away = False
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
        self._stopping.set()
        self._signal.wake()

    def run(self) -> None:
        """Publish until `stop`; failures of Redis or of the store are waited out."""
        try:
            retry_after = _FIRST_RETRY_SECONDS
            while not self._stopping.is_set():
                try:
                    if self._lease.try_acquire():
                        self._publish_until_stopped()
                        return
                    self._stopping.wait(STANDBY_SECONDS)
                except EventLoggerError as error:
                    if self._stopping.is_set():
                        return
                    if not self._is_away:
                        retry_after = _FIRST_RETRY_SECONDS
                    self._tell_away(error)
                    self._stopping.wait(retry_after)
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
            is_last = self._stopping.is_set()
            entries, position = self._logs.committed(self._log, position, PAGE)
            if entries:
                self._publish(list(messages.of(entries)))
            is_due = time.monotonic() - stored_at > POSITION_SECONDS or (is_last and not entries)
            if position > stored and messages.is_between_bundles and is_due:
                self._logs.store_position(self._follower, position)
                stored, stored_at = position, time.monotonic()
            if len(entries) < PAGE:
                if is_last and not entries:
                    return
                if entries:
                    self._stopping.wait(REST_SECONDS)
                else:
                    self._signal.wait(POLL_SECONDS)

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
        if self._is_away:
            self._is_away = False
            _log.info("Redis answers again; log %r publishes what was missed", self._log.name)

    def _tell_away(self, error: EventLoggerError) -> None:
        if self._is_away:
            return
        self._is_away = True
        what = "goes on, and what Redis misses is published when it is back"
        if not isinstance(error, RedisError):
            what = "is published again when the store can be read"
        _log.warning("%s; log %r %s", error, self._log.name, what)
