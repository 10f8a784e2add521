"""The commands about stores as a whole: `upgrade`, `backup`."""

from __future__ import annotations

from typing import Annotated

import typer

from event_logger.cli.options import AsJson, Store, no_stream
from event_logger.cli.output import counted, print_json
from event_logger.cli.terminal import say

commands = typer.Typer()


@commands.command()
def upgrade(
    store: Store,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="TARGET",
            help="A new file (path or URL) that is upgraded instead; the store stays.",
            parser=no_stream,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring a store of a former format to the present one; no stored event changes."""
    from infrastructure.stores import upgrade_store

    done = upgrade_store(store, to)
    if as_json:
        print_json(done._asdict())
        return
    holds = f"{counted(done.logs, 'log')} with {counted(done.events, 'event')}"
    if done.from_format == done.to_format and to is None:
        say(f"{done.url} has format {done.to_format} already: {holds}")
    else:
        say(f"{done.url}: from format {done.from_format} to {done.to_format}, {holds}")


@commands.command()
def backup(
    target: Annotated[
        str,
        typer.Argument(metavar="TARGET", help="The new file, a path or a URL.", parser=no_stream),
    ],
    store: Store,
    incomplete: Annotated[
        bool,
        typer.Option(
            "--incomplete",
            help="Also of a copy that lacks what was committed last: take what is there.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Copy a store whole, also while it is written to; never over a file that is there."""
    from infrastructure.stores import back_up_store

    done = back_up_store(store, target, takes_incomplete=incomplete)
    if as_json:
        print_json(done._asdict())
        return
    say(f"{done.url}: {counted(done.logs, 'log')} with {counted(done.events, 'event')}")
