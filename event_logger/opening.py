"""Opening a log that is there, to read it."""

from __future__ import annotations

from domain.errors import LogConfigurationError, shown
from event_logger.reader import LogReader
from infrastructure.audit_logs import AuditLogs
from infrastructure.stores import is_before_database, is_file_store

DEFAULT_LOG = "default"
_NAMED = 5
"""So many logs of a store are named where one is to be chosen."""


def open_log(store: str, log: str = DEFAULT_LOG) -> LogReader:
    """A reader of a log that is there; makes no store and needs no lease.

    Raises `StoreNotFoundError` or `UnknownLogError`, which name the nearest there is, or another
    `StoreError`.
    """
    return _opened(store, log)


def open_named_log(store: str, log: str | None) -> LogReader:
    """`open_log`, but None is the one log that the store holds; see `chosen`."""
    return _opened(store, log)


def split_store(store: str) -> tuple[str, str | None]:
    """The store's URL, and the log's name where it stands behind a `#`, the last one.

    A file that is there and called so is the store as it stands, and a `#` before a server's
    database is its password's.
    """
    url, mark, name = store.rpartition("#")
    if not mark or is_file_store(store) or is_before_database(url):
        return store, None
    return url, name


def chosen(logs: AuditLogs, log: str | None) -> str:
    """The name that is given; where none is, the one of the store's only log, or `default`.

    Raises `LogConfigurationError` where there are several.
    """
    if log is not None:
        return log
    names = logs.names()
    if len(names) == 1:
        return names[0]
    if DEFAULT_LOG in names:
        return DEFAULT_LOG
    if not names:
        # Whether it is not there, or has lost its opening, is told by who opens it.
        return DEFAULT_LOG
    some = ", ".join(map(shown, names[:_NAMED])) + (", …" if len(names) > _NAMED else "")
    raise LogConfigurationError(
        "--log", None, f"is left out, and the store holds {len(names)} logs: {some}; name one"
    )


def _opened(store: str, log: str | None) -> LogReader:
    logs = AuditLogs(store, must_exist=True)
    try:
        return LogReader(logs, logs.get(chosen(logs, log)))
    except BaseException:
        logs.close()
        raise
