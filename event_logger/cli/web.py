"""The commands `serve` and `report`: a log to be looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from domain.errors import ExportError
from event_logger.cli.named import named, opened
from event_logger.cli.options import AsOf, Log, Store, file_path, output_path
from event_logger.cli.output import progress
from event_logger.cli.terminal import say

commands = typer.Typer()


@commands.command()
def serve(
    store: Store,
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS", help="Where to listen; others than this machine's own need a token."
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="The port; 0: one that is free.")
    ] = 8000,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Holds the token that is asked for; or it is in EVENT_LOGGER_WEB_TOKEN.",
            parser=file_path,
        ),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(
            "--name",
            metavar="HOST",
            help="A name under which the page may be asked for; may be given several times.",
        ),
    ] = None,
) -> None:
    """Show the logs of a store in a browser, until Ctrl-C or SIGTERM; needs the extra `web`."""
    from event_logger.web.serving import serve as serve_page

    def started(address: str) -> None:
        say(f"serving {store_shown(store)} at {address}", at_once=True)

    url, log = named(store, None)
    serve_page(url, host, port, token_file=token_file, names=name or (), log=log, started=started)


@commands.command()
def report(
    store: Store,
    target: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The file, or - for standard output.",
            parser=output_path,
        ),
    ],
    log: Log = None,
    as_of: AsOf = None,
) -> None:
    """Write a log as one HTML file that stands alone; needs the extra `web`."""
    from event_logger.web.report import report_of
    from infrastructure.files.replaced_file import OUTPUT_FILES, replaced_file
    from infrastructure.stores import is_part_of_store

    url, _ = named(store, log)
    if is_part_of_store(url, target):
        raise ExportError(target, "it is the store of this log; name another file")
    is_file = target not in OUTPUT_FILES
    with opened(store, log, as_of) as reader, progress("Looking", is_shown=is_file) as advance:
        made = report_of(reader, advance)
    with replaced_file(target) as file:
        file.write(made)
    if is_file:
        say(target)


def store_shown(store: str) -> str:
    """The store as a terminal may show it."""
    from infrastructure.passwords import shown_place

    return shown_place(store)
