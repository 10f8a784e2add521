"""The command line `event-logger`: run the demo, import and export logs, look into them.

Exit codes: 0 (also when whoever reads the output goes away), 1 for a refused or unsound input
(one sentence on stderr), 2 for usage; 130 and 143 for a command that SIGINT or SIGTERM ended early.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from event_logger.cli import (
    audit,
    certifying,
    demo,
    figures,
    files,
    live,
    proofs,
    reading,
    sql,
    stores,
)
from event_logger.cli.program import Commands
from event_logger.cli.terminal import say

__all__ = ["app", "main"]


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    help="Audit-grade event log for trading strategies.",
)
for subject in (demo, files, reading, sql, figures, audit, certifying, proofs, live, stores):
    app.add_typer(subject.commands)


def main() -> None:
    """Run the command line and exit."""
    app()


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
