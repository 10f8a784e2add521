"""Audit-grade event log for trading strategies: what users import."""

from domain.errors import EventLoggerError
from event_logger.logger import EventLogger, create_event_logger
from infrastructure.csv_reading import read_event_log

__all__ = ["EventLogger", "EventLoggerError", "create_event_logger", "read_event_log"]
