"""Which files an open store consists of, so that others that take their place are noticed."""

from __future__ import annotations

import os
from pathlib import Path

from domain.errors import StoreError
from infrastructure.stores.sqlite.location import Location


class OpenedFiles:
    """The store's file, and its write-ahead log, which nobody but SQLite may touch meanwhile.

    Every commit looks at both. The paths are text: a path object costs more than the look does.
    """

    def __init__(self, location: Location) -> None:
        path = location.path
        self._url = location.url
        self._path = "" if path is None else str(path)
        self._write_ahead_log_path = "" if path is None else str(write_ahead_log(path))
        self._file: tuple[int, ...] | None = None
        self._write_ahead_log: tuple[int, ...] | None = None

    def know_file(self) -> None:
        """Remember which file the store is, before it is opened for the first time."""
        if self._file is None and self._path:
            self._file = _identity(self._path)

    def know_write_ahead_log(self) -> None:
        """Remember which file the write-ahead log is: while writing, it is there and in use."""
        if self._write_ahead_log is None and self._path:
            self._write_ahead_log = _identity(self._write_ahead_log_path)

    def check(self) -> None:
        """Raises `StoreError` when one was moved, deleted or replaced while the store was open."""
        if self._file is None:
            return
        if _identity(self._path) != self._file:
            raise StoreError(
                self._url,
                f"the file {self._path} was moved, deleted or replaced while it was open; nothing"
                " more is written to it or read: put it back, or open the store anew",
            )
        known = self._write_ahead_log
        if known is not None and _identity(self._write_ahead_log_path) != known:
            raise StoreError(
                self._url,
                f"the write-ahead log {self._write_ahead_log_path} was moved, deleted or replaced"
                " while the store was open, and what was committed last is in it; nothing more is"
                " written: put it back, or open the store anew",
            )


def write_ahead_log(path: Path) -> Path:
    """Where SQLite keeps the write-ahead log of this file."""
    return path.with_name(f"{path.name}-wal")


def _identity(path: str) -> tuple[int, ...] | None:
    """Which file stands at the path now, by inode and device; None where there is none."""
    try:
        return os.stat(path)[1:3]
    except OSError:
        return None
