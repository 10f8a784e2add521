"""The command about certificates: `certify`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import shown
from event_logger.cli.options import AsJson, Log, Store, file_path
from event_logger.cli.output import print_json
from event_logger.cli.terminal import say
from event_logger.opening import open_log
from projections.certificate import as_text

commands = typer.Typer()


@commands.command()
def certify(
    store: Store,
    log: Log = "default",
    output_file: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The certificate's file; else standard output.",
            parser=file_path,
        ),
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Hold the log against this certificate; exit 1 if they differ.",
            parser=file_path,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Certify what the log gives, or check that it still gives what a certificate says."""
    if check is not None and output_file is not None:
        raise typer.BadParameter("makes a certificate; --check checks one", param_hint="--output")
    with open_log(store, log) as reader:
        if check is None:
            made = reader.certify(None if output_file is None else str(output_file))
            if output_file is None:
                for line in as_text(made).splitlines():
                    say(line)
            elif str(output_file) != "-":
                say(str(output_file))
            return
        found = reader.check_certificate(check)
    if as_json:
        print_json(asdict(found) | {"differences": [one._asdict() for one in found.differences]})
    else:
        say(found.message)
        for one in found.differences:
            say(f"{one.what}: certified {shown(one.certified)}, found {shown(one.found)}")
        for what in found.not_compared:
            say(f"not compared: {what}")
    if not found.holds:
        raise typer.Exit(1)
