"""Opening a log that is there, to read it."""

from __future__ import annotations

from event_logger.reader import LogReader
from infrastructure.audit_logs import AuditLogs


def open_log(store: str, log: str = "default") -> LogReader:
    """A reader of a log that is there; makes no store and needs no lease.

    Raises `StoreNotFoundError` or `UnknownLogError`, which name the nearest there is, or another
    `StoreError`.
    """
    logs = AuditLogs(store, must_exist=True)
    try:
        return LogReader(logs, logs.get(log))
    except BaseException:
        logs.close()
        raise
