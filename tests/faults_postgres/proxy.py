"""What stands between a logger and its server, and cuts their connections wherever it is told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

Cut = Callable[[bool, bytes], str]
"""Asked of each piece that comes by, whether from the client: "", or where it is cut.

"before": neither side gets it. "after": the piece is passed on, and then no more is.
"""


def never(from_client: bool, piece: bytes) -> str:
    """Everything goes through."""
    return ""


class Proxy:
    """Passes on what comes between clients and a server on this machine."""

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self.cut: Cut = never
        self.cuts = 0
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def url(self, options: str = "") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres{options}"

    def cut_all(self) -> None:
        """Cut every connection that there is."""
        for pair in self._pairs:
            _close(pair)
        self._pairs = []

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.server_port))
            except OSError:
                client.close()
                continue
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = (client, server)
            self._pairs.append(pair)
            for from_client in (True, False):
                threading.Thread(target=self._pass, args=(pair, from_client), daemon=True).start()

    def _pass(self, pair: tuple[socket.socket, socket.socket], from_client: bool) -> None:
        source, target = pair if from_client else pair[::-1]
        with suppress(OSError):
            while piece := source.recv(65536):
                where = self.cut(from_client, piece)
                if where:
                    self.cuts += 1
                if where != "before":
                    target.sendall(piece)
                if where:
                    break
        _close(pair)
        # Each of the two threads has one to read from, and lets go of that.
        source.close()

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_all()


def _close(pair: tuple[socket.socket, socket.socket]) -> None:
    for one in pair:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
