"""The notifier: follows a live log's commits and publishes them, at least once and in order.

It has a position of its own in the store, so that what Redis missed is published when it is back,
by this process or the next. The log never waits for it.
"""

from __future__ import annotations

import logging
import time

from domain.audit_log import AuditLog
from domain.errors import (
    CopyError,
    CorruptLogError,
    EventLoggerError,
    RedisError,
    StreamInUseError,
)
from domain.horizon import START, Horizon
from infrastructure.followers.follower import FollowerThread, Outage
from infrastructure.followers.standby import STANDBY_SECONDS, Standby
from infrastructure.reading import LogReading
from infrastructure.redis.publisher import RedisPublisher
from infrastructure.standing import is_copy
from infrastructure.store import LogStore
from infrastructure.wake import Wake
from projections.messages import Message, Messages

_log = logging.getLogger("event_logger")

FOLLOWER = "redis"

PAGE = 500
POLL_SECONDS = 0.01
"""How often to look for what other processes committed."""

POSITION_SECONDS = 0.1
"""How often the position is stored: a commit at every message would halve the log's own rate."""

REST_SECONDS = 0.003
"""How long to rest after publishing, so that events come in company: each round takes the
interpreter from the threads that log (measured: without a rest, live calls take half again)."""

_REDIS_AWAY = Outage(
    "goes on, and what Redis misses is published when it is back",
    "Redis answers again, and what was missed is published",
)
_IN_USE = Outage(
    "is published when the other is gone", "the stream is free, and what was missed is published"
)
_STORE_AWAY = Outage(
    "is published again when the store can be read", "the store can be read and written again"
)
_IS_COPY = Outage("is published once it is taken over", "it was taken over, and is published")
_UNEXPECTED = Outage("is published again when that is over", "that is over")


