"""Publishing a live log to Redis: one atomic step adds to the stream and publishes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING
from uuid import uuid4

import orjson

from domain.errors import RedisError, StreamInUseError
from infrastructure.redis.connection import checked_prefix, connect, redis_errors
from infrastructure.redis.script import PUBLISH, RELEASE
from projections.messages import STREAM, Message

if TYPE_CHECKING:
    from infrastructure.redis.connection import RedisSource

STREAM_LENGTH = 100_000
"""About how many messages the stream keeps; older ones are dropped by the server."""

CLAIM_SECONDS = 10.0
"""How long a prefix stays claimed after its publisher was last heard of."""

RENEW_SECONDS = 3.0
"""How often a publisher that has nothing to publish says that it is still there."""

_REASONS = {
    "log": "held messages of another log",
    "former": "held entries that name no log, of a former version or another program",
    "beyond": "goes beyond what this log has committed, as after its store was restored",
}


@dataclass(frozen=True, slots=True)
class SetAside:
    """A stream that was in the way and was renamed, with all that it holds, to `name`.

    What the log had not published goes to the new `stream`.
    """

    stream: str
    name: str
    reason: str

    def __str__(self) -> str:
        """The sentence that says so."""
        kind, _, message = self.reason.partition(":")
        why = _REASONS.get(kind) or f"does not hold this log's message {message} where it belongs"
        return (
            f"the stream {self.stream!r} {why}: it was set aside as {self.name!r}, and publishing"
            f" goes on in a new {self.stream!r}"
        )


class RedisPublisher:
    """Publishes one log's messages on `<prefix><channel>` and in `<prefix>events:stream`.

    `identity` is the log's UUID as text. A message counts as published when the stream holds the
    same (log, channel and data) under its id; anything else that is in the way is set aside whole.
    Two logs are never mixed: a prefix belongs to the log whose publisher claimed it first,
    by the key `<prefix>events:stream:log`, until that publisher is released or not heard of for
    `CLAIM_SECONDS`. `infrastructure.redis.script` says what is decided how. The user needs GET,
    SET, DEL, EXISTS, RENAMENX, XADD, XRANGE, XINFO, PUBLISH, EVALSHA and SCRIPT LOAD, on the keys
    `<prefix>events:stream*`; one who lacks any of them loses nothing. On a cluster the prefix needs
    a hash tag, such as `{desk1}:`.

    Connects at the first call; for one thread. Raises `LogConfigurationError` for a source or a
    prefix that makes no sense.
    """

    def __init__(self, source: RedisSource, prefix: str, identity: str) -> None:
        self._prefix = checked_prefix(prefix)
        self._client = connect(source)
        self._publish = self._client.register_script(PUBLISH)
        self._release = self._client.register_script(RELEASE)
        self._identity = identity
        self._writer = uuid4().hex
        self._claimed_at: float | None = None
        self.yields = False
        """Whether another publisher of this log that claims the prefix meanwhile is to keep it."""
        self.is_overtaken = False
        """Whether another publisher of this log has published since this one did."""
        self._told_aside = "-"
        self.stream = prefix + STREAM
        self._keys = (self.stream.encode(), f"{self.stream}:log".encode())

    def publish(
        self,
        messages: Sequence[Message],
        committed_to: int,
        committed_now: Callable[[], int] | None = None,
    ) -> SetAside | None:
        """Publish all of the messages, which follow each other, or none; those published are kept.

        `committed_to` is the position of the log's last entry, read from the store after this
        process became the log's notifier, and not before what `messages` is of: a stream that
        goes further is another history's, unless `committed_now`, which reads it anew, says that
        this process hung meanwhile. Returns the stream that was in the way and was set aside,
        once, which is worth a warning. Raises `StreamInUseError` while another log publishes
        on this prefix, or another copy of this log does and tells other things, or another
        publisher of this log to whom this one yields; and `RedisError` when Redis is away or
        refuses. The same messages are then to be given again.
        """
        data, confirmed = orjson.dumps(list(chain.from_iterable(messages))), "-"
        what, *rest = self._answer(data, committed_to, confirmed)
        while what == "beyond":
            # What is committed now is not less than when the stream's end was seen: should that
            # still be its end, it is beyond, and nobody else has published meanwhile.
            (end,) = rest
            committed_to = committed_to if committed_now is None else committed_now()
            confirmed = end if int(end.partition("-")[0]) > committed_to + 1 else "-"
            what, *rest = self._answer(data, committed_to, confirmed)
        if what == "in use":
            self._claimed_at = None
            raise StreamInUseError(self.stream, self._identity, rest[0])
        name, reason, former = rest
        self.is_overtaken = self._claimed_at is not None and former not in ("-", self._writer)
        self._claimed_at = time.monotonic()
        return self._set_aside(name, reason)

    def _answer(self, data: bytes, committed_to: int, confirmed: str) -> list[str]:
        arguments = (
            self._identity.encode(),
            self._writer.encode(),
            self._prefix.encode(),
            round(CLAIM_SECONDS * 1000),
            STREAM_LENGTH,
            committed_to,
            data,
            confirmed.encode(),
            b"yields" if self.yields and self._claimed_at is not None else b"",
        )
        with redis_errors():
            answer = self._publish(keys=self._keys, args=arguments)
        return [_text(one) for one in answer]

    def renew(self) -> bool:
        """Keep what was claimed; to be called whenever there is nothing to publish.

        Asks the server every `RENEW_SECONDS`, and not before something was published; returns
        whether it did, and so whether Redis answers. Raises as `publish` does.
        """
        if self._claimed_at is None or time.monotonic() < self._claimed_at + RENEW_SECONDS:
            return False
        self.publish((), 0)
        return True

    def release(self) -> None:
        """Leave the prefix to others at once; when Redis does not answer, the claim expires."""
        if self._claimed_at is not None:
            self._claimed_at = None
            with suppress(RedisError), redis_errors():
                self._release(keys=self._keys[1:], args=(self._identity, self._writer))

    def close(self) -> None:
        """Release the prefix and let go of the connections."""
        self.release()
        with redis_errors():
            self._client.close()

    def _set_aside(self, name: str, reason: str) -> SetAside | None:
        if name == self._told_aside:
            return None
        self._told_aside = name
        return None if name == "-" else SetAside(self.stream, f"{self.stream}:{name}", reason)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
