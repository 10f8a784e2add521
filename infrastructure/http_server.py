"""A small server of HTTP/1.1, for strangers: whatever they send, and however slowly, is bounded.

Of each request head, body and time are limited, and how many connections there are. What cannot be
told apart for certain (two lengths, a body without a length) is refused and the connection closed.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http import HTTPStatus
from typing import NamedTuple

_log = logging.getLogger("event_logger")

_MOST_HEAD = 16 * 1024
_LINGER_SECONDS = 1.0
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)


class Request(NamedTuple):
    """What is asked; the path is without what follows a question mark."""

    method: str
    path: str
    body: bytes


class Response(NamedTuple):
    """What is answered."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"


class _Head(NamedTuple):
    method: str
    path: str
    length: int
    is_kept: bool
    waits: bool


class _UnreadableError(Exception):
    def __init__(self, status: int, sentence: str) -> None:
        self.response = Response(status, f"{sentence}\n".encode())


class HttpServer:
    """Serves `answer`, which is called in threads, one at a time for each connection.

    `seconds` is how long a request may take to arrive, and an answer to be taken.
    """

    def __init__(
        self,
        answer: Callable[[Request], Response],
        *,
        most_bytes: int,
        seconds: float = 10.0,
        most_connections: int = 64,
    ) -> None:
        self._answer = answer
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._most_connections = most_connections
        self._connections: dict[asyncio.Task[None], None] = {}
        """The oldest first."""
        self._answering: set[asyncio.Task[None]] = set()
        self._is_stopping = False
        self._threads = ThreadPoolExecutor(4, "http")
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port. Raises `OSError` for an address that cannot be had."""
        self._server = await asyncio.start_server(self._connected, host, port, limit=_MOST_HEAD)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Take nothing more, finish what is being answered, and let go of the rest."""
        self._is_stopping = True
        if self._server is not None:
            self._server.close()
        for task in self._connections.keys() - self._answering:
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections, timeout=self._seconds)
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections)
        # What was let go of is closed by the loop, in its next round.
        await asyncio.sleep(0)
        self._threads.shutdown(wait=False)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._connections[task] = None
        # A peer that goes away, breaks off or is too slow is none whom anything is told.
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            if not self._has_place_for(task):
                await self._refuse(reader, writer, Response(503, b"too many connections\n"))
            else:
                while await self._served(reader, writer, task):
                    pass
        self._connections.pop(task, None)
        if writer.transport.get_write_buffer_size():
            writer.transport.abort()
        writer.close()

    def _has_place_for(self, task: asyncio.Task[None]) -> bool:
        """Whether it may stay; the oldest that is asking nothing gives way to it."""
        if len(self._connections) <= self._most_connections:
            return True
        for other in self._connections:
            if other not in self._answering and other is not task:
                other.cancel()
                # It must not be chosen twice while it has not heard of it.
                del self._connections[other]
                return True
        return False

    async def _served(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        task: asyncio.Task[None],
    ) -> bool:
        """Answer one request; whether another may follow."""
        try:
            async with asyncio.timeout(self._seconds):
                head = self._head(await _head_of(reader))
                if head.waits:
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = await reader.readexactly(head.length)
        except _UnreadableError as error:
            await self._refuse(reader, writer, error.response)
            return False
        self._answering.add(task)
        try:
            request = Request(head.method, head.path, body)
            loop = asyncio.get_running_loop()
            response = await loop.run_in_executor(self._threads, self._answered, request)
            is_kept = head.is_kept and not self._is_stopping
            await self._send(writer, response, is_kept=is_kept, method=head.method)
        finally:
            self._answering.discard(task)
        return is_kept

    def _answered(self, request: Request) -> Response:
        try:
            return self._answer(request)
        except Exception as error:  # said; a request must not end the server
            _log.error("a request was not answered: %s", error)
            return Response(500, b"the request could not be answered\n")

    async def _refuse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, response: Response
    ) -> None:
        """Answer, and take what is still being sent for a moment, or the answer would be lost."""
        await self._send(writer, response, is_kept=False)
        writer.write_eof()
        async with asyncio.timeout(_LINGER_SECONDS):
            while await reader.read(_MOST_HEAD):
                pass

    async def _send(
        self, writer: asyncio.StreamWriter, response: Response, *, is_kept: bool, method: str = ""
    ) -> None:
        status, body, content_type = response
        lines = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
            f"Content-Type: {content_type}",
            f"Content-Length: {len(body)}",
            f"Connection: {'keep-alive' if is_kept else 'close'}",
        ]
        head = "\r\n".join([*lines, "", ""]).encode("ascii")
        writer.write(head if method == "HEAD" else head + body)
        async with asyncio.timeout(self._seconds):
            await writer.drain()

    def _head(self, lines: list[str]) -> _Head:
        first, *rest = lines
        method, target, version = _words(first)
        headers: dict[str, list[str]] = {}
        for line in rest:
            name, separator, value = line.partition(":")
            if not separator or _TOKEN.fullmatch(name) is None:
                raise _UnreadableError(400, "a header of the request is none")
            headers.setdefault(name.lower(), []).append(value.strip(" \t"))
        if "transfer-encoding" in headers:
            raise _UnreadableError(411, "the length of the body must be told")
        lengths = headers.get("content-length", ["0"] if method in ("GET", "HEAD") else [])
        if not lengths:
            raise _UnreadableError(411, "the length of the body must be told")
        if len(lengths) > 1 or _NUMBER.fullmatch(lengths[0]) is None:
            raise _UnreadableError(400, "the length of the body is none")
        length = int(lengths[0])
        if length > self._most_bytes:
            raise _UnreadableError(413, f"a body has at most {self._most_bytes} bytes")
        wants = ",".join(headers.get("connection", [])).lower()
        is_kept = version == "HTTP/1.1" and "close" not in wants
        waits = any(one.lower() == "100-continue" for one in headers.get("expect", []))
        return _Head(method, target.partition("?")[0], length, is_kept, waits)


async def _head_of(reader: asyncio.StreamReader) -> list[str]:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise _UnreadableError(431, "the request's head is too long") from None
    return head[:-4].decode("latin-1").split("\r\n")


def _words(line: str) -> tuple[str, str, str]:
    words = line.split(" ")
    if len(words) != 3 or _TOKEN.fullmatch(words[0]) is None or not words[1].startswith("/"):
        raise _UnreadableError(400, "the request's first line is none")
    if words[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise _UnreadableError(505, "only HTTP/1.1 is spoken here")
    return words[0], words[1], words[2]
