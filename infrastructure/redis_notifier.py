"""Publishing to Redis: the connection, and one atomic step that adds to the stream and publishes.

The only file that imports redis.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import orjson

from domain.errors import LogConfigurationError, RedisError
from projections.messages import STREAM, Message

if TYPE_CHECKING:
    import redis

    RedisSource = str | redis.Redis | Literal[False] | None
    """A Redis: its URL, a client, False for none, None for what the environment says."""

_DATABASE = re.compile(r"(?:/\d*)?\Z", re.ASCII)
_CERTAIN_PARTS = re.compile(
    r"((?:(?i:rediss?|valkeys?|unix|https?)://)?)"
    r"(?:[^/?#@]*@)?"
    r"([\w.-]+(?::\d+)?|\[[\da-fA-F:.]+\](?::\d+)?|)"
    r"((?:/[\w./-]*)?)"
    r"((?:\?[^@]*)?)",
    re.ASCII,
)

STREAM_LENGTH = 100_000
"""About how many messages the stream keeps; older ones are dropped by the server."""

TIMEOUT_SECONDS = 2.0
"""How long to wait for a connection or an answer."""

# One script is one atomic step: a server that refuses writes refuses it at the first XADD, so that
# nothing of it is published. A message whose id the stream holds was published before; so that
# this is true, a user who may write the stream but not publish is refused before anything is added.
_PUBLISH = """
local foreign = {}
local messages = cjson.decode(ARGV[3])
if redis.acl_check_cmd then
  local checked = {}
  for _, message in ipairs(messages) do
    local channel = ARGV[2] .. message[2]
    if not checked[channel] and not redis.acl_check_cmd('PUBLISH', channel, '') then
      return redis.error_reply('NOPERM this user may not publish on the channel ' .. channel)
    end
    checked[channel] = true
  end
end
for _, message in ipairs(messages) do
  local id, channel, data = message[1], message[2], message[3]
  local added = redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], id,
                            'channel', channel, 'data', data)
  local is_new = true
  if type(added) == 'table' and added.err then
    if not string.find(added.err, 'equal or smaller', 1, true) then
      return added
    end
    is_new = #redis.call('XRANGE', KEYS[1], id, id) == 0
    if is_new then
      foreign[#foreign + 1] = id
    end
  end
  if is_new then
    redis.call('PUBLISH', ARGV[2] .. channel, data)
  end
end
return foreign
"""


def without_password(url: str) -> str:
    """The URL as logs and errors may show it: without what stands before its host or after a `?`.

    `***` stands for a text in which it is not certain what the password is.
    """
    certain = _CERTAIN_PARTS.fullmatch(url)
    if certain is None:
        return "***"
    scheme, host, path, options = certain.groups()
    return f"{scheme}{host}{path}{'?***' if options else ''}"


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
    client = redis.Redis.from_url(
        url,
        socket_connect_timeout=TIMEOUT_SECONDS,
        socket_timeout=TIMEOUT_SECONDS,
        # The notifier retries by itself, with everything that it has not published.
        retry=None,
    )
    # An option that redis does not know would come to light only at the first command.
    pool = client.connection_pool
    pool.connection_class(**pool.connection_kwargs)
    return client


class RedisPublisher:
    """Publishes messages on `<prefix><channel>` and adds them to `<prefix>events:stream`.

    A message that the stream holds already counts as published.
    """

    def __init__(self, source: RedisSource, prefix: str = "") -> None:
        self._client = connect(source)
        self._script = self._client.register_script(_PUBLISH)
        self._prefix = prefix
        self.stream = prefix + STREAM

    def publish(self, messages: Sequence[Message]) -> list[str]:
        """Publish all of the messages, or none; returns the ids that the stream has no place for.

        Such an id is smaller than the stream's last, and the stream does not hold it: another log
        writes to it, or it is so old that it was dropped. Raises `RedisError`.
        """
        batch = orjson.dumps([(one.id, one.channel, one.data) for one in messages])
        arguments = (STREAM_LENGTH, self._prefix, batch)
        with redis_errors():
            foreign = self._script(keys=[self.stream], args=arguments)
        return [one.decode() if isinstance(one, bytes) else one for one in foreign]

    def close(self) -> None:
        """Let go of the connections."""
        with redis_errors():
            self._client.close()


@contextmanager
def redis_errors() -> Iterator[None]:
    """Turns what the client raises into `RedisError`."""
    import redis

    try:
        yield
    except (redis.RedisError, OSError) as error:
        raise RedisError(str(error) or type(error).__name__) from error
