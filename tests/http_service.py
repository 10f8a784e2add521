"""A server of ours in a thread of the test, on a free port of this machine, and who asks it."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from infrastructure.http_server import HttpServer, Request, Response


class Served:
    """Serves while its block lasts."""

    def __init__(
        self,
        answer: Callable[[Request], Response],
        *,
        most_bytes: int = 10_000,
        port: int = 0,
        **limits: Any,
    ) -> None:
        self._answer = answer
        self._limits = {"most_bytes": most_bytes} | limits
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self.port = port

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = HttpServer(self._answer, **self._limits)
        self.port = await server.start("127.0.0.1", self.port)
        self._ready.set()
        await self._end.wait()
        await server.stop()

    def __enter__(self) -> Served:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes, str]:
        """Status, body and content type of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers["Content-Type"]
        finally:
            connection.close()

    def connect(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def raw(self, data: bytes) -> bytes:
        """What comes back for these bytes, until the server closes."""
        with self.connect() as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return everything(connection)


def everything(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)
