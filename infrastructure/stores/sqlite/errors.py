"""What SQLite and the library raise, as the errors of a store."""

from __future__ import annotations

import sqlite3
from types import TracebackType

from eventsourcing.persistence import IntegrityError, PersistenceError

from domain.errors import ReadOnlyStoreError, StoreError

DRIVER_ERRORS = (sqlite3.Error, PersistenceError)


def as_store_error(url: str, error: Exception) -> StoreError:
    """The driver's error as ours."""
    if "readonly" in str(error):
        return ReadOnlyStoreError(url, "is read-only; make the file and its folder writable")
    if "closed" in str(error):
        return StoreError(url, "was closed; open it again to go on")
    return StoreError(url, f"failed ({error})")


class store_errors:  # noqa: N801 - a context manager, named as contextlib's are
    """Turns what SQLite and the library raise into `StoreError`.

    The library's `IntegrityError` passes: what a taken key means, the caller knows.
    """

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
        if isinstance(error, DRIVER_ERRORS) and not isinstance(error, IntegrityError):
            raise as_store_error(self._url, error) from error
