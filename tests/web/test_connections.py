"""Connections that bring no request are closed, and those that do are left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from event_logger.web import connections
from event_logger.web.connections import BoundedProtocol
from tests.support import PATIENCE

HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"


def served(look: Callable[[int], Awaitable[None]]) -> None:
    """Run `look` with the port of a server whose answers take three times the limit."""

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(3 * connections.SECONDS)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def run() -> None:
        config = uvicorn.Config(
            slow, port=0, http=BoundedProtocol, log_config=None, lifespan="off", ws="none"
        )
        server = uvicorn.Server(config)
        serving = asyncio.ensure_future(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        await look(server.servers[0].sockets[0].getsockname()[1])
        server.should_exit = True
        await serving

    asyncio.run(asyncio.wait_for(run(), PATIENCE))


@pytest.mark.parametrize("sent", [b"", b"G", HEAD + b"X: "])
def test_a_request_that_never_ends_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(connections, "SECONDS", 0.1)

    async def look(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        assert await reader.read() == b""
        writer.close()

    served(look)


def test_one_letter_at_a_time_is_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SECONDS", 0.2)

    async def look(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD)
        closed = asyncio.ensure_future(reader.read())
        while not closed.done():
            writer.write(b"X: y\r\n")
            await asyncio.sleep(0.02)
        writer.close()

    served(look)


def test_an_answer_may_take_longer_and_another_may_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SECONDS", 0.1)

    async def look(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(HEAD + b"\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204")
        writer.close()

    served(look)
