"""The commands about proofs: `key`, `checkpoint`, `prove`, `verify`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from domain.audit_log import AuditLog
from domain.errors import CorruptLogError, LogDiffersError, ProofError, StoreError
from event_logger.cli.named import named
from event_logger.cli.options import AsJson, Log, Store, file_path
from event_logger.cli.output import print_json
from event_logger.cli.terminal import say, say_error
from event_logger.opening import chosen
from infrastructure.audit_logs import AuditLogs
from infrastructure.store import LogStore

if TYPE_CHECKING:
    from infrastructure.log_tree import LogTree
    from infrastructure.proving import Proving

commands = typer.Typer()
key_commands = typer.Typer(no_args_is_help=True, help="Make and show the key that signs.")
commands.add_typer(key_commands, name="key")

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
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="The file; else standard output.", parser=file_path
    ),
]
MaybeStore = Annotated[
    str | None,
    typer.Option(
        envvar="EVENT_LOGGER_STORE", metavar="URL", help="The store, as sqlite:///runs.db."
    ),
]


@key_commands.command("new")
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new file.", parser=file_path)],
    prefix: Annotated[
        str,
        typer.Option(metavar="P", help="The owner's, such as example.com/desk1: no log's name."),
    ],
) -> None:
    """Make an owner's signing key, in a file that only its owner can read."""
    from infrastructure.signing import new_key

    new_key(file, prefix)
    say(str(file))


@key_commands.command("show")
def show(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The owner's key.", parser=file_path)
    ],
    store: MaybeStore = None,
    log: Log = None,
) -> None:
    """Show a log's public line, to be given away; without a store the owner's prefix."""
    from infrastructure.signing import read_key

    key = read_key(file)
    if store is None:
        say(key.prefix)
        return
    with _log_of(store, log) as (_, audit_log):
        say(str(key.verifier_key(audit_log.identity or "")))


@commands.command()
def checkpoint(
    store: Store,
    log: Log = None,
    key: KeyFile = None,
    output_file: Output = None,
    after_restore: Annotated[
        bool,
        typer.Option(
            "--after-restore",
            help="Let a log that lost what was signed here go on under a new identity.",
        ),
    ] = False,
) -> None:
    """Sign a checkpoint of the log as it is now; who holds it can tell any later change."""
    if after_restore and key is not None:
        _continue(store, log)
    _write(_signed(store, log, key), output_file)


def _continue(store: str, log: str | None) -> None:
    from infrastructure.continued import continued_after_restore

    # A store that is not there is not made.
    url, name = named(store, log)
    AuditLogs(url, must_exist=True).close()
    with closing(AuditLogs(url)) as logs:
        before = logs.get(chosen(logs, name))
        after = continued_after_restore(logs, before)
    if after.identity != before.identity:
        what = f"goes on as {after.identity} since order {after.version}"
        say_error(f"log {before.name!r} was {before.identity} and {what}")


def _signed(store: str, log: str | None, key: Path | None) -> bytes:
    from infrastructure.signing import read_key

    if key is None:
        raise typer.BadParameter(
            "is missing: give the file that event-logger key new made, or set EVENT_LOGGER_KEY",
            param_hint="--key",
        )
    from infrastructure.checkpointing import Checkpointing

    owner = read_key(key)
    with _log_of(store, log) as (opened, audit_log):
        checkpointing = Checkpointing(opened, audit_log, owner)
        note = checkpointing.sign().note
    _keep_tiles(store, log, checkpointing.tree)
    return note


def _keep_tiles(store: str, log: str | None, tree: LogTree | None) -> None:
    """Keep the tiles that were made, so that whatever is proven next reads a few of them.

    A store that takes none is proven from its entries.
    """
    if tree is not None:
        with suppress(StoreError), closing(AuditLogs(named(store, log)[0])) as logs:
            tree.keep(logs.store)


@contextmanager
def _log_of(store: str, log: str | None) -> Iterator[tuple[LogStore, AuditLog]]:
    url, name = named(store, log)
    with closing(AuditLogs(url, must_exist=True)) as logs:
        yield logs.store, logs.get(chosen(logs, name))


@contextmanager
def _proving(store: str, log: str | None) -> Iterator[Proving]:
    from infrastructure.proving import Proving

    with _log_of(store, log) as (opened, audit_log):
        yield Proving(opened, audit_log)


def _write(data: bytes, output_file: Path | None) -> None:
    from infrastructure.files.replaced_file import STANDARD_OUTPUT, replaced_file

    name = STANDARD_OUTPUT if output_file is None else str(output_file)
    with replaced_file(name) as file:
        file.write(data)
    if name != STANDARD_OUTPUT:
        say(name)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        raise ProofError(str(file), f"cannot be read ({reason})") from error


@commands.command()
def prove(
    store: Store,
    order: Annotated[
        int | None, typer.Argument(metavar="[ORDER]", min=0, help="The event; 0: the opening.")
    ] = None,
    log: Log = None,
    transition: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Not the event, but the log's transition N of it."),
    ] = None,
    since: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="That the log grew out of this older checkpoint.", parser=file_path
        ),
    ] = None,
    checkpoint_file: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint",
            metavar="FILE",
            help="The checkpoint; else one is signed.",
            parser=file_path,
        ),
    ] = None,
    key: KeyFile = None,
    output_file: Output = None,
) -> None:
    """Prove that an event is in the log, or that the log holds all of an older checkpoint."""
    if (order is None) == (since is None):
        raise typer.BadParameter("give an ORDER, or --since", param_hint="ORDER")
    note = _signed(store, log, key) if checkpoint_file is None else _read(checkpoint_file)
    with _proving(store, log) as proving:
        if since is not None:
            proof = proving.consistency(_read(since), note)
        else:
            proof = proving.inclusion(note, order or 0, transition)
    if proving.tree is not None and proving.tree.is_anew:
        _keep_tiles(store, log, proving.tree)
    _write(proof, output_file)


@commands.command()
def verify(
    proof: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PROOF]", help="What prove wrote; without it, the store.", parser=file_path
        ),
    ] = None,
    store: MaybeStore = None,
    log: Log = None,
    checkpoint_file: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint", metavar="FILE", help="The checkpoint that you hold.", parser=file_path
        ),
    ] = None,
    vkey: Annotated[
        str | None, typer.Option(metavar="KEY", help="The log's public line, as key show gives it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a proof or a checkpoint shows, and whether it holds; exit 1 where it does not."""
    from event_logger.cli import verifying

    note = None if checkpoint_file is None else _read(checkpoint_file)
    if proof is not None:
        found = verifying.of_proof(str(proof), _read(proof), note, vkey)
    elif note is None:
        raise typer.BadParameter("names what the store is held against", param_hint="--checkpoint")
    elif store is None:
        found = verifying.of_checkpoint(str(checkpoint_file), note, vkey)
    else:
        try:
            with _log_of(store, log) as (opened, audit_log):
                found = verifying.of_store(opened, audit_log, str(checkpoint_file), note, vkey)
        except (LogDiffersError, CorruptLogError) as error:
            if as_json:
                print_json(verifying.said_of(error))
            raise
    if as_json:
        print_json(found.said)
        return
    for line in found.lines:
        say(line)
