"""The errors of the audit log; each says one sentence and carries the values it speaks of.

EventLoggerError
├── InvalidEventError (ValueError)          an event, or one field of it, that cannot be logged
│   ├── InvalidTimestampError               no time, or off the hour in a backtest
│   ├── InvalidEventTypeError               not UPPER_SNAKE_CASE, or not in the catalogue
│   ├── InvalidAmountError                  a numeric field that is no finite number
│   ├── ReservedFieldError                  an extra called like a field that the log itself fills
│   ├── UnsupportedValueError               a value that JSON cannot hold
│   └── InvalidUpdateError                  an update of a live event that cannot be
├── UnknownOrderError (LookupError)         an order that no event of the log has
├── EventIdConflictError (ValueError)       an event_id logged before with different content
├── UpdateNotAllowedError (ValueError)      a status update where every event is completed
├── IllegalTransitionError (ValueError)     a status that cannot follow the present one
├── UpdateConflictError (RuntimeError)      another process updated the event at the same moment
├── LoggerClosedError (RuntimeError)        a call on a closed logger
├── ForkedLoggerError (RuntimeError)        a call in a forked child
├── NotCopyableError (TypeError)            a logger or reader that is to be copied or pickled
├── LogConfigurationError (ValueError)      a mode, name, metadata or option that cannot be
├── HorizonError (ValueError)               a point that the log never had, or that is none
├── UnknownRuleError (LookupError)          a rule that an audit does not have
├── AuditRuleError (TypeError)              a rule of another package that cannot be used
├── AuditFileError (ValueError)             a baseline, statement or map that cannot be used
├── LogBehindError (RuntimeError)           a log that lacks what was signed on this machine
├── UnknownLogError (LookupError)           a log that the store does not hold
├── LogInUseError (RuntimeError)            a second writer on a backtest log
├── ConcurrencyError (RuntimeError)         another writer appended first
├── StoreError (OSError)                    the store failed, or cannot be used
│   ├── StoreUrlError (ValueError)          a store URL that makes no sense
│   ├── StoreNotFoundError                  nothing there to read
│   ├── NotAnAuditStoreError                a file that is not ours; left untouched
│   ├── NewerStoreError                     written by a newer version
│   ├── OlderStoreError                     of a former format; to be upgraded before it is read
│   ├── ReadOnlyStoreError                  cannot be written to
│   └── LogClosedError                      a log that went on in another store
├── RedisError (OSError)                    Redis is away, hangs or refuses
│   └── StreamInUseError                    another log publishes on the same prefix
├── CopyError (ValueError)                  a log that cannot be copied, or no copy of it
├── CorruptLogError (ValueError)            stored data that does not hold together
├── ExportError (OSError)                   a file that could not be written
├── EventLogFileError (ValueError)          a CSV file that is no sound event log
├── CertificateError (ValueError)           a certificate that is none, or of another log
├── MissingExtraError (ImportError)         an optional part that is not installed
├── QueryError (ValueError)                 a query in SQL that cannot be answered
├── KeyFileError (ValueError)               a key's file that is none, or that others can read
└── ProofError (ValueError)                 a checkpoint or proof that does not hold
    └── LogDiffersError                     a log that is not what a checkpoint says
"""

from domain.errors.analytics import MissingExtraError, QueryError
from domain.errors.audits import AuditFileError, AuditRuleError, UnknownRuleError
from domain.errors.base import (
    EventLoggerError,
    shown,
)
from domain.errors.events import (
    EventIdConflictError,
    InvalidAmountError,
    InvalidEventError,
    InvalidEventTypeError,
    InvalidTimestampError,
    ReservedFieldError,
    UnknownOrderError,
    UnsupportedValueError,
)
from domain.errors.logs import (
    ConcurrencyError,
    CopyError,
    CorruptLogError,
    ForkedLoggerError,
    HorizonError,
    LogBehindError,
    LogConfigurationError,
    LoggerClosedError,
    LogInUseError,
    NotCopyableError,
    UnknownLogError,
)
from domain.errors.proofs import CertificateError, KeyFileError, LogDiffersError, ProofError
from domain.errors.stores import (
    EventLogFileError,
    ExportError,
    LogClosedError,
    NewerStoreError,
    NotAnAuditStoreError,
    OlderStoreError,
    ReadOnlyStoreError,
    RedisError,
    StoreError,
    StoreNotFoundError,
    StoreUrlError,
    StreamInUseError,
)
from domain.errors.updates import (
    IllegalTransitionError,
    InvalidUpdateError,
    UpdateConflictError,
    UpdateNotAllowedError,
)

__all__ = [
    "AuditFileError",
    "AuditRuleError",
    "CertificateError",
    "ConcurrencyError",
    "CopyError",
    "CorruptLogError",
    "EventIdConflictError",
    "EventLogFileError",
    "EventLoggerError",
    "ExportError",
    "ForkedLoggerError",
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
    "LoggerClosedError",
    "MissingExtraError",
    "NewerStoreError",
    "NotAnAuditStoreError",
    "NotCopyableError",
    "OlderStoreError",
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
    "shown",
]
