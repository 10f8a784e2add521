"""The commands about what a log gives, rebuilt from nothing: `certify`, `rebuild`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import shown
from event_logger.cli.named import named, opened
from event_logger.cli.options import AsJson, AsOf, Log, Store, file_path, output_path
from event_logger.cli.output import counted, print_json
from event_logger.cli.terminal import say
from event_logger.opening import chosen
from infrastructure.audit_logs import AuditLogs
from projections.certificate import as_text

commands = typer.Typer()


@commands.command()
def certify(
    store: Store,
    log: Log = None,
    as_of: AsOf = None,
    output_file: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The certificate's file; else standard output.",
            parser=output_path,
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
    from infrastructure.files.replaced_file import OUTPUT_FILES

    with opened(store, log, as_of) as reader:
        if check is None:
            made = reader.certify(output_file)
            if output_file is None:
                for line in as_text(made).splitlines():
                    say(line)
            elif output_file not in OUTPUT_FILES:
                say(output_file)
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


@commands.command()
def rebuild(store: Store, log: Log = None, as_json: AsJson = False) -> None:
    """Make the indexes and the status board anew from the events; says what was not right."""
    from infrastructure.rebuilding import rebuild as rebuilt

    # A store that is not there is not made.
    url, name = named(store, log)
    AuditLogs(url, must_exist=True).close()
    with AuditLogs(url) as logs:
        name = chosen(logs, name)
        done = rebuilt(logs.store, logs.get(name))
    if as_json:
        board = None if done.board is None else str(done.board)
        made = {} if done.tiles is None else {"tiles": done.tiles}
        print_json({"indexes": [one._asdict() for one in done.indexes], "board": board} | made)
        return
    for index in done.indexes:
        orders = ", ".join(map(str, index.orders))
        what = index.name.replace("_", " ")
        rows = f"{counted(index.added, 'row')} added, {index.removed:,} removed"
        say(f"index of {what}: {rows} (orders {orders}{' …' if index.is_more else ''})")
    if done.board is not None:
        say(f"status board: was not what the events give, folded anew up to {done.board}")
    if done.tiles is not None:
        say(f"tiles: were not what the entries give, made anew of {done.tiles:,} leaves")
    if not done.is_changed:
        say(f"log {name!r}: indexes and status board are what the events give, nothing changed")
