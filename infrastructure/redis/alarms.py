"""The channel on which a witness says what is alarming."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from infrastructure.redis.connection import checked_prefix, connect, redis_errors
from projections.witnessing import Alarm

if TYPE_CHECKING:
    from infrastructure.redis.connection import RedisSource

CHANNEL = "events:alarm"


class AlarmChannel:
    """Publishes alarms on `<prefix>events:alarm`.

    Raises `LogConfigurationError` for a source or a prefix that makes no sense.
    """

    def __init__(self, source: RedisSource, prefix: str) -> None:
        self._channel = checked_prefix(prefix) + CHANNEL
        self._client = connect(source)

    def publish(self, alarm: Alarm) -> None:
        """Publish the alarm; raises `RedisError` where Redis is away or refuses."""
        with redis_errors():
            self._client.publish(self._channel, orjson.dumps(alarm._asdict()))

    def close(self) -> None:
        """Let go of the connections."""
        with redis_errors():
            self._client.close()
