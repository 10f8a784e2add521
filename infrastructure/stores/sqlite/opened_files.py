"""Which files an open store consists of, so that others that take their place are noticed."""

from __future__ import annotations

import os
from pathlib import Path

from domain.errors import StoreError
from infrastructure.stores.sqlite.location import Location


class OpenedFiles:
    """The store's file, and its write-ahead log, which nobody but SQLite may touch meanwhile."""

    def __init__(self, location: Location) -> None:
        self._location = location
        self._file: tuple[int, int] | None = None
        self._write_ahead_log: tuple[int, int] | None = None

    def know_file(self) -> None:
        """Remember which file the store is, before it is opened for the first time."""
        if self._file is None and self._location.path is not None:
            self._file = _identity(self._location.path)

    def know_write_ahead_log(self) -> None:
        """Remember which file the write-ahead log is: while writing, it is there and in use."""
        if self._write_ahead_log is None and self._location.path is not None:
            self._write_ahead_log = _identity(write_ahead_log(self._location.path))

    def check(self) -> None:
        """Raises `StoreError` when one was moved, deleted or replaced while the store was open."""
        path = self._location.path
        if path is None or self._file is None:
            return
        if _identity(path) != self._file:
            raise StoreError(
                self._location.url,
                f"the file {path} was moved, deleted or replaced while it was open; nothing more is"
                " written to it or read: put it back, or open the store anew",
            )
        known = self._write_ahead_log
        if known is not None and _identity(write_ahead_log(path)) != known:
            raise StoreError(
                self._location.url,
                f"the write-ahead log {path}-wal was moved, deleted or replaced while the store was"
                " open, and what was committed last is in it; nothing more is written: put it back,"
                " or open the store anew",
            )


def write_ahead_log(path: Path) -> Path:
    """Where SQLite keeps the write-ahead log of this file."""
    return path.with_name(f"{path.name}-wal")


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file stands at the path now; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
