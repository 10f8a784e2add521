"""The files that the commands about proofs read and write."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import ExportError, ProofError
from event_logger.cli.named import named
from event_logger.cli.options import file_path, output_path
from event_logger.cli.terminal import say

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


def read_file(file: Path) -> bytes:
    """All of a file; raises `ProofError` where it cannot be read."""
    try:
        return file.read_bytes()
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        raise ProofError(str(file), f"cannot be read ({reason})") from error


def refuse_precious(output_file: str | None, store: str | None) -> None:
    """Raises `ExportError` for a file that nothing is written over: the store, or a secret key."""
    from infrastructure.files import replaced_file
    from infrastructure.stores import is_part_of_store

    if output_file is None or not Path(output_file).is_file():
        return
    if store is not None and is_part_of_store(named(store, None)[0], output_file):
        raise ExportError(output_file, "it is the store of this log; name another file")
    replaced_file.refuse_precious(output_file)


def refuse_unwritable(output_file: str) -> None:
    """Raises `ExportError` for a file that can stand nowhere."""
    if Path(output_file).is_dir() or output_file.endswith(os.sep):
        raise ExportError(output_file, "it is a folder; name a file in it")
    folder = Path(output_file).resolve().parent
    if not folder.is_dir():
        raise ExportError(output_file, f"the folder {folder} does not exist; create it first")


def written(data: bytes, output_file: str | None, store: str | None) -> None:
    """Write what was made to the file, or to standard output; raises `ExportError`."""
    from infrastructure.files.replaced_file import OUTPUT_FILES, STANDARD_OUTPUT, replaced_file

    refuse_precious(output_file, store)
    name = STANDARD_OUTPUT if output_file is None else output_file
    with replaced_file(name) as file:
        file.write(data)
    if name not in OUTPUT_FILES:
        say(name)
