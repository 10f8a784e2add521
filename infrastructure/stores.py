"""Store URLs, and which files are ours: the one place that knows how a store is named and made."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from eventsourcing.persistence import (
    ConnectionPoolClosedError,
    IntegrityError,
    PersistenceError,
)

from domain.errors import (
    NewerStoreError,
    NotAnAuditStoreError,
    ReadOnlyStoreError,
    StoreError,
    StoreNotFoundError,
    StoreUrlError,
    shown,
)

APPLICATION_ID = 0x45564C47
"""SQLite's `application_id` of our files: "EVLG"."""

SCHEMA_VERSION = 1
"""SQLite's `user_version` of our files."""

LOCK_TIMEOUT_SECONDS = 60
"""How long a writer waits for another's transaction to end."""

PAGE_SIZE = 16384
"""Bytes per page of our files: appending events of 700 bytes costs half of what it does with
SQLite's own 4,096 (measured), since a page holds twenty of them and less is left over."""

_HEADER_BYTES = 100
_PREFIX = "sqlite:///"
_MEMORY = (":memory:", "sqlite://", "sqlite:///:memory:")


@dataclass(frozen=True)
class Store:
    """A store: a SQLite file, or (path None) memory of this process alone."""

    url: str
    path: Path | None
    database: str

    def environment(self) -> dict[str, str]:
        """The eventsourcing library's environment for this store."""
        return {
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": self.database,
            "SQLITE_LOCK_TIMEOUT": str(LOCK_TIMEOUT_SECONDS),
        }


def parse_store(url: str) -> Store:
    """The store that a URL names: `sqlite:///runs.db`, `sqlite:////var/log/runs.db`, `:memory:`.

    Raises `StoreUrlError` for any other text; touches no disk.
    """
    if not isinstance(url, str) or not url:
        raise StoreUrlError(shown(url), "is no store URL; write sqlite:///runs.db or :memory:")
    if url in _MEMORY:
        # A shared cache under a name of its own: with a bare ":memory:" every thread's connection
        # would be a database of its own.
        return Store(":memory:", None, f"file:{uuid4().hex}?mode=memory&cache=shared")
    if url.startswith(_PREFIX) and len(url) > len(_PREFIX):
        path = _file_path(url)
        return Store(url, path, f"file:{quote(str(path))}")
    if "://" in url:
        scheme = url.partition("://")[0]
        raise StoreUrlError(
            url, f"the scheme {scheme!r} is not supported; write sqlite:///runs.db or :memory:"
        )
    raise StoreUrlError(url, f"is no store URL; for the file {url} write sqlite:///{url}")


def _file_path(url: str) -> Path:
    name = url[len(_PREFIX) :]
    if "\0" in name:
        raise StoreUrlError(shown(url), "is no store URL; no file's name holds a NUL character")
    try:
        return Path(name).expanduser().absolute()
    except RuntimeError:
        raise StoreUrlError(
            url, f"there is no home folder {name.partition('/')[0]}; write the path out"
        ) from None


def require_store(store: Store) -> None:
    """See that the store is there and ours, without writing to it or opening a connection.

    Raises `StoreNotFoundError`, `NotAnAuditStoreError` or `NewerStoreError`.
    """
    if store.path is None:
        return
    if not store.path.exists():
        raise StoreNotFoundError(store.url, f"there is no file {store.path}")
    _refuse_foreign_file(store, store.path)


def create_store(store: Store, statements: Sequence[str]) -> None:
    """Make the store's file with its tables unless it is there and ours.

    Raises `StoreError` when the folder is missing or cannot be written, `NotAnAuditStoreError` for
    another program's file, `NewerStoreError` for one of a newer version; all untouched.
    """
    if store.path is None:
        return
    if store.path.exists() and store.path.is_file() and store.path.stat().st_size > 0:
        _refuse_foreign_file(store, store.path)
        return
    if store.path.exists() and not store.path.is_file():
        raise NotAnAuditStoreError(store.url, f"{store.path} is not a file")
    if not store.path.parent.is_dir():
        raise StoreError(store.url, f"the folder {store.path.parent} does not exist; create it")
    try:
        _create_tables(store.path, statements)
    except sqlite3.Error as error:
        raise StoreError(store.url, f"cannot be created ({error})") from error


def _create_tables(path: Path, statements: Sequence[str]) -> None:
    connection = sqlite3.connect(path, timeout=LOCK_TIMEOUT_SECONDS, isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        # Still in rollback-journal mode, so that the application_id is in the file itself and not
        # in a write-ahead log when the next process looks at the header.
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    finally:
        connection.close()


def _refuse_foreign_file(store: Store, path: Path) -> None:
    if not path.is_file():
        raise NotAnAuditStoreError(store.url, f"{path} is not a file")
    application_id, version = _header(store, path)
    if application_id != APPLICATION_ID:
        raise NotAnAuditStoreError(
            store.url, f"{path} is another program's database; name another file"
        )
    if version > SCHEMA_VERSION:
        raise NewerStoreError(
            store.url,
            f"has format {version}, and this version reads up to {SCHEMA_VERSION}; upgrade"
            " event-logger to use it",
        )


def _header(store: Store, path: Path) -> tuple[int, int]:
    """The file's application_id and user_version, read without touching or locking anything.

    By SQLite, never by a file of our own: POSIX drops every lock that this process holds on a file
    when any descriptor of it is closed, and with them those of our open connections, so that the
    next process takes itself for the last and removes the write-ahead log under us
    (https://www.sqlite.org/howtocorrupt.html, 2.2). SQLite puts such a close off.
    """
    if not os.access(path, os.R_OK):
        raise StoreError(store.url, "cannot be read (Permission denied)")
    connection = None
    try:
        if path.stat().st_size < _HEADER_BYTES:
            raise NotAnAuditStoreError(store.url, f"{path} is no database; name another file")
        connection = sqlite3.connect(f"{store.database}?mode=ro&immutable=1", uri=True)
        (application_id,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        return application_id, version
    except sqlite3.OperationalError as error:
        raise StoreError(store.url, f"cannot be read ({error})") from error
    except sqlite3.DatabaseError as error:
        raise NotAnAuditStoreError(
            store.url, f"{path} is no database; name another file"
        ) from error
    finally:
        if connection is not None:
            connection.close()


@contextmanager
def store_errors(store: Store) -> Iterator[None]:
    """Turns what the library and SQLite raise into `StoreError` or `ReadOnlyStoreError`.

    The library's `IntegrityError` passes: what a taken key means, the caller knows.
    """
    try:
        yield
    except IntegrityError:
        raise
    except ConnectionPoolClosedError as error:
        raise StoreError(store.url, "was closed; open it again to go on") from error
    except (PersistenceError, sqlite3.Error) as error:
        if "readonly" in str(error):
            raise ReadOnlyStoreError(
                store.url, "is read-only; make the file and its folder writable"
            ) from error
        raise StoreError(store.url, f"failed ({error})") from error


def read_only_query(store: Store) -> str:
    """The URI query for reading a store without writing to it.

    A store in WAL mode needs files beside it even for reading; where those are not there and cannot
    be made, nobody is writing either, and SQLite may take the file as immutable.
    """
    if store.path is None:
        return ""
    has_wal = store.path.with_name(f"{store.path.name}-wal").exists()
    if has_wal or os.access(store.path.parent, os.W_OK):
        return "?mode=ro"
    return "?mode=ro&immutable=1"
