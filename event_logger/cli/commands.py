"""The commands of `event-logger`, put together."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from event_logger.cli import (
    audit,
    certifying,
    checkpointing,
    compare,
    copying,
    demo,
    figures,
    files,
    live,
    proofs,
    reading,
    sql,
    stores,
    web,
    witness,
)
from event_logger.cli.program import Commands
from event_logger.cli.terminal import say

__all__ = ["app"]

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    help="Audit-grade event log for trading strategies.",
)
for subject in (
    demo,
    files,
    reading,
    sql,
    figures,
    audit,
    compare,
    certifying,
    checkpointing,
    proofs,
    witness,
    live,
    stores,
    copying,
    web,
):
    app.add_typer(subject.commands)


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"event-logger {version('event-logger')}")
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Options that come before the command."""
