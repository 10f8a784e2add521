"""Which log a command is about: `--store URL` or `URL#NAME`, and `--log NAME`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from domain.errors import shown
from event_logger.opening import open_named_log, split_store
from event_logger.reader import LogReader


def named(store: str, log: str | None) -> tuple[str, str | None]:
    """The store's URL, and the log's name where one of the two options gives it.

    A store is split at its last `#`, unless it is a file that is there and called so.
    """
    url, name = split_store(store)
    if name is None:
        return store, log
    if log not in (None, name):
        raise typer.BadParameter(
            f"{shown(log)} is not {shown(name)}, the log that --store names", param_hint="--log"
        )
    return url, name


@contextmanager
def opened(store: str, log: str | None, as_of: str | None = None) -> Iterator[LogReader]:
    """The log that the options name, as of then."""
    with open_named_log(*named(store, log)) as reader:
        yield reader if as_of is None else reader.as_of(as_of)
