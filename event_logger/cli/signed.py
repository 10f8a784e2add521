"""What the commands that sign have in common: the owner's key, and the log that it signs for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from domain.audit_log import AuditLog
from domain.errors import StoreError
from event_logger.cli.named import named
from event_logger.cli.options import file_path
from event_logger.cli.terminal import say_error
from event_logger.opening import chosen
from infrastructure.audit_logs import AuditLogs
from infrastructure.checkpointing import refuse_volatile
from infrastructure.store import LogStore

if TYPE_CHECKING:
    from infrastructure.log_tree import LogTree
    from infrastructure.proving import Proving
    from infrastructure.signing import OwnerKey

KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key",
        envvar="EVENT_LOGGER_KEY",
        metavar="FILE",
        help="The owner's key.",
        parser=file_path,
    ),
]


def given_key(key: Path | None) -> OwnerKey:
    """The owner's key that the option names; raises `typer.BadParameter` where it names none."""
    from infrastructure.signing import read_key

    if key is None:
        raise typer.BadParameter(
            "is missing: give the file that event-logger key new made, or set EVENT_LOGGER_KEY",
            param_hint="--key",
        )
    return read_key(key)


@contextmanager
def log_of(store: str, log: str | None) -> Iterator[tuple[LogStore, AuditLog]]:
    """The store and the log that the options name.

    Raises `ProofError` for a store in memory.
    """
    url, name = named(store, log)
    with closing(AuditLogs(url, must_exist=True)) as logs:
        refuse_volatile(logs.store)
        yield logs.store, logs.get(chosen(logs, name))


@contextmanager
def writing_log_of(store: str, log: str | None) -> Iterator[tuple[AuditLogs, AuditLog]]:
    """The same, opened for writing; a store that is not there is not made."""
    url, name = named(store, log)
    AuditLogs(url, must_exist=True).close()
    with closing(AuditLogs(url)) as logs:
        yield logs, logs.get(chosen(logs, name))


@contextmanager
def proving_of(store: str, log: str | None) -> Iterator[Proving]:
    """What can be proven of the log that the options name."""
    from infrastructure.proving import Proving

    with log_of(store, log) as (opened, audit_log):
        yield Proving(opened, audit_log)


def signed_note(store: str, log: str | None, key: Path | None) -> bytes:
    """A signed checkpoint of the log as it is now."""
    owner = given_key(key)
    with proving_of(store, log) as proving:
        note = proving.signed(owner)
    keep_tiles(store, log, proving.tree)
    return note


def keep_tiles(store: str, log: str | None, tree: LogTree | None) -> None:
    """Keep the tiles that were made, so that whatever is proven next reads a few of them.

    A store that takes none is proven from its entries.
    """
    if tree is not None:
        with suppress(StoreError), closing(AuditLogs(named(store, log)[0])) as logs:
            tree.keep(logs.store)


def continue_log(store: str, log: str | None) -> None:
    """Have a log that lost what was signed here go on under a new identity, which is said."""
    from infrastructure.continued import continued_after_restore

    with writing_log_of(store, log) as (logs, before):
        after = continued_after_restore(logs, before)
    if after.identity != before.identity:
        what = f"goes on as {after.identity} since order {after.version}"
        say_error(f"log {before.name!r} was {before.identity} and {what}")
