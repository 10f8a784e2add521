"""Serving the page: a socket, a server on it, and an end at the first signal."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import stat
from collections.abc import Callable, Sequence
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from domain.errors import LogConfigurationError, shown
from event_logger.web.errors import require

if TYPE_CHECKING:
    from event_logger.web.app import Application

TOKEN_VARIABLE = "EVENT_LOGGER_WEB_TOKEN"
_MOST_CONNECTIONS = 200
_IDLE_SECONDS, _END_SECONDS = 15, 2
_LARGEST_HEAD = 32 * 1024


def serve(
    store: str,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    token_file: Path | None = None,
    names: Sequence[str] = (),
    log: str | None = None,
    started: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve the page of a store until SIGINT or SIGTERM; `started` is told its address.

    Any address but the machine's own needs a token, which is in a file or in the environment;
    `names` are those under which the page may be asked for, beside the host's; `log` is the log
    that is meant where an address names none. Raises
    `MissingExtraError`, `LogConfigurationError` or `StoreError`.
    """
    token = checked_token(host, token_file)
    require("starlette", "uvicorn", "jinja2", "prometheus_client")
    from event_logger.web.app import Application

    application = Application(store, (_in_header(host), *names), token, log)
    # A store that is not there is said at once, and by its own sentence.
    application.site.readers().names()
    # What takes long to import is not waited for by whoever asks first.
    import_module("pandas")
    with _bound(host, port) as bound:
        started(f"http://{_in_header(host)}:{bound.getsockname()[1]}/")
        _run(application, bound)


def checked_token(host: str, token_file: Path | None) -> str | None:
    """The token that requests must bring; None on the machine's own address, where none is given.

    Raises `LogConfigurationError` where one is needed, or is too short to be one.
    """
    token = os.environ.get(TOKEN_VARIABLE) or None
    if token_file is not None:
        try:
            with token_file.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                token = file.read(1000).decode("ascii", "replace").strip()
        except (OSError, ValueError) as error:
            raise LogConfigurationError(
                "--token-file", None, f"{token_file} cannot be read: {error}"
            ) from error
        if stat.S_IMODE(mode) & 0o077:
            raise LogConfigurationError(
                "--token-file",
                None,
                f"{token_file} can be read by others than its owner; run chmod 600 on it",
            )
    if token is None and not _is_own(host):
        raise LogConfigurationError(
            "--host",
            host,
            f"{shown(host)} is not this machine's own address: there a token is needed, in the"
            f" file of --token-file or in {TOKEN_VARIABLE}",
        )
    if token is not None and not (16 <= len(token) <= 200 and token.isascii()):
        raise LogConfigurationError(
            "the token", None, "must have 16 to 200 characters of ASCII; make one with"
            " python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )  # fmt: skip
    return token


def _is_own(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _in_header(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _bound(host: str, port: int) -> socket.socket:
    """A socket that listens there; raises `LogConfigurationError`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, place = found[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(place)
            # From now on whoever was told the address is heard.
            bound.listen()
        except BaseException:
            bound.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise LogConfigurationError(
            "--host", host, f"{shown(host)} with --port {port} cannot be listened on: {reason}"
        ) from error
    return bound


def _run(application: Application, bound: socket.socket) -> None:
    import uvicorn

    from event_logger.web.connections import BoundedProtocol

    class Server(uvicorn.Server):
        """Ends at the first signal: open streams are told to end, and nobody waits for them."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            """Stop, without raising the signal again: to be told to stop is no failure."""
            self.should_exit = True
            loop.call_soon_threadsafe(application.stop)

    config = uvicorn.Config(
        application.app,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_END_SECONDS,
        h11_max_incomplete_event_size=_LARGEST_HEAD,
        http=BoundedProtocol,
        ws="none",
    )
    # It says of every stream whose viewer has gone that it cannot be written to.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(Server(config).serve(sockets=[bound]))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
