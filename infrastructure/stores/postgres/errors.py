"""What the server and its driver raise, as the errors of a store."""

from __future__ import annotations

import re
from types import TracebackType

import psycopg
from psycopg import errors

from domain.errors import ReadOnlyStoreError, StoreError

DRIVER_ERRORS = (psycopg.Error,)

_LOST = ("08", "57P")
_READ_ONLY_SERVER = "25006"
_NOTHING_DONE = ("22", "23", "42", "40001", "40P01", "25", "55P03", "0A", "3D", "3F")
"""Beginnings of the SQLSTATEs by which the server says that it refused, and stored nothing."""


class UnreachableError(StoreError):
    """No connection was made; the server may be back in a moment."""


def is_lost(error: BaseException) -> bool:
    """Whether the connection, or the server behind it, can do no more: another is to be made."""
    if isinstance(error, UnreachableError):
        return True
    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate.startswith(_LOST) or error.sqlstate == _READ_ONLY_SERVER


def is_refused(error: BaseException) -> bool:
    """Whether the server said that it did nothing, so that there is nothing to look for."""
    if not isinstance(error, psycopg.Error) or error.sqlstate is None:
        return False
    return error.sqlstate.startswith(_NOTHING_DONE)


def is_busy(error: BaseException) -> bool:
    """Whether another session had what was waited for."""
    return isinstance(error, errors.LockNotAvailable)


def as_store_error(url: str, error: Exception) -> StoreError:
    """The driver's error as ours."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, errors.InsufficientPrivilege):
        return ReadOnlyStoreError(
            url, f"does not let this role do that ({said_by(error)}); see the GRANTs in the manual"
        )
    if isinstance(error, errors.ReadOnlySqlTransaction):
        return ReadOnlyStoreError(
            url, "is a standby or read-only, and takes no writes; name the primary"
        )
    if isinstance(error, errors.UndefinedTable | errors.InvalidSchemaName):
        return StoreError(url, f"holds no store any more ({said_by(error)}); open it again")
    return StoreError(url, f"failed ({said_by(error)})")


def as_append_error(url: str, error: Exception) -> StoreError:
    """The error of an append of which it is known that nothing is stored."""
    found = as_store_error(url, error)
    if is_lost(error):
        return UnreachableError(url, f"{found.problem}; nothing of this is stored")
    return found


def as_connection_error(url: str, error: psycopg.Error) -> StoreError:
    """Why no connection was made, in one sentence; what the driver says may be of several lines."""
    return UnreachableError(url, f"cannot be reached ({said_by(error)})")


def as_session_error(url: str, error: psycopg.Error) -> StoreError:
    """Why a connection that was made is of no use."""
    if is_lost(error):
        return as_connection_error(url, error)
    return StoreError(url, f"lacks what is needed of a PostgreSQL server ({said_by(error)})")


def said_by(error: BaseException) -> str:
    """What an error says, in one line."""
    diagnosis = getattr(error, "diag", None)
    text = (diagnosis and diagnosis.message_primary) or str(error) or type(error).__name__
    return re.sub(r"\s*\n\s*", "; ", text.strip())


class store_errors:  # noqa: N801 - a context manager, named as contextlib's are
    """Turns what the driver raises into `StoreError`."""

    __slots__ = ("_url",)

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, DRIVER_ERRORS):
            raise as_store_error(self._url, error) from error
