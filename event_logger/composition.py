"""What a logger is made of: the store, the log, the writer, and live the followers."""

from __future__ import annotations

from typing import Any

from domain.audit_log import AuditLog
from domain.errors import LogConfigurationError, shown
from domain.recording import LoggingRules
from event_logger.backtest_writer import BacktestWriter
from event_logger.live_writer import Follower, LiveWriter
from infrastructure.application import AuditLogs

Parts = tuple[AuditLogs, AuditLog]


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
    redis: Any,
    channel_prefix: str,
) -> tuple[AuditLogs, AuditLog, LiveWriter]:
    """The store, the log and its writer with its followers: the status board, the notifier."""
    logs, audit_log = _opened(store, log, "live", metadata, rules)
    followers: list[Follower] = []
    return logs, audit_log, LiveWriter(logs, audit_log, followers)


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
