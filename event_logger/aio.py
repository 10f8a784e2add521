"""`AsyncEventLogger`: the log for asynchronous code, which never blocks the event loop."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from copy import deepcopy
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from domain.audit_log import AuditLog
from domain.bundle import atomic_wrapper
from domain.checks import Number
from domain.errors import LoggerClosedError, NotCopyableError
from domain.intake import Intake
from domain.vocabulary import Snapshot, Vocabulary
from event_logger.async_reader import AsyncLogReader
from event_logger.bundle_builder import AsyncBundleBuilder, BundleBuilder
from event_logger.former_keywords import also_named
from event_logger.logger import EventLogger
from event_logger.options import LoggerOptions
from event_logger.order import Order, Orders
from event_logger.writing.group_commit import GroupCommit
from event_logger.writing.orderly_end import closed_at_the_end
from event_logger.writing.usage import Usage
from infrastructure.log_metadata import captured_metadata

if TYPE_CHECKING:
    from infrastructure.redis.connection import RedisSource


class _Opener:
    """Opens the logger at the first use, in whichever thread needs it, and again if that failed."""

    def __init__(self, options: LoggerOptions) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._logger: EventLogger | None = None
        self._is_closed = False

    @property
    def name(self) -> str:
        """The log that was asked for."""
        return self._options.log

    def logger(self) -> EventLogger:
        with self._lock:
            if self._logger is None:
                if self._is_closed:
                    raise LoggerClosedError(self._options.log)
                self._logger = EventLogger(**vars(self._options))
            return self._logger

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            if self._logger is not None:
                self._logger.close()


def _end(commits: GroupCommit, usage: Usage) -> None:
    # In a forked child the thread is not there, and a lock may stay held for good.
    if not usage.is_in_fork:
        commits.end()


def _finish(commits: GroupCommit, opener: _Opener) -> None:
    commits.finish()
    opener.close()


class AsyncEventLogger(AsyncLogReader, Vocabulary[Coroutine[Any, Any, Order]]):
    """`EventLogger` with every method a coroutine.

    A coroutine returns when its event is durable; what is called at the same time is committed
    together. Events are checked and captured when the coroutine runs; orders follow the order of
    the calls. A caller that is cancelled while its event waits to be committed does not take it
    back: it is logged, once. The constructor opens nothing; the first call does.
    """

    def __init__(
        self,
        execution_mode: str = "backtest",
        include_balance_snapshots: bool = True,
        *,
        store: str | None = None,
        if_exists: str = "continue",
        log: str = "default",
        metadata: dict[str, Any] | None = None,
        redis: RedisSource = None,
        channel_prefix: str = "",
        hourly_timestamps: bool = True,
        strict_event_types: bool = False,
        commit_every: int = 1000,
        actor: str | None = None,
        durability: str = "full",
        after_restore: bool = False,
    ) -> None:
        """Takes what `EventLogger` takes; raises `LogConfigurationError` for a log's name or mode.

        What is wrong with the store is said at the first call.
        """
        self.execution_mode = execution_mode
        self.include_balance_snapshots = include_balance_snapshots
        # Not the log that is stored: its name and mode are checked, which needs no store.
        AuditLog.open(log, execution_mode, metadata)
        options = LoggerOptions(
            execution_mode,
            include_balance_snapshots,
            store,
            log,
            None if metadata is None else captured_metadata(metadata),
            redis,
            channel_prefix,
            hourly_timestamps,
            strict_event_types,
            commit_every,
            actor,
            if_exists,
            durability,
            after_restore,
        )
        self._intake = Intake(options.rules)
        opener = _Opener(options)
        self._opener = opener
        # Its thread must not hold on to this logger, which may be dropped without being closed.
        self._commits = GroupCommit(log, lambda: opener.logger().writer)
        self._usage = Usage(log)
        weakref.finalize(self, _end, self._commits, self._usage)
        closed_at_the_end(self, partial(_finish, self._commits, opener))

    async def log_event(
        self,
        timestamp: datetime,
        event_type: str,
        venue: str,
        token: str | None = None,
        amount: Number | None = None,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> Order:
        """Log one event and return its global order; takes and raises what `EventLogger`'s does."""
        self._usage.check()
        entry = self._intake.event(
            timestamp, event_type, venue, token, amount, position_snapshot, event_data
        )
        return Order((await self._commits.run(entry))[0])

    async def log_atomic_transaction(
        self,
        timestamp: datetime,
        bundle_name: str,
        detail_events: Sequence[dict[str, Any]],
        net_result: dict[str, Any] | None = None,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> Orders:
        """Log a bundle, a wrapper and its details, all or none; see `EventLogger`'s."""
        self._usage.check()
        wrapper = atomic_wrapper(timestamp, bundle_name, net_result, position_snapshot, event_data)
        bundle = self._intake.bundle(wrapper, detail_events)
        return Orders(map(Order, await self._commits.run(bundle)))

    def bundle(
        self,
        timestamp: datetime,
        bundle_name: str,
        net_result: dict[str, Any] | None = None,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> AsyncBundleBuilder:
        """A bundle built step by step in an `async with` block; only the block's end waits."""
        self._usage.check()
        return AsyncBundleBuilder(
            self._intake.rules,
            self._log_built_bundle,
            timestamp,
            bundle_name,
            net_result,
            position_snapshot,
            event_data,
        )

    async def _log_built_bundle(self, built: BundleBuilder) -> Orders:
        return await self.log_atomic_transaction(
            built.timestamp,
            built.bundle_name,
            built.details,
            built.net_result,
            built.position_snapshot,
            **built.event_data,
        )

    @also_named(changes="updates")
    async def update_event(self, order: int, updates: dict[str, Any]) -> Order:
        """Take a live event further, after what was called before; see `EventLogger`'s."""
        self._usage.check()
        update = self._intake.update(order, updates)
        return Order((await self._commits.run(update))[0])

    async def log_correction(
        self,
        timestamp: datetime,
        corrects: int,
        changes: dict[str, Any],
        reason: str,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> Order:
        """Log what is right in place of what an order says; see `EventLogger`'s."""
        # Captured before the wait for the event that is corrected.
        changes, event_data = deepcopy(changes), deepcopy(event_data)
        corrected = await self._read(lambda _: self._opener.logger()._corrected(corrects))
        return await self._log_correction_of(
            timestamp, corrects, corrected, changes, reason, position_snapshot, event_data
        )

    async def flush(self) -> None:
        """Return when everything that was called before is durable."""
        self._usage.check()
        await self._commits.run(lambda: self._opener.logger().flush())

    async def aclose(self) -> None:
        """Take no further calls, commit what was called before, and let go of the store.

        Closing twice does nothing, and neither does closing in a forked child. Raises `StoreError`;
        then it may be tried again.
        """
        if self._usage.is_in_fork:
            return
        self._usage.is_closed = True
        await asyncio.shield(self._close())

    async def _close(self) -> None:
        if not self._commits.has_ended:
            # Another task, closing too, may have come first.
            with suppress(LoggerClosedError):
                await self._commits.run(self._opener.close)
            self._commits.end()

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Raises `NotCopyableError`: what is open here is open once."""
        raise NotCopyableError(self._opener.name, type(self).__name__)

    async def __aenter__(self) -> Self:
        """The logger itself."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """Close, whether or not an exception ended the block."""
        await self.aclose()

    def _check_usable(self) -> None:
        self._usage.check()

    def _reader(self) -> EventLogger:
        return self._opener.logger()
