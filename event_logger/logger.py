"""`EventLogger`: the synchronous face of the log, callable from several threads."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.bundle import atomic_wrapper
from domain.checks import Number
from domain.corrections import Corrected
from domain.vocabulary import Snapshot, Vocabulary
from event_logger.former_keywords import also_named
from event_logger.options import LoggerOptions
from event_logger.order import Order, Orders
from event_logger.reader import LogReader
from event_logger.settings import default_redis
from event_logger.writing.composition import compose
from event_logger.writing.letting_go import let_go
from event_logger.writing.orderly_end import closed_at_the_end

if TYPE_CHECKING:
    from event_logger.bundle_builder import BundleBuilder
    from infrastructure.redis.connection import RedisSource


class EventLogger(LogReader, Vocabulary[Order]):
    """Logs the events of a backtest or of live trading to one log of a store and reads them back.

    Every `log_*` call gives the event's global order (1, 2, 3 …), which may also be awaited. What a
    call refused is neither stored nor counted.

    A live log may have several writers; what a call logged is on the disk when it returns. In a
    backtest events are committed `commit_every` at a time, and on `flush()`, before any read, on
    `close()`, when the `with` block ends, when the logger is garbage collected and at interpreter
    exit.
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
        """Open the log, making store and log where they are not there.

        `store` is a URL such as `sqlite:///runs.db`, `postgresql://user@host/database` or
        `:memory:` (None: `EVENT_LOGGER_STORE`, else memory in a backtest and
        `sqlite:///event_log.db` live); `log` a name inside it. A log that
        is there goes on; with `if_exists="refuse"` it is refused, with `"new"` another is made
        beside it: "run-1.2", "run-1.3" … (`log_name` says which). `metadata` is what is run, kept
        with a new log. Live, events and transitions are published to `redis` (a URL or a client;
        None: `EVENT_LOGGER_REDIS`, else `redis://localhost:6379/0`; False: none)
        on channels that begin with `channel_prefix`. In a backtest `hourly_timestamps` refuses
        timestamps off the hour. `strict_event_types` refuses types outside the catalogue. `actor`
        is for whom this program writes, kept with the writer. `durability="relaxed"` takes a
        PostgreSQL server whose settings promise less than that what it acknowledged survives a
        power cut. A log that ends before what this machine signed of it is refused, unless
        `after_restore=True` lets it go on under a new identity. Raises `LogConfigurationError`,
        `LogBehindError` or `StoreError`.
        """
        options = LoggerOptions(
            execution_mode,
            include_balance_snapshots,
            store,
            log,
            metadata,
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
        logs, audit_log, self.writer = compose(options)
        super().__init__(logs, audit_log)
        self.execution_mode = execution_mode
        self.include_balance_snapshots = include_balance_snapshots
        self._intake = audit_log.intake
        self._redis: RedisSource = False
        if options.is_live:
            self._redis = default_redis() if redis is None else redis
        self._is_overridden = type(self).log_event is not EventLogger.log_event
        # Runs when the logger is garbage collected or the interpreter exits, whichever is first.
        self._finalizer = weakref.finalize(self, let_go, self.writer)
        closed_at_the_end(self, self.writer.close)

    def log_event(
        self,
        timestamp: datetime,
        event_type: str,
        venue: str,
        token: str | None = None,
        amount: Number | None = None,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> Order:
        """Log one event and return its global order.

        `timestamp` is UTC when naive; `amount` is in units of the token; `position_snapshot` is the
        Position Monitor's output, captured now; `event_data` holds declared fields such as
        `gas_cost_eth` or `event_id`, and any extras that JSON can hold.

        Raises `InvalidEventError`, `UnknownOrderError`, `EventIdConflictError`, `LogInUseError` or
        `StoreError`; nothing is then stored and the next order stays what it was.
        """
        entry = self._intake.event(
            timestamp, event_type, venue, token, amount, position_snapshot, event_data
        )
        return Order(self.writer.submit(entry)[0])

    def _log_fields(
        self,
        timestamp: datetime,
        event_type: str,
        venue: str,
        token: str | None,
        amount: Number | None,
        position_snapshot: Snapshot,
        event_data: dict[str, Any],
    ) -> Order:
        if self._is_overridden:
            # A subclass that overrides `log_event` sees what the typed methods log, too.
            return super()._log_fields(
                timestamp, event_type, venue, token, amount, position_snapshot, event_data
            )
        entry = self._intake.event(
            timestamp, event_type, venue, token, amount, position_snapshot, event_data
        )
        return Order(self.writer.submit(entry)[0])

    def log_atomic_transaction(
        self,
        timestamp: datetime,
        bundle_name: str,
        detail_events: Sequence[dict[str, Any]],
        net_result: dict[str, Any] | None = None,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> Orders:
        """Log a bundle, such as a flash loan: a wrapper and its details, all or none.

        Each detail is a dict with `event_type` and `venue` and whatever `log_event` takes; it may
        hold `detail_events` of its own. Returns the orders, contiguous, the wrapper's first and the
        details' depth-first. Raises as `log_event` does, naming the detail.
        """
        wrapper = atomic_wrapper(timestamp, bundle_name, net_result, position_snapshot, event_data)
        orders = self.writer.submit(self._intake.bundle(wrapper, detail_events))
        return Orders(map(Order, orders))

    def bundle(
        self,
        timestamp: datetime,
        bundle_name: str,
        net_result: dict[str, Any] | None = None,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> BundleBuilder:
        """A bundle built step by step in a `with` block; other threads are not held up."""
        from event_logger.bundle_builder import BundleBuilder

        self.writer.usage.check()
        return BundleBuilder(
            self._intake.rules,
            self._log_built_bundle,
            timestamp,
            bundle_name,
            net_result,
            position_snapshot,
            event_data,
        )

    def _log_built_bundle(self, built: BundleBuilder) -> Orders:
        return self.log_atomic_transaction(
            built.timestamp,
            built.bundle_name,
            built.details,
            built.net_result,
            built.position_snapshot,
            **built.event_data,
        )

    @also_named(changes="updates")
    def update_event(self, order: int, updates: dict[str, Any]) -> Order:
        """Take a live event further, and a bundle's details with it; gives the order.

        `updates` may hold `status`, `tx_hash`, `completion_timestamp`, `confirmation_blocks`,
        `nonce`, `block_number`, `block_hash`, of an exchange's order `filled_amount`,
        `average_price`, `fee`, `fee_token`, `exchange_order_id`, gas and execution costs,
        `position_snapshot`, `reason` and `by`; what changes nothing is accepted and
        stores nothing. Raises `UnknownOrderError`, `InvalidUpdateError`, `IllegalTransitionError`,
        `UpdateConflictError`, `StoreError`, and `UpdateNotAllowedError` in a backtest, whose events
        are completed when logged.
        """
        return Order(self.writer.submit(self._intake.update(order, updates))[0])

    def _corrected(self, order: int) -> Corrected:
        event = self._event(order)
        return Corrected(event["venue"], event["token"], frozenset(event))

    def health(self, redis: RedisSource = None, behind_after: Any = "10s") -> dict[str, Any]:
        """See `LogReader.health`: here of the Redis that this logger publishes to, and with
        `last_errors`, what last kept its followers from following."""
        asked = self._redis if redis is None else redis
        found = super().health(asked, behind_after)
        return found | {"last_errors": self.writer.last_errors}

    def flush(self) -> None:
        """Commit what was logged so far; it is on the disk when this returns."""
        self.writer.flush()

    def close(self) -> None:
        """Commit what was logged and let go of the store; closing twice does nothing.

        A backtest's pending batch waits for another process's lock as every commit does. Live,
        where nothing is pending, nobody is waited for: a call of another thread that still waits
        raises `StoreError`, and is not stored.
        """
        self.writer.close()

    def _last_order(self) -> int:
        return self.writer.flush()

    def _check_usable(self) -> None:
        # A view of the events may outlive the logger, or be carried into a forked child.
        self.writer.usage.check()


def create_event_logger(
    execution_mode: str = "backtest", include_balance_snapshots: bool = True, **options: Any
) -> EventLogger:
    """An `EventLogger` with these arguments, for code that asks a factory for its logger."""
    return EventLogger(execution_mode, include_balance_snapshots, **options)
