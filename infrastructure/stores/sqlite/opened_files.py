"""Which files an open store consists of, so that others that take their place are noticed."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from domain.errors import StoreError
from infrastructure.stores.sqlite.belonging import refuse_strange_log
from infrastructure.stores.sqlite.location import Location, write_ahead_log

_SHARED_BYTES = 0x40000002, 510
"""Where in its file, and how many, SQLite locks for reading (https://www.sqlite.org/src, os.h)."""


class OpenedFiles:
    """The store's file, and its write-ahead log, which nobody but SQLite may touch meanwhile.

    Every commit looks at both. The paths are text: a path object costs more than the look does.
    Nothing but a checkpoint changes the file while it is in use, so that a change of its content is
    a reason to look whose it is.
    """

    def __init__(self, location: Location) -> None:
        path = location.path
        self._location = location
        self._url = location.url
        self._path = "" if path is None else str(path)
        self._write_ahead_log_path = "" if path is None else str(write_ahead_log(path))
        self._file: tuple[int, ...] | None = None
        self._write_ahead_log: tuple[int, ...] | None = None
        self._content: tuple[int, int] | None = None

    def know_file(self) -> None:
        """Remember which file the store is, before it is opened for the first time."""
        if self._file is None and self._path:
            self._file = _identity(self._path)

    def know_write_ahead_log(self) -> None:
        """Remember which file the write-ahead log is: while writing, it is there and in use."""
        if self._write_ahead_log is None and self._path:
            self._write_ahead_log = _identity(self._write_ahead_log_path)

    def check(self) -> None:
        """Raises `StoreError` when one was moved, deleted or replaced while the store was open.

        So it does where another file was copied over the store's own.
        """
        if self._file is None:
            return
        found = _looked_at(self._path)
        if found is None or found[0] != self._file:
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
        self._check_content(found[1])

    def _check_content(self, content: tuple[int, int]) -> None:
        if content != self._content and refuse_strange_log(self._location):
            self._content = content

    @contextmanager
    def kept_apart(self, left: Sequence[object]) -> Iterator[bool]:
        """While the store is closed: whether another file was copied over its own.

        The last connection that is closed merges the file and the log beside it, and removes that.
        It needs the file for itself, which it does not get meanwhile, or as long as connections are
        `left`; whoever takes the file as it stands does afterwards.
        """
        if not self._is_strange():
            yield False
            return
        opened = None
        with suppress(OSError):
            opened = os.open(self._path, os.O_RDONLY)
        _lock_shared(opened, fcntl.F_RDLCK)
        yield True
        if not left:
            # The file stays open: as one is closed, this process loses all other locks on it.
            _lock_shared(opened, fcntl.F_UNLCK)

    def _is_strange(self) -> bool:
        found = None if self._file is None else _looked_at(self._path)
        if found is None or found[0] != self._file:
            # Of a file that was moved SQLite sees it itself, and merges nothing.
            return False
        try:
            self._check_content(found[1])
        except StoreError:
            return True
        return False


def _identity(path: str) -> tuple[int, ...] | None:
    """Which file stands at the path now, by inode and device; None where there is none."""
    try:
        return os.stat(path)[1:3]
    except OSError:
        return None


def _lock_shared(opened: int | None, kind: int) -> None:
    lock = struct.pack("hhqqi4x", kind, os.SEEK_SET, *_SHARED_BYTES, 0)
    with suppress(OSError, AttributeError):
        if opened is not None:
            fcntl.fcntl(opened, fcntl.F_OFD_SETLK, lock)


def _looked_at(path: str) -> tuple[tuple[int, ...], tuple[int, int]] | None:
    """The file's identity, and what changes with its content."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found[1:3], (found.st_mtime_ns, found.st_size)
