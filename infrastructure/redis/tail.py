"""Listening to one live log on Redis: its stream, read on from entry to entry.

Pub/sub drops what nobody hears, and does not say which log a message is of; the stream holds both.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from domain.errors import RedisError
from infrastructure.redis.connection import checked_prefix, connect, redis_errors
from infrastructure.redis.set_aside import LAST_POSSIBLE, PAGE, SetAside
from infrastructure.redis.stream_entry import Heard, StreamEntry, entries_of, order_of
from projections.messages import LOGGED_CHANNEL, STREAM

if TYPE_CHECKING:
    from infrastructure.redis.connection import RedisSource

FromStore = Callable[[int, int | None], Iterator[str]]
"""The JSON of the `events:logged` messages of the orders first … last (None: all there are)."""

REMEMBERED = 10_000
_OTHERS = 5
_LOOK_SECONDS = 2.0
"""How many other streams are named where nothing was published, and how long is looked for them."""

_LISTEN_SECONDS = 0.5
_RETRY_SECONDS = 0.5


class RedisTail:
    """Every message of one log once, in order, from now on or from an order on.

    The log is that of the identity, or without one the log that publishes on this prefix now, or
    the first that does. What the stream no longer has is fetched from the store. When the stream is
    set aside or begins anew, what is left of the former one comes first, then the new one. Entries
    of other logs, and what is no message of a log, are passed over.

    `notice` gets a line for whoever watches: nothing was published yet; Redis is away, and
    back; another log publishes here.
    """

    def __init__(
        self,
        source: RedisSource,
        prefix: str = "",
        from_order: int | None = None,
        from_store: FromStore | None = None,
        *,
        identity: str | None = None,
        notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._stream = checked_prefix(prefix) + STREAM
        self._client = connect(source)
        self._set_aside = SetAside(self._client, self._stream)
        self._identity = identity
        self._from_store = from_store
        self._notice = notice
        self._seeking = from_order
        self._before_sought: deque[Heard] = deque(maxlen=REMEMBERED)
        self._last_order: int | None = None
        self._fetched_to = 0
        self._told: OrderedDict[Heard, None] = OrderedDict()
        self._has_begun = self._is_away = self._has_noticed_another = False
        # An event's id is greater than its order.
        self._after = "0-0" if from_order is None else f"{from_order}-{2**64 - 1}"
        # An entry that was read shows whether the stream is still the same one.
        self._anchor: StreamEntry | None = None
        self._is_full = False

    def begin(self) -> None:
        """Remember where the stream ends; the messages after that are given out.

        Raises `RedisError` when there is no answer.
        """
        with redis_errors():
            newest = entries_of(self._client.xrevrange(self._stream, count=PAGE))
        latest = next((one for one in newest if one.heard), None)
        if latest is None:
            self._notice(f"no log has published on this prefix yet{self._others()}; waiting")
        elif self._identity is None:
            self._identity = latest.log
        elif not self._is_own(latest):
            self._notice_another(latest)
        if self._seeking is None and newest:
            self._after = newest[0].id
            self._anchor = next(filter(self._is_own, newest), newest[0])
            for one in filter(self._is_own, reversed(newest)):
                if one.heard is not None:
                    self._remember(one.heard)
        with redis_errors():
            self._set_aside.look()
        self._has_begun = True

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def messages(self, is_stopping: Callable[[], bool]) -> Iterator[Heard]:
        """The messages, until `is_stopping` says so; a Redis that is away is waited for."""
        while not is_stopping():
            try:
                entries = self._next()
            except RedisError as error:
                if not self._is_away:
                    self._is_away = True
                    self._notice(f"{error}; waiting until it answers")
                time.sleep(_RETRY_SECONDS)
                continue
            if self._is_away:
                self._is_away = False
                self._notice("Redis answers again; what was missed follows")
            for one in entries:
                yield from self._tell_entry(one)
            if not entries and self._seeking is not None:
                yield from self._reach(None)

    def _next(self) -> list[StreamEntry]:
        """What comes next in the stream, after waiting for it; empty when nothing came."""
        if not self._has_begun:
            self.begin()
        page = self._page()
        if page is None:
            with redis_errors():
                begin = entries_of(self._client.xrange(self._stream, count=1))
            return self._rest_of_former(begin[0] if begin else None)
        if page and self._anchor is None:
            return self._rest_of_former(page[0]) or self._next()
        if not page:
            self._wait()
        else:
            self._after = page[-1].id
            own = next(filter(self._is_own, reversed(page)), None)
            self._anchor = own or self._anchor or page[-1]
        return page

    def _page(self) -> list[StreamEntry] | None:
        """The next entries; None when the stream is not the one that was read before."""
        anchor = self._anchor
        with redis_errors(), self._client.pipeline() as pipe:
            pipe.exists(self._stream)
            pipe.xrange(self._stream, f"({self._after}", count=PAGE)
            if anchor is not None:
                pipe.xrange(self._stream, anchor.id, anchor.id)
            answers: Any = pipe.execute()
        exists, page, *held = answers
        if exists and anchor is not None and entries_of(held[0]) != [anchor]:
            return None
        entries = entries_of(page)
        # Nothing can follow this id, and nothing can be asked for after it.
        self._is_full = bool(entries) and entries[-1].id == LAST_POSSIBLE
        return entries[:-1] if self._is_full else entries

    def _wait(self) -> None:
        if self._is_full:
            time.sleep(_LISTEN_SECONDS)
            return
        with redis_errors():
            milliseconds = round(_LISTEN_SECONDS * 1000)
            self._client.xread({self._stream: self._after}, count=1, block=milliseconds)

    def _rest_of_former(self, present: StreamEntry | None) -> list[StreamEntry]:
        """What was set aside since the last look; after it, the stream is read that is there."""
        with redis_errors():
            rest = self._set_aside.rest(self._anchor, self._after, present, self._is_own)
        if self._anchor is not None:
            self._after = "0-0"
        self._anchor = present
        return rest

    def _is_own(self, entry: StreamEntry) -> bool:
        return entry.log is not None and entry.log == self._identity

    def _tell_entry(self, entry: StreamEntry) -> Iterator[Heard]:
        heard = entry.heard
        if heard is None:
            return
        if self._identity is None:
            self._identity = entry.log
        if not self._is_own(entry):
            self._notice_another(entry)
            return
        self._has_noticed_another = False
        order = order_of(heard)
        if self._seeking is not None:
            if order is None or order < self._seeking:
                if order is None:
                    self._before_sought.append(heard)
                else:
                    self._before_sought.clear()
                return
            yield from self._reach(order)
        elif order is not None and self._last_order is not None and order > self._last_order + 1:
            yield from self._stored(self._last_order + 1, order - 1)
        yield from self._tell(heard)

    def _reach(self, order: int | None) -> Iterator[Heard]:
        """Tell what comes before the first event that the stream has; None: it has none yet."""
        if self._seeking is None:
            return
        yield from self._stored(self._seeking, None if order is None else order - 1)
        if order is None and not self._fetched_to:
            return
        self._seeking = None
        while self._before_sought:
            yield from self._tell(self._before_sought.popleft())

    def _stored(self, first: int, last: int | None) -> Iterator[Heard]:
        if self._from_store is None or (last is not None and last < first):
            return
        for data in self._from_store(first, last):
            heard = (LOGGED_CHANNEL, data)
            yield from self._tell(heard)
            self._fetched_to = order_of(heard) or 0

    def _tell(self, heard: Heard) -> Iterator[Heard]:
        order = order_of(heard)
        if order is not None:
            if order <= self._fetched_to:
                return
            self._fetched_to = 0
        if heard not in self._told:
            self._remember(heard)
            yield heard

    def _remember(self, heard: Heard) -> None:
        self._told[heard] = None
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        self._last_order = order_of(heard) or self._last_order

    def _others(self) -> str:
        """Which streams there are, for whoever listens to the wrong one."""
        others: set[str] = set()
        until = time.monotonic() + _LOOK_SECONDS
        with suppress(RedisError), redis_errors():
            for name in self._client.scan_iter(f"*{STREAM}", count=1000, _type="stream"):
                others.add(name.decode(errors="replace") if isinstance(name, bytes) else name)
                if len(others) > _OTHERS or time.monotonic() > until:
                    break
        others.discard(self._stream)
        if not others:
            return ""
        named = ", ".join(repr(one) for one in sorted(others)[:_OTHERS])
        return f": there is no stream {self._stream!r}, but there is {named}"

    def _notice_another(self, entry: StreamEntry) -> None:
        if not self._has_noticed_another:
            self._has_noticed_another = True
            self._notice(
                f"the log {entry.log} publishes on this prefix now; this goes on listening to the"
                f" log {self._identity} alone"
            )
