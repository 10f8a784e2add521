"""The commands `serve` and `report`: a log to be looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from event_logger.cli.options import Store, file_path
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

    serve_page(store, host, port, token_file=token_file, names=name or (), started=started)


def store_shown(store: str) -> str:
    """The store as a terminal may show it."""
    from infrastructure.passwords import shown_place

    return shown_place(store)
