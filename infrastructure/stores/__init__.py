"""The stores; `open_store` is the one place that knows which URL is whose."""

from __future__ import annotations

import os
import re
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from domain.errors import StoreUrlError, shown
from infrastructure.passwords import shown_place
from infrastructure.store import LogStore
from infrastructure.stores.sqlite.location import MEMORY, PREFIX
from infrastructure.stores.upgraded import BackedUp, Upgraded

if TYPE_CHECKING:
    from infrastructure.stores.postgres.location import Location

    # The rules of an audit take a fifth of the time that importing the logger does.
    from projections.audit.rule import Keys


def open_store(url: str, *, must_exist: bool = False, durability: str = "full") -> LogStore:
    """The store that a URL names: `sqlite:///runs.db`, `postgresql://user@host/db`, `:memory:`.

    Made where it is not there; with `must_exist` that is an error, and nothing is ever written.
    `durability="relaxed"` takes a server whose settings promise less than that what it acknowledged
    survives a power cut. Raises `StoreUrlError` for a URL that makes no sense, or another
    `StoreError`.
    """
    _refuse_unknown(url)
    if is_on_server(url):
        location = _on_server(url)
        from infrastructure.stores.postgres.store import PostgresStore

        return PostgresStore(location, must_exist=must_exist, durability=durability)
    from infrastructure.stores.sqlite.store import SQLiteStore

    return SQLiteStore(url, must_exist=must_exist)


def is_on_server(url: str) -> bool:
    """Whether the URL names a store on a PostgreSQL server."""
    return url.lower().startswith(SERVER_SCHEMES)


def is_before_database(text: str) -> bool:
    """Whether the text is the beginning of a server's URL, and ends before the database's name."""
    return is_on_server(text) and "/" not in text.partition("://")[2]


def is_part_of_store(url: str, path: str) -> bool:
    """Whether a file, by whatever path, is one of those that the store is kept in."""
    if is_on_server(url):
        return False
    from infrastructure.stores.sqlite.location import parts_of

    try:
        return os.path.realpath(path) in parts_of(url)
    except ValueError:
        # No file's name holds a NUL character.
        return False


def is_file_store(url: str) -> bool:
    """Whether the URL names a file that is there, by whatever characters it is called."""
    from infrastructure.stores.sqlite.location import location_of

    try:
        path = location_of(url).path
    except StoreUrlError:
        return False
    return path is not None and path.exists()


def holds_store(path: str) -> bool:
    """Whether a file is itself a store of ours; it is not opened as other files are, which would
    drop the locks that this process holds on it.
    """
    from infrastructure.stores.sqlite.location import is_store_file

    try:
        return is_store_file(Path(path).resolve())
    except (OSError, ValueError):
        return False


def is_kept_in_a_store(path: str) -> bool:
    """Whether a store of ours is kept in the file, by itself or beside the store's own."""
    from infrastructure.stores.sqlite.location import SUFFIXES

    return any(
        holds_store(path.removesuffix(suffix)) for suffix in SUFFIXES if path.endswith(suffix)
    )


def made_whole(url: str) -> AbstractContextManager[str]:
    """The URL under which to open a store that is to be there once the block ends, or not at all.

    `url` itself where there is a store already, and on a server, where the log is stored in one
    transaction. Raises what `open_store` does.
    """
    _refuse_unknown(url)
    if is_on_server(url):
        return nullcontext(url)
    from infrastructure.stores.sqlite.made_whole import made_whole

    return made_whole(url)


def upgrade_store(url: str, target: str | None = None) -> Upgraded:
    """Bring a store of a former format to the present one, in place or into a new `target`.

    With a target, a URL or a path, the store itself stays as it is. Raises what `open_store` does.
    """
    _refuse_unknown(url)
    if is_on_server(url):
        location = _on_server(url)
        from infrastructure.stores.postgres import upgrade_command as on_server

        return on_server.upgrade_store(location, target)
    from infrastructure.stores.sqlite import upgrade_command

    return upgrade_command.upgrade_store(url, target)


def back_up_store(url: str, target: str, *, takes_incomplete: bool = False) -> BackedUp:
    """Copy a store that may be in use, as it is at one moment, into a new `target`.

    Nobody who writes to it waits; a file that is there is never written over. With
    `takes_incomplete`, also what is left of a store whose last commits are missing. Raises what
    `open_store` does.
    """
    _refuse_unknown(url)
    if is_on_server(url):
        location = _on_server(url)
        from infrastructure.stores.postgres import upgrade_command as on_server

        on_server.refuse_backup(location)
    from infrastructure.stores.sqlite.copying import back_up

    return back_up(url, target, takes_incomplete=takes_incomplete)


def _on_server(url: str) -> Location:
    """The place on a server, before anything is imported that needs its driver."""
    from infrastructure.stores.postgres.location import location_of

    return location_of(url)


def lasting_url(url: str) -> str:
    """The URL as it holds from any folder, without a password. Raises `StoreUrlError`."""
    _refuse_unknown(url)
    if is_on_server(url):
        return _on_server(url).url
    from infrastructure.stores.sqlite.location import location_of

    found = location_of(url)
    return found.url if found.path is None else f"{PREFIX}{found.path}"


def spilling_keys() -> Keys:
    """A new, empty set of keys for an audit; a long one goes to a temporary file."""
    from infrastructure.stores.sqlite.spilled_keys import SpillingKeys

    return SpillingKeys()


def _refuse_unknown(url: str) -> None:
    if not isinstance(url, str):
        # Its text may hold a password.
        kind = type(url).__name__
        raise StoreUrlError(kind, "is no store URL; write sqlite:///runs.db, as text")
    if not url:
        raise StoreUrlError(shown(url), _NO_URL)
    if url in MEMORY or url.startswith(PREFIX) or is_on_server(url):
        return
    place = shown_place(url)
    scheme, separator, _ = url.partition("://")
    if separator and _SCHEME.fullmatch(scheme) and scheme.lower() != "sqlite":
        raise StoreUrlError(
            scheme,
            f"the scheme {scheme!r} is not supported; write sqlite:///runs.db,"
            " postgresql://user@host/database or :memory:",
        )
    problem = _NO_URL
    if place == url and not separator:
        problem = f"is no store URL; for the file {url} write sqlite:///{url}"
    raise StoreUrlError(place, problem)


SERVER_SCHEMES = ("postgresql://", "postgres://")
_NO_URL = "is no store URL; write sqlite:///runs.db or :memory:"
_SCHEME = re.compile(r"[a-z][a-z0-9+]{0,30}", re.ASCII | re.IGNORECASE)
