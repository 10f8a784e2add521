"""The connection to Redis: which URL and which prefix make sense."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from domain.errors import LogConfigurationError, RedisError, shown
from infrastructure.passwords import without_password

if TYPE_CHECKING:
    import redis

    RedisSource = str | redis.Redis | Literal[False] | None
    """A Redis: its URL, a client, False for none, None for what the environment says."""

_DATABASE = re.compile(r"(?:/\d*)?\Z", re.ASCII)
TIMEOUT_SECONDS = 2.0
"""How long to wait for a connection or an answer."""


def connect(source: RedisSource) -> redis.Redis:
    """A client of the Redis at a URL (`redis://`, `rediss://` for TLS, `unix://`), or the client.

    Connects at the first command. Raises `LogConfigurationError` for a URL that makes no sense.
    """
    import redis

    if isinstance(source, redis.Redis):
        return source
    if not isinstance(source, str):
        raise LogConfigurationError(
            "redis",
            type(source).__name__,
            "must be a URL such as redis://localhost:6379/0, a redis.Redis or False, not of type"
            f" {type(source).__module__}.{type(source).__qualname__}",
        )
    # The reason is not chained to the error: it may quote the password.
    with suppress(ValueError, TypeError, redis.RedisError):
        return _client(source)
    shown_url = without_password(source)
    raise LogConfigurationError(
        "redis",
        shown_url,
        f"{shown_url!r} is no Redis URL; write redis://localhost:6379/0, rediss:// for TLS, or"
        " unix:///run/redis.sock",
    )


def _client(url: str) -> redis.Redis:
    import redis

    parts = urlsplit(url)
    is_socket = parts.scheme == "unix"
    if is_socket == bool(parts.hostname):
        raise ValueError("a host and a socket's path are one too many, or neither is named")
    if not (parts.path if is_socket else _DATABASE.match(parts.path)):
        raise ValueError("the path is no socket, or no database number")
    if parts.fragment or "@" in parts.query:
        # The host would be a part of a password that holds a `#` or a `?`, and be named in errors.
        raise ValueError("a password's special characters are to be written as %23, %3F, %40")
    client = redis.Redis.from_url(
        url,
        socket_connect_timeout=TIMEOUT_SECONDS,
        socket_timeout=TIMEOUT_SECONDS,
        # The notifier retries by itself, with everything that it has not published.
        retry=None,
    )
    # An option that redis does not know would come to light only at the first command.
    pool = client.connection_pool
    # Bytes that are no text may stand in anything that others write.
    pool.connection_kwargs["decode_responses"] = False
    pool.connection_class(**pool.connection_kwargs)
    return client


def checked_prefix(prefix: Any) -> str:
    """The prefix of channels, stream and claim, which must be text that UTF-8 can hold.

    Raises `LogConfigurationError`.
    """
    if not isinstance(prefix, str):
        raise LogConfigurationError("channel_prefix", prefix, f"must be text, not {shown(prefix)}")
    try:
        prefix.encode()
    except UnicodeEncodeError:
        raise LogConfigurationError(
            "channel_prefix",
            prefix,
            f"must be valid Unicode, which {shown(prefix)} is not: take out its lone surrogates",
        ) from None
    return prefix


@contextmanager
def redis_errors() -> Iterator[None]:
    """Turns what the client raises into `RedisError`."""
    import redis

    try:
        yield
    except (redis.RedisError, OSError) as error:
        raise RedisError(str(error).rstrip(".") or type(error).__name__) from error
