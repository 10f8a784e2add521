"""The channel and the stream on which a live log's checkpoints are published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from infrastructure.redis.connection import checked_prefix, connect, redis_errors

if TYPE_CHECKING:
    from infrastructure.redis.connection import RedisSource

CHANNEL = "events:checkpoint"
STREAM_LENGTH = 10_000
"""About how many checkpoints and heartbeats the stream keeps."""


class CheckpointChannel:
    """Publishes checkpoints on the channel `<prefix>events:checkpoint` and the stream of that name.

    The user needs XADD on that key, and PUBLISH. Connects at the first call. Raises
    `LogConfigurationError` for a source or a prefix that makes no sense.
    """

    def __init__(self, source: RedisSource, prefix: str) -> None:
        self._name = checked_prefix(prefix) + CHANNEL
        self._client = connect(source)

    def publish(self, log: str, said: dict[str, Any]) -> None:
        """Publish a checkpoint of the log of an identity.

        Raises `RedisError` where Redis is away or refuses.
        """
        data = orjson.dumps(said)
        entry: Any = {"log": log, "channel": CHANNEL, "data": data}
        with redis_errors():
            self._client.xadd(self._name, entry, maxlen=STREAM_LENGTH, approximate=True)
            self._client.publish(self._name, data)

    def close(self) -> None:
        """Let go of the connections."""
        with redis_errors():
            self._client.close()