class Notifier:
    """Publishes one log, in a thread of its own (`thread.start`) or in the foreground (`run`).

    One notifier at a time publishes a log, the one that has the lease; the others stand by and take
    over when it is gone. While it hangs, one of them publishes in its place, and steps back once it
    is heard of: should both publish for a moment, each message is still published once, since an id
    that the stream has is not published again.
    """

    def __init__(self, store: LogStore, log: AuditLog, publisher: RedisPublisher) -> None:
        self._store = store
        self._log = log
        self._publisher = publisher
        self._reading = LogReading(store, log)
        self._lease = store.lease(log.id, log.name, "notifier")
        self._standby = Standby(store, log, FOLLOWER)
        self._steps_in = False
        self._tried_at = 0.0
        self._signal: Wake = store.commits.new()
        self._messages = Messages()
        self._position: Horizon | None = None
        self._stored = START
        self._stored_at = 0.0
        self._head = 0
        self.thread = FollowerThread(
            "event-log-notifier", log.name, self._round, _outage, self._release
        )

    @property
    def last_error(self) -> str | None:
        """What last kept it from publishing, also when that is over."""
        return self.thread.last_error

    def start(self) -> None:
        """Publish in a thread of its own until `stop`."""
        self.thread.start()

    def stop(self) -> None:
        """End; what is committed is still published if Redis answers at once."""
        self.thread.stop()

    def run(self) -> None:
        """Publish until `request_stop`; failures of Redis or of the store are waited out."""
        self.thread.run()

    def request_stop(self) -> None:
        """Let `run` end soon; callable from a signal handler."""
        self.thread.request_stop()

    def _round(self) -> float:
        if self._position is None and is_copy(self._store, self._log.id):
            raise CopyError(
                self._log.name,
                f"is a copy in {self._store.url}, and is published where it goes on; if that is"
                " here, say so by event-logger take-over",
            )
        if not self._is_its_turn():
            return STANDBY_SECONDS
        try:
            self._follow()
        except StreamInUseError:
            if self._lease.is_held:
                raise
            # The one that hung is back.
            self._standby.forget()
            self._steps_in = False
            return STANDBY_SECONDS
        return 0.0

    def _follow(self) -> None:
        position = self._begin() if self._position is None else self._position
        while True:
            is_stopping = self.thread.is_stopping
            entries = self._reading.entries(position, PAGE)
            if entries:
                # A round that fails is begun anew from the stored position.
                self._position = None
                self._publish(list(self._messages.of(entries)), entries[-1].horizon)
                position = self._position = entries[-1].horizon
            elif self._publisher.renew():
                self._say_redis_is_back()
            is_last = is_stopping and (not entries or self.thread.is_out_of_time)
            self._store_position(position, is_last)
            if is_last or self._begins_anew():
                return
            if not entries:
                self._signal.wait(POLL_SECONDS)
            elif len(entries) < PAGE:
                self.thread.rest(REST_SECONDS)

    def _is_its_turn(self) -> bool:
        """Whether this one publishes: it has the lease, or steps in for one that hangs."""
        if not self._lease.is_held and self._lease.try_acquire():
            self._position, self._steps_in = None, False
        elif not self._lease.is_held and not self._steps_in and self._standby.sees_it_hang():
            self._position, self._steps_in = None, True
            _log.warning(
                "log %r: the notifier in another process hangs, with entries before it; this one"
                " publishes until it goes on",
                self._log.name,
            )
        self._publisher.yields = self._steps_in
        return self._lease.is_held or self._steps_in

    def _begins_anew(self) -> bool:
        """Whether another has published in place of this one, or its lease may be had now."""
        if self._lease.is_held:
            if not self._publisher.is_overtaken:
                return False
            self._publisher.is_overtaken = False
            _log.warning(
                "log %r: this notifier hung, and another process has published meanwhile; it goes"
                " on from where that one came to",
                self._log.name,
            )
            self._position = None
            return True
        if time.monotonic() < self._tried_at + STANDBY_SECONDS:
            return False
        self._tried_at = time.monotonic()
        return self._lease.try_acquire()

    def _begin(self) -> Horizon:
        position = self._store.followers.position(FOLLOWER, self._log.id) or START
        end = self._store.reads.end(self._log.id).horizon
        if position.is_beyond(end):
            raise CorruptLogError(
                self._log.name,
                end.order,
                f"it was published up to {position}, and ends at {end}: the store was restored or"
                " has lost its tail; nothing more is published from it",
            )
        self._messages = Messages()
        self._head = end.position
        self._stored, self._stored_at = position, time.monotonic()
        self._position = position
        return position

    def _store_position(self, position: Horizon, is_last: bool) -> None:
        is_due = is_last or time.monotonic() - self._stored_at > POSITION_SECONDS
        if is_due and position != self._stored and self._messages.is_between_bundles:
            self._store.followers.store_position(FOLLOWER, self._log.id, position)
            self._stored, self._stored_at = position, time.monotonic()
            self.thread.say_over()

    def _publish(self, messages: list[Message], upto: Horizon) -> None:
        self._head = max(self._head, upto.position)
        set_aside = self._publisher.publish(messages, self._head, self._committed_now)
        if set_aside is not None:
            _log.warning("log %r: %s", self._log.name, set_aside)
        self._say_redis_is_back()

    def _committed_now(self) -> int:
        self._head = self._store.reads.end(self._log.id).horizon.position
        return self._head

    def _say_redis_is_back(self) -> None:
        if self.thread.outage in (_REDIS_AWAY, _IN_USE):
            self.thread.say_over()

    def _release(self) -> None:
        self._publisher.release()
        self._lease.release()


def _outage(error: Exception) -> Outage:
    if isinstance(error, StreamInUseError):
        return _IN_USE
    if isinstance(error, RedisError):
        return _REDIS_AWAY
    if isinstance(error, CopyError):
        return _IS_COPY
    return _STORE_AWAY if isinstance(error, EventLoggerError) else _UNEXPECTED
