"""Where a SQLite store is: its URL, its file, and which files are ours."""

from __future__ import annotations

import os
import sqlite3
import stat
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from urllib.parse import quote

from domain.checks import is_valid_unicode
from domain.errors import (
    NewerStoreError,
    NotAnAuditStoreError,
    StoreError,
    StoreNotFoundError,
    StoreUrlError,
    shown,
)
from domain.errors.base import nearest
from infrastructure.passwords import shown_place
from infrastructure.stores.sqlite.mounts import is_mounted_by_itself

APPLICATION_ID = 0x45564C47
"""SQLite's `application_id` of our files: "EVLG"."""

FORMAT = 2
"""SQLite's `user_version` of our files."""

PREFIX = "sqlite:///"
MEMORY = (":memory:", "sqlite://", "sqlite:///:memory:")
_HEADER_BYTES = 100
_LOOKED_AT = 20


@dataclass(frozen=True)
class Location:
    """A store's place: its URL, and its file's real path (None: memory)."""

    url: str
    path: Path | None

    @property
    def uri(self) -> str:
        """The file as SQLite's URI, to be completed by a query; it never makes a file."""
        return f"file:{quote(str(self.path))}"


def location_of(url: str) -> Location:
    """The place that a URL names: `sqlite:///runs.db`, `sqlite:////var/log/runs.db`, `:memory:`.

    Links and other spellings of a path lead to one place, since SQLite's write-ahead log and our
    leases go by the path. Raises `StoreUrlError` for a URL that makes no sense; makes nothing.
    """
    if url in MEMORY:
        return Location(":memory:", None)
    name = url[len(PREFIX) :]
    if not url.startswith(PREFIX) or not name:
        place = shown(shown_place(url))
        raise StoreUrlError(place, "is no store URL; write sqlite:///runs.db or :memory:")
    if "\0" in name:
        raise StoreUrlError(shown(url), "is no store URL; no file's name holds a NUL character")
    if not is_valid_unicode(name):
        raise StoreUrlError(shown(url), "is no store URL; its text is no valid Unicode")
    if name.endswith("/"):
        raise StoreUrlError(url, "names a folder; write the name of a file in it")
    try:
        path = Path(os.path.realpath(Path(name).expanduser()))
        # Looked at for the OSError: a name may be too long for any file.
        path.exists()
        if not is_valid_unicode(str(path)):
            raise StoreUrlError(url, f"leads to {path!r}, whose name is no valid Unicode")
        return Location(url, path)
    except (RuntimeError, OSError) as error:
        if isinstance(error, StoreError):
            raise
        if isinstance(error, OSError):
            raise StoreUrlError(shown(url), f"names no file ({error.strerror})") from error
        home = name.partition("/")[0]
        raise StoreUrlError(url, f"there is no home folder {home}; write the path out") from None


SUFFIXES = ("", "-wal", "-shm")
"""What the names of a store's files end with, after the name of the store."""


def parts_of(url: str) -> frozenset[str]:
    """The paths of the files that a store is kept in; none of one in memory."""
    path = location_of(url).path
    return frozenset(f"{path}{suffix}" for suffix in SUFFIXES if path is not None)


def write_ahead_log(path: Path) -> Path:
    """Where SQLite keeps the write-ahead log of this file."""
    return path.with_name(f"{path.name}-wal")


def is_made(location: Location) -> bool:
    """Whether there is a store of ours at the place, of whatever format up to the present one.

    False where there is nothing, or an empty file. Raises `NotAnAuditStoreError`, `NewerStoreError`
    or `StoreError` for anything else; all untouched.
    """
    path = location.path
    if path is None or not path.exists():
        return False
    if not path.is_file():
        raise NotAnAuditStoreError(location.url, f"{path} is not a file")
    found = path.stat()
    if is_mounted_by_itself(path):
        raise StoreError(
            location.url,
            f"{path} is mounted by itself, and SQLite's write-ahead log stands beside it: whoever"
            " has the file by another path has another log, and data is lost; mount its folder",
        )
    if found.st_size == 0:
        return False
    _refuse_hard_links(location, path, found)
    if not os.access(path, os.R_OK):
        raise StoreError(location.url, "cannot be read (Permission denied)")
    application_id, version = _header(location, path)
    if application_id != APPLICATION_ID:
        raise NotAnAuditStoreError(
            location.url, f"{path} is another program's database; name another file"
        )
    refuse_newer(location, version)
    return True


