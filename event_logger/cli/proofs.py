"""The commands about proofs: `key`, `checkpoint`, `prove`, `verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from domain.errors import CorruptLogError, LogDiffersError, ProofError
from event_logger.cli.options import (
    AsJson,
    Log,
    MaybeStore,
    Store,
    file_path,
    new_file_path,
    output_path,
)
from event_logger.cli.output import print_json
from event_logger.cli.program import Typeless
from event_logger.cli.signed import (
    KeyFile,
    continue_log,
    given_key,
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

Output = Annotated[
    str | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="The file; else standard output.", parser=output_path
    ),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        metavar="FILE",
        help="Whom to trust, and whose cosignatures are needed: a tlog-policy.",
        parser=file_path,
    ),
]


@key_commands.command("new")
def new(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The new file.", parser=new_file_path)
    ],
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
    say(str(file))


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
        _write(f"{line}\n".encode(), output_file)


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
    with writing_log_of(store, log) as (logs, audit_log):
        note = rotated(logs, audit_log, old, new)
    _write(note, output_file)


@commands.command()
def checkpoint(
    store: Store,
    log: Log = None,
    key: KeyFile = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL", help="Have it cosigned by the witness there; may be given repeatedly."
        ),
    ] = None,
    policy: PolicyFile = None,
    output_file: Output = None,
    after_restore: Annotated[
        bool,
        typer.Option(
            "--after-restore",
            help="Let a log that lost what was signed here go on under a new identity.",
        ),
    ] = False,
) -> None:
    """Sign a checkpoint of the log as it is now; who holds it can tell any later change.

    With a policy the witnesses that it names with their URLs are asked, and its quorum is needed.
    """
    if after_restore and key is not None:
        continue_log(store, log)
    if not witness and policy is None:
        _write(signed_note(store, log, key), output_file)
        return
    from event_logger.cli.cosigning import Witnesses
    from infrastructure.proving import Proving

    asked = Witnesses(witness or [], policy)
    owner = given_key(key)
    with log_of(store, log) as (opened, audit_log):
        asked.refuse_other_log(owner.verifier_key(audit_log.identity or ""))
        proving = Proving(opened, audit_log)
        note = asked.cosigned(proving, owner)
    keep_tiles(store, log, proving.tree)
    _write(note, output_file)


def _write(data: bytes, output_file: str | None) -> None:
    from infrastructure.files.replaced_file import OUTPUT_FILES, STANDARD_OUTPUT, replaced_file

    name = STANDARD_OUTPUT if output_file is None else output_file
    with replaced_file(name) as file:
        file.write(data)
    if name not in OUTPUT_FILES:
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
    note = signed_note(store, log, key) if checkpoint_file is None else _read(checkpoint_file)
    with proving_of(store, log) as proving:
        if since is not None:
            proof = proving.consistency(_read(since), note)
        else:
            proof = proving.inclusion(note, order or 0, transition)
    if proving.tree is not None and proving.tree.is_anew:
        keep_tiles(store, log, proving.tree)
    _write(proof, output_file)


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
    note = None if checkpoint_file is None else _read(checkpoint_file)
    if proof is not None and not verifying.is_proof(proof):
        found = verifying.of_export(proof, note, trust)
    elif proof is not None:
        found = verifying.of_proof(str(proof), _read(proof), note, trust)
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
