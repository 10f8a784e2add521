"""What a logger is made of: the store, the log, the writer, and live the followers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.audit_log import AuditLog
from domain.errors import LogConfigurationError, shown
from domain.recording import LoggingRules
from event_logger.backtest_writer import BacktestWriter
from event_logger.live_writer import Follower, LiveWriter
from event_logger.settings import default_redis
from infrastructure.application import AuditLogs

if TYPE_CHECKING:
    from infrastructure.redis_notifier import RedisPublisher, RedisSource

Parts = tuple[AuditLogs, AuditLog]


def logging_rules(
    mode: str, include_balance_snapshots: bool, hourly_timestamps: bool, strict_event_types: bool
) -> LoggingRules:
    """What a logger in this mode asks of its events; live timestamps need not be on the hour."""
    return LoggingRules(
        hourly_timestamps and mode != "live", strict_event_types, include_balance_snapshots
    )


def open_backtest(
    store: str,
    log: str,
    mode: str,
    metadata: dict[str, Any] | None,
    rules: LoggingRules,
    commit_every: int,
) -> tuple[AuditLogs, AuditLog, BacktestWriter]:
    """The store, the log and its writer, store and log made where they are not there."""
    logs, audit_log = _opened(store, log, mode, metadata, rules)
    return logs, audit_log, BacktestWriter(logs, audit_log, commit_every)


def open_live(
    store: str,
    log: str,
    metadata: dict[str, Any] | None,
    rules: LoggingRules,
    redis: RedisSource,
    channel_prefix: str,
) -> tuple[AuditLogs, AuditLog, LiveWriter]:
    """The store, the log and its writer with its followers: the status board, the notifier.

    A Redis that makes no sense is refused before the store is made.
    """
    from infrastructure.status_board import StatusBoard, StatusBoardFollower

    publisher = None if redis is False else open_publisher(redis, channel_prefix)
    logs, audit_log = _opened(store, log, "live", metadata, rules)
    followers: list[Follower] = [StatusBoardFollower(StatusBoard(logs, audit_log))]
    if publisher is not None:
        from infrastructure.notifier import Notifier

        followers.append(Notifier(logs, audit_log, publisher))
    return logs, audit_log, LiveWriter(logs, audit_log, followers)


def open_publisher(redis: RedisSource, channel_prefix: str) -> RedisPublisher:
    """A publisher to this Redis (None: what the environment says).

    Raises `LogConfigurationError` for a URL or a prefix that makes no sense; connects later.
    """
    from infrastructure.redis_notifier import RedisPublisher

    if not isinstance(channel_prefix, str):
        raise LogConfigurationError(
            "channel_prefix", channel_prefix, f"must be text, not {shown(channel_prefix)}"
        )
    return RedisPublisher(default_redis() if redis is None else redis, channel_prefix)


def _opened(
    store: str, log: str, mode: str, metadata: dict[str, Any] | None, rules: LoggingRules
) -> Parts:
    logs = AuditLogs(store)
    try:
        if mode == "live" and logs.store.path is None:
            raise LogConfigurationError(
                "store",
                store,
                f"must be a file in live mode, such as sqlite:///live.db, not {shown(store)}:"
                " memory forgets what real money did",
            )
        audit_log = logs.open_or_create(log, mode, metadata)
    except BaseException:
        logs.close()
        raise
    audit_log.rules = rules
    return logs, audit_log
