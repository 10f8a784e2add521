"""Audit-grade event log for trading strategies: what applications import."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from domain.horizon import Horizon
from event_logger.errors import (
    AuditFileError,
    AuditRuleError,
    CertificateError,
    ConcurrencyError,
    CorruptLogError,
    EventIdConflictError,
    EventLogFileError,
    EventLoggerError,
    ExportError,
    ForkedLoggerError,
    HorizonError,
    IllegalTransitionError,
    InvalidAmountError,
    InvalidEventError,
    InvalidEventTypeError,
    InvalidTimestampError,
    InvalidUpdateError,
    KeyFileError,
    LogBehindError,
    LogConfigurationError,
    LogDiffersError,
    LoggerClosedError,
    LogInUseError,
    NewerStoreError,
    NotAnAuditStoreError,
    NotCopyableError,
    OlderStoreError,
    ProofError,
    ReadOnlyStoreError,
    RedisError,
    ReservedFieldError,
    StoreError,
    StoreNotFoundError,
    StoreUrlError,
    StreamInUseError,
    UnknownLogError,
    UnknownOrderError,
    UnknownRuleError,
    UnsupportedValueError,
    UpdateConflictError,
    UpdateNotAllowedError,
)
from event_logger.logger import EventLogger, create_event_logger
from event_logger.opening import open_log
from event_logger.order import Order, Orders
from event_logger.reader import LogReader
from event_logger.writing.orderly_end import end_orderly_at_signals

if TYPE_CHECKING:
    from event_logger.aio import AsyncEventLogger
    from infrastructure.files.csv_reading import read_event_log

__all__ = [
    "AsyncEventLogger",
    "AuditFileError",
    "AuditRuleError",
    "CertificateError",
    "ConcurrencyError",
    "CorruptLogError",
    "EventIdConflictError",
    "EventLogFileError",
    "EventLogger",
    "EventLoggerError",
    "ExportError",
    "ForkedLoggerError",
    "Horizon",
    "HorizonError",
    "IllegalTransitionError",
    "InvalidAmountError",
    "InvalidEventError",
    "InvalidEventTypeError",
    "InvalidTimestampError",
    "InvalidUpdateError",
    "KeyFileError",
    "LogBehindError",
    "LogConfigurationError",
    "LogDiffersError",
    "LogInUseError",
    "LogReader",
    "LoggerClosedError",
    "NewerStoreError",
    "NotAnAuditStoreError",
    "NotCopyableError",
    "OlderStoreError",
    "Order",
    "Orders",
    "ProofError",
    "ReadOnlyStoreError",
    "RedisError",
    "ReservedFieldError",
    "StoreError",
    "StoreNotFoundError",
    "StoreUrlError",
    "StreamInUseError",
    "UnknownLogError",
    "UnknownOrderError",
    "UnknownRuleError",
    "UnsupportedValueError",
    "UpdateConflictError",
    "UpdateNotAllowedError",
    "create_event_logger",
    "end_orderly_at_signals",
    "open_log",
    "read_event_log",
]

# asyncio alone takes a tenth of the time of the whole import, and many programs need neither.
_IMPORTED_WHEN_USED = {
    "AsyncEventLogger": "event_logger.aio",
    "read_event_log": "infrastructure.files.csv_reading",
}


def __getattr__(name: str) -> Any:
    if name not in _IMPORTED_WHEN_USED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_IMPORTED_WHEN_USED[name]), name)
