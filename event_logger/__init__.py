"""Audit-grade event log for trading strategies: what users import."""

from typing import TYPE_CHECKING, Any

from domain.errors import EventLoggerError
from event_logger.logger import EventLogger, create_event_logger
from infrastructure.csv_reading import read_event_log

if TYPE_CHECKING:
    from event_logger.aio import AsyncEventLogger

__all__ = [
    "AsyncEventLogger",
    "EventLogger",
    "EventLoggerError",
    "create_event_logger",
    "read_event_log",
]


def __getattr__(name: str) -> Any:
    # asyncio takes a tenth of the time of the whole import, and backtests do without.
    if name == "AsyncEventLogger":
        from event_logger.aio import AsyncEventLogger

        return AsyncEventLogger
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
