"""Listening to a live log on Redis: subscribes, notices what was missed, and fetches it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import orjson

from domain.errors import RedisError
from infrastructure.redis_notifier import connect, redis_errors
from projections.messages import CHANNELS, LOGGED_CHANNEL, STREAM

if TYPE_CHECKING:
    from infrastructure.redis_notifier import RedisSource

Heard = tuple[str, str]
"""A message: its channel without the prefix, and its JSON."""

FromStore = Callable[[int, int | None], Iterator[str]]
"""The JSON of the `events:logged` messages of the orders first … last (None: all there are)."""

REMEMBERED = 10_000
_PAGE = 500
_LISTEN_SECONDS = 0.5
_RETRY_SECONDS = 0.5


class RedisTail:
    """Every message once, in order, from the moment of listening on or from an order on.

    What pub/sub dropped (a lost connection, a server that was away) shows as a gap in the orders;
    it is fetched from the stream, and what the stream no longer has from the store.
    """

    def __init__(
        self,
        source: RedisSource,
        prefix: str = "",
        from_order: int | None = None,
        from_store: FromStore | None = None,
    ) -> None:
        self._client = connect(source)
        self._prefix = prefix
        self._from_store = from_store
        self._last_order = None if from_order is None else from_order - 1
        self._told: OrderedDict[Heard, None] = OrderedDict()
        self._has_begun = from_order is not None

    def messages(self, stopping: threading.Event) -> Iterator[Heard]:
        """The messages, until `stopping` is set; a Redis that is away is waited for."""
        while not stopping.is_set():
            try:
                yield from self._listen(stopping)
            except RedisError:
                stopping.wait(_RETRY_SECONDS)

    def check(self) -> None:
        """Raises `RedisError` when there is no answer."""
        with redis_errors():
            self._client.ping()

    def _begin(self) -> None:
        """Remember the stream's last message: what comes after it is to be told."""
        with redis_errors():
            last: Any = self._client.xrevrange(self._prefix + STREAM, count=1)
        for _, fields in last:
            self._told[_message(fields)] = None
        self._has_begun = True

    def _listen(self, stopping: threading.Event) -> Iterator[Heard]:
        if not self._has_begun:
            self._begin()
        with redis_errors():
            subscription = self._client.pubsub(  # type: ignore[no-untyped-call]
                ignore_subscribe_messages=True
            )
            subscription.subscribe(*(self._prefix + channel for channel in CHANNELS))
        try:
            yield from self._tell_all(self._missed(None))
            while not stopping.is_set():
                with redis_errors():
                    message = subscription.get_message(timeout=_LISTEN_SECONDS)
                if message is not None:
                    channel = _text(message["channel"])[len(self._prefix) :]
                    yield from self._hear((channel, _text(message["data"])))
        finally:
            subscription.close()

    def _hear(self, heard: Heard) -> Iterator[Heard]:
        order = _order(heard)
        if order is not None and self._last_order is not None and order > self._last_order + 1:
            yield from self._tell_all(self._missed(heard))
        yield from self._tell_all([heard])

    def _tell_all(self, messages: list[Heard]) -> Iterator[Heard]:
        for heard in messages:
            if not _is_payload(heard):
                continue
            order = _order(heard)
            if heard in self._told or (order is not None and order <= (self._last_order or 0)):
                continue
            self._told[heard] = None
            if len(self._told) > REMEMBERED:
                self._told.popitem(last=False)
            if order is not None:
                self._last_order = order
            yield heard

    def _missed(self, until: Heard | None) -> list[Heard]:
        """What was published after what was told last, and before `until`."""
        streamed = list(takewhile(lambda heard: heard != until, self._streamed()))
        first = next((order for heard in streamed if (order := _order(heard))), None)
        if first is None and until is not None:
            first = _order(until)
        return [*self._stored_before(first), *streamed]

    def _streamed(self) -> list[Heard]:
        """The stream's messages after what was told last, oldest first."""
        found: list[Heard] = []
        end = "+"
        while True:
            with redis_errors():
                page: Any = self._client.xrevrange(self._prefix + STREAM, end, "-", count=_PAGE)
            for _, fields in page:
                heard = _message(fields)
                if heard in self._told or self._is_before(heard):
                    return found[::-1]
                found.append(heard)
            if len(page) < _PAGE:
                return found[::-1]
            end = f"({_text(page[-1][0])}"

    def _is_before(self, heard: Heard) -> bool:
        order = _order(heard)
        return order is not None and self._last_order is not None and order <= self._last_order

    def _stored_before(self, first: int | None) -> list[Heard]:
        if self._from_store is None or self._last_order is None:
            return []
        last = None if first is None else first - 1
        if last is not None and last <= self._last_order:
            return []
        start = self._last_order + 1
        return [(LOGGED_CHANNEL, data) for data in self._from_store(start, last)]


def _order(heard: Heard) -> int | None:
    """The order of an `events:logged` message, whose orders have no gaps."""
    if heard[0] != LOGGED_CHANNEL or not _is_payload(heard):
        return None
    order: int = orjson.loads(heard[1])["order"]
    return order


def _is_payload(heard: Heard) -> bool:
    """Whether a log has published it: others may publish anything on these channels."""
    try:
        payload = orjson.loads(heard[1])
    except orjson.JSONDecodeError:
        return False
    if not isinstance(payload, dict):
        return False
    return heard[0] != LOGGED_CHANNEL or type(payload.get("order")) is int


def _message(fields: dict[Any, Any]) -> Heard:
    by_name = {_text(name): _text(value) for name, value in fields.items()}
    return by_name.get("channel", ""), by_name.get("data", "")


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
