"""Connections that bring no request in time are closed: whoever holds many keeps nobody out."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS = 15.0
"""How long a request may take until its head is there."""


class BoundedProtocol(H11Protocol):
    """One connection, closed where its next request has not come in whole after `SECONDS`.

    The server's own limit is on connections that are silent: one letter at a time was no silence.
    """

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._bound()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        super().data_received(data)
        self._bound()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        super().connection_lost(exc)
        self._forget()

    def _bound(self) -> None:
        is_at_work = self.cycle is not None and not self.cycle.response_complete
        if is_at_work:
            self._forget()
        elif self._late is None:
            self._late = self.loop.call_later(SECONDS, self._close)

    def _close(self) -> None:
        self._late = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()

    def _forget(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
