"""Audit-grade event log for trading strategies: what applications import."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from domain.horizon import Horizon
    from event_logger.aio import AsyncEventLogger
    from event_logger.comparing import compare
    from event_logger.errors import (
        AuditFileError,
        AuditRuleError,
        CertificateError,
        ConcurrencyError,
        CopyError,
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
        LogClosedError,
        LogConfigurationError,
        LogDiffersError,
        LoggerClosedError,
        LogInUseError,
        MissingExtraError,
        NewerStoreError,
        NotAnAuditStoreError,
        NotCopyableError,
        OlderStoreError,
        ProofError,
        QueryError,
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
    from infrastructure.files.csv_reading import read_event_log

__all__ = [
    "AsyncEventLogger",
    "AuditFileError",
    "AuditRuleError",
    "CertificateError",
    "ConcurrencyError",
    "CopyError",
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
    "LogClosedError",
    "LogConfigurationError",
    "LogDiffersError",
    "LogInUseError",
    "LogReader",
    "LoggerClosedError",
    "MissingExtraError",
    "NewerStoreError",
    "NotAnAuditStoreError",
    "NotCopyableError",
    "OlderStoreError",
    "Order",
    "Orders",
    "ProofError",
    "QueryError",
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
    "compare",
    "create_event_logger",
    "end_orderly_at_signals",
    "open_log",
    "read_event_log",
]

# What is not used is not imported: asyncio alone takes a tenth of the time of all, and the command
# line can say how it ends before it takes any.
_PLACES = {
    "AsyncEventLogger": "event_logger.aio",
    "EventLogger": "event_logger.logger",
    "Horizon": "domain.horizon",
    "LogReader": "event_logger.reader",
    "Order": "event_logger.order",
    "Orders": "event_logger.order",
    "compare": "event_logger.comparing",
    "create_event_logger": "event_logger.logger",
    "end_orderly_at_signals": "event_logger.writing.orderly_end",
    "open_log": "event_logger.opening",
    "read_event_log": "infrastructure.files.csv_reading",
}


def __getattr__(name: str) -> Any:
    if name == "errors":
        return import_module("event_logger.errors")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_PLACES.get(name, "event_logger.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
