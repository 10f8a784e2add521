"""A log as it was known at some point: read like any other, and it never changes."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from domain.errors import HorizonError
from domain.horizon import Horizon
from domain.moments import EPOCH, Moment
from event_logger.reader import LogReader
from infrastructure.as_of import StoreAsOf

if TYPE_CHECKING:
    from infrastructure.redis.connection import RedisSource


class _Held(NamedTuple):
    """The store as of then. It is the reader's that this one was taken of, who closes it."""

    store: StoreAsOf

    def close(self) -> None:
        """Nothing is let go of."""


class LogAsOf(LogReader):
    """What was known when `horizon` was the log's end; see `LogReader.as_of`."""

    def __init__(self, reader: LogReader, horizon: Horizon, asked_for: Moment | None) -> None:
        store = StoreAsOf(reader._logs.store, reader._log.id, horizon)
        super().__init__(_Held(store), reader._log)
        # Also that it is not collected, and closed with that, while this one is in use.
        self._reader = reader
        self._asked_for = asked_for

    def health(self, redis: RedisSource = None, behind_after: Any = "10s") -> NoReturn:
        """How far followers had come by then is not kept: raises `HorizonError`."""
        raise HorizonError(
            self.horizon, "has no health, which is of now: ask the reader of the log as it is"
        )

    def committed(self, order: int) -> list[dict[str, Any]]:
        """See `LogReader.committed`."""
        known = len(self.history(order))
        # By whom and when does not change.
        return self._reader.committed(order)[:known]

    def _check_usable(self) -> None:
        self._reader._check_usable()

    def _now(self) -> datetime:
        """The time that was asked for, as far as it has come; else that of the last commit."""
        last = self._horizons().time_of(self.horizon).microseconds
        at = last
        if self._asked_for is not None:
            at = min(self._asked_for.microseconds, max(last, time.time_ns() // 1000))
        return EPOCH + timedelta(microseconds=at)
