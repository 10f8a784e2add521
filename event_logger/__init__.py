"""Audit-grade event log for trading strategies: what users import."""

from typing import TYPE_CHECKING, Any

from domain.errors import EventLoggerError
from event_logger.logger import EventLogger, create_event_logger

if TYPE_CHECKING:
    from event_logger.aio import AsyncEventLogger
    from infrastructure.csv_reading import read_event_log

__all__ = [
    "AsyncEventLogger",
    "EventLogger",
    "EventLoggerError",
    "create_event_logger",
    "read_event_log",
]


def __getattr__(name: str) -> Any:
    # asyncio alone takes a tenth of the time of the whole import, and many programs need neither.
    if name == "AsyncEventLogger":
        from event_logger.aio import AsyncEventLogger

        return AsyncEventLogger
    if name == "read_event_log":
        from infrastructure.csv_reading import read_event_log

        return read_event_log
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
