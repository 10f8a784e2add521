"""Those who listen: each log's tail hears every event once, in order; so does each subscription."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import orjson
import redis

from infrastructure.redis.stream_entry import order_of
from infrastructure.redis.tail import RedisTail
from tests.redis_server import RedisServer
from tests.support import PATIENCE


class Listeners:
    """A tail from order 1 on, and a subscriber, for each of the logs; until `verified`."""

    def __init__(self, server: RedisServer, logs: Sequence[str]) -> None:
        self._server = server
        self._is_over = False
        self._tailed: dict[str, list[int]] = {log: [] for log in logs}
        self._faults: list[str] = []
        self._threads = [
            threading.Thread(target=listen, args=(log,), daemon=True)
            for log in logs
            for listen in (self._tail, self._subscribe)
        ]
        for one in self._threads:
            one.start()

    @property
    def heard(self) -> int:
        """How many events were heard by the tails."""
        return sum(map(len, self._tailed.values()))

    def verified(self) -> list[str]:
        """What was not heard as it is promised; what is published now is waited for."""
        deadline = time.monotonic() + PATIENCE
        for log, orders in self._tailed.items():
            published = [
                data["order"]
                for channel, data in self._server.streamed(f"{log}:")
                if channel == "events:logged"
            ]
            while orders[-1:] != published[-1:] and time.monotonic() < deadline:
                time.sleep(0.05)
            if orders != list(range(1, len(published) + 1)):
                self._faults.append(
                    f"{log}: the tail heard {len(orders)} events of {len(published)}, the last"
                    f" {orders[-3:]}, first out of order {_first_out_of_order(orders)}"
                )
        self._is_over = True
        for one in self._threads:
            one.join(PATIENCE)
        return self._faults

    def _tail(self, log: str) -> None:
        tail = RedisTail(self._server.url, f"{log}:", from_order=1)
        for heard in tail.messages(lambda: self._is_over):
            order = order_of(heard)
            if order is not None:
                self._tailed[log].append(order)

    def _subscribe(self, log: str) -> None:
        while not self._is_over:
            try:
                with self._server.client() as client, client.pubsub() as subscription:
                    subscription.subscribe(f"{log}:events:logged")
                    self._listen(log, subscription)
            except (redis.RedisError, OSError):
                time.sleep(0.05)

    def _listen(self, log: str, subscription: redis.client.PubSub) -> None:
        """One connection drops nothing; what is published while there is none, nobody hears."""
        last: int | None = None
        while not self._is_over:
            message = subscription.get_message(timeout=0.5)
            if message is None:
                continue
            if message["type"] == "subscribe":
                # A connection that was made anew behind our back.
                last = None
            elif message["type"] == "message":
                order = orjson.loads(message["data"])["order"]
                if last is not None and order != last + 1:
                    self._faults.append(f"{log}: a subscriber heard {order} after {last}")
                last = order


def _first_out_of_order(orders: list[int]) -> int | None:
    return next((one for place, one in enumerate(orders, 1) if one != place), None)