def require_made(location: Location) -> None:
    """Raises `StoreNotFoundError` where there is no store, and what `is_made` raises."""
    path = location.path
    if path is not None and not path.exists():
        raise StoreNotFoundError(location.url, f"there is no file {path}{_nearest_to(path)}")
    if path is not None and not is_made(location):
        raise NotAnAuditStoreError(location.url, f"{path} is no database; name another file")


def _nearest_to(path: Path) -> str:
    """Which store beside the missing file may have been meant; of many files the nearest."""
    try:
        files = {one.name for one in path.parent.iterdir() if one.is_file()}
    except OSError:
        return ""
    for _ in range(_LOOKED_AT):
        near = nearest(path.name, files)
        if near is None:
            break
        if is_store_file(path.with_name(near)):
            return f"; the nearest is {path.with_name(near)}"
        files.remove(near)
    return ""


def is_store_file(path: Path) -> bool:
    """Whether a file that is there is a store of ours, of whatever format."""
    try:
        application_id, _ = _header(Location(f"{PREFIX}{path}", path), path)
    except (OSError, ValueError):
        return False
    return application_id == APPLICATION_ID


def refuse_newer(location: Location, version: int) -> None:
    """Raises `NewerStoreError` for a format that this version does not know."""
    if version > FORMAT:
        raise NewerStoreError(
            location.url,
            f"has format {version}, and this version reads up to {FORMAT}; upgrade event-logger"
            " to use it",
        )


def _refuse_hard_links(location: Location, path: Path, found: os.stat_result) -> None:
    if found.st_nlink > 1:
        forget_unfinished(path, found)
        if path.stat().st_nlink > 1:
            raise StoreError(
                location.url,
                f"{path} has {found.st_nlink} hard links, and SQLite's write-ahead log goes by"
                " path: writers through two of them lose data; remove the others",
            )


def forget_unfinished(path: Path, found: os.stat_result) -> None:
    """Remove the other name of a store whose making was cut off between its last two steps."""
    for other in path.parent.glob(f".{escape(path.name)}.*.new"):
        try:
            if os.path.samestat(other.stat(), found):
                other.unlink()
        except FileNotFoundError:
            continue


def _header(location: Location, path: Path) -> tuple[int, int]:
    """The file's application_id and user_version, read without touching or locking anything.

    By SQLite, never by a file of our own: POSIX drops every lock that this process holds on a file
    when any descriptor of it is closed, and with them those of our open connections, so that the
    next process takes itself for the last and removes the write-ahead log under us
    (https://www.sqlite.org/howtocorrupt.html, 2.2). SQLite puts such a close off.
    """
    connection = None
    try:
        if path.stat().st_size < _HEADER_BYTES:
            raise NotAnAuditStoreError(location.url, f"{path} is no database; name another file")
        connection = sqlite3.connect(f"{location.uri}?mode=ro&immutable=1", uri=True)
        # After kill -9 in the middle of a checkpoint the file may be shorter than its header says,
        # the rest being in the write-ahead log: SQLite then reads on only if it is told so.
        connection.execute("PRAGMA writable_schema=ON")
        (application_id,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        return application_id, version
    except sqlite3.OperationalError as error:
        raise StoreError(location.url, f"cannot be read ({error})") from error
    except sqlite3.DatabaseError as error:
        raise NotAnAuditStoreError(
            location.url, f"{path} is no database; name another file"
        ) from error
    finally:
        if connection is not None:
            connection.close()


def refuse_unwritable(location: Location) -> str | None:
    """Why the file cannot be written to; None when it can."""
    path = location.path
    # One that is not there any more is another matter, and `OpenedFiles.check` says it.
    if path is None or os.access(path, os.W_OK) or not path.exists():
        return None
    return "is read-only; make the file and its folder writable"


def make_empty(path: Path) -> None:
    """Make a file that is readable by its owner and group only, as the umask says."""
    mode = stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode))


def give_name(beside: Path, path: Path) -> bool:
    """Give a whole file its name; False, and nothing done, when there is a file of that name."""
    try:
        # Unlike a rename, a link never takes the place of a file that was made meanwhile.
        os.link(beside, path)
    except FileExistsError:
        return False
    except OSError:
        # A file system without links.
        beside.rename(path)
    return True
