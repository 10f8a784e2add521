"""A new store that gets its name once it holds what it is made for, or is not there at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from uuid import uuid4

from domain.errors import StoreError
from infrastructure.stores.sqlite.location import PREFIX, give_name, location_of
from infrastructure.stores.sqlite.schema import refuse_leftovers


@contextmanager
def made_whole(url: str) -> Iterator[str]:
    """The URL under which to open the store: `url` itself where there is one already.

    Otherwise that of a file beside its place, which is moved there when the block ends, and removed
    when it raises; the store is then closed. Raises `StoreError` where another has come first.
    """
    location = location_of(url)
    path = location.path
    if path is None or path.exists() or not path.parent.is_dir():
        yield url
        return
    beside = path.with_name(f".{path.name}.{uuid4().hex}.new")
    beside_url = f"{PREFIX}{beside}"
    try:
        yield beside_url
        refuse_leftovers(location, path)
        log = beside.with_name(f"{beside.name}-wal")
        if log.exists() and log.stat().st_size > 0:
            # What was committed last is not in the file itself.
            raise StoreError(url, "could not be written whole; see whether the disk is full")
        if not give_name(beside, path):
            raise StoreError(url, "was made by another process meanwhile; do it again")
    except StoreError as error:
        if error.store != beside_url:
            raise
        raise type(error)(url, error.problem) from error
    finally:
        # The other name of what was moved, too.
        for left in path.parent.glob(f"{escape(beside.name)}*"):
            with suppress(OSError):
                left.unlink()
