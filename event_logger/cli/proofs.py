"""The commands about proofs: `key`, `prove`, `verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from domain.errors import CorruptLogError, LogDiffersError
from event_logger.cli.options import AsJson, Log, MaybeStore, Store, file_path, kept_path
from event_logger.cli.output import print_json
from event_logger.cli.program import Typeless
from event_logger.cli.proof_files import Output, PolicyFile, read_file, refuse_precious, written
from event_logger.cli.signed import (
    KeyFile,
    keep_tiles,
    log_of,
    proving_of,
    signed_note,
    writing_log_of,
)
from event_logger.cli.terminal import say

commands = typer.Typer()
key_commands = typer.Typer(
    cls=Typeless, no_args_is_help=True, help="Make and show the key that signs."
)
commands.add_typer(key_commands, name="key")


@key_commands.command("new")
def new(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The new file.", parser=kept_path)],
    prefix: Annotated[
        str | None,
        typer.Option(metavar="P", help="The owner's, such as example.com/desk1: no log's name."),
    ] = None,
    witness: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Not an owner's key, but that of a witness: witness.example.com/w1"
        ),
    ] = None,
) -> None:
    """Make an owner's signing key, or a witness', in a file that only its owner can read."""
    from infrastructure.cosigning import new_witness_key
    from infrastructure.signing import new_key

    if prefix is not None and witness is None:
        new_key(file, prefix)
    elif prefix is None and witness is not None:
        new_witness_key(file, witness)
    else:
        raise typer.BadParameter("give one of the two", param_hint="--prefix or --witness")
    say(file)


@key_commands.command("show")
def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The key's file.", parser=file_path)],
    store: MaybeStore = None,
    log: Log = None,
    output_file: Output = None,
) -> None:
    """Show a log's or a witness' public line, to be given away; without a store the prefix."""
    from infrastructure.cosigning import read_witness_key
    from infrastructure.key_files import WITNESS, read_secret
    from infrastructure.signing import read_key

    if read_secret(file)[0] == WITNESS:
        line = str(read_witness_key(file).public)
    elif store is None:
        line = read_key(file).prefix
    else:
        key = read_key(file)
        with log_of(store, log) as (_, audit_log):
            line = str(key.verifier_key(audit_log.identity or ""))
    if output_file is None:
        say(line)
    else:
        written(f"{line}\n".encode(), output_file, store)


@key_commands.command("rotate")
def rotate(
    file: Annotated[
        Path, typer.Argument(metavar="OLD", help="The key that gives way.", parser=file_path)
    ],
    following: Annotated[
        Path, typer.Argument(metavar="NEW", help="The key that follows.", parser=file_path)
    ],
    store: Store,
    log: Log = None,
    output_file: Output = None,
) -> None:
    """Have another key sign a log from now on: logs KEY_ROTATED, and signs that with both."""
    from infrastructure.rotating import rotated
    from infrastructure.signing import read_key

    old, new = read_key(file), read_key(following)
    refuse_precious(output_file, store)
    with writing_log_of(store, log) as (logs, audit_log):
        note = rotated(logs, audit_log, old, new)
    written(note, output_file, store)


@commands.command()
def prove(
    store: Store,
    order: Annotated[
        int | None, typer.Argument(metavar="ORDER", min=0, help="The event; 0: the opening.")
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
    refuse_precious(output_file, store)
    note = signed_note(store, log, key) if checkpoint_file is None else read_file(checkpoint_file)
    with proving_of(store, log) as proving:
        if since is not None:
            proof = proving.consistency(read_file(since), note)
        else:
            proof = proving.inclusion(note, order or 0, transition)
    if proving.tree is not None and proving.tree.is_anew:
        keep_tiles(store, log, proving.tree)
    written(proof, output_file, store)


@commands.command()
def verify(
    proof: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="What prove or export --certified wrote; without it, the store.",
            parser=file_path,
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
        str | None,
        typer.Option(
            metavar="FILE", help="The log's public line, as key show gives it, or its file."
        ),
    ] = None,
    policy: PolicyFile = None,
    as_json: AsJson = False,
) -> None:
    """Say what a proof, checkpoint or certified export shows; exit 1 where it does not hold."""
    from event_logger.cli import verifying

    trust = verifying.trust_of(vkey, policy)
    note = None if checkpoint_file is None else read_file(checkpoint_file)
    if proof is not None and not verifying.is_proof(proof):
        found = verifying.of_export(proof, note, trust)
    elif proof is not None:
        found = verifying.of_proof(str(proof), read_file(proof), note, trust)
    elif note is None:
        raise typer.BadParameter("names what the store is held against", param_hint="--checkpoint")
    elif store is None:
        found = verifying.of_checkpoint(str(checkpoint_file), note, trust)
    else:
        try:
            with log_of(store, log) as (opened, audit_log):
                found = verifying.of_store(opened, audit_log, str(checkpoint_file), note, trust)
        except (LogDiffersError, CorruptLogError) as error:
            if as_json:
                print_json(verifying.said_of(error))
            raise
    if as_json:
        print_json(found.said)
        return
    for line in found.lines:
        say(line)
