"""The command line `event-logger`: run the demo, import and export logs, look into them.

Exit codes: 0 (also when whoever reads the output goes away), 1 for a refused or unsound input
(one sentence on stderr), 2 for usage.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from domain.errors import EventLoggerError
from event_logger.cli import demo, files, live, reading, stores
from event_logger.cli.output import escape_what_the_encoding_lacks
from event_logger.writing.orderly_end import end_orderly_at_signals

__all__ = ["app", "main"]


class Commands(TyperGroup):
    """The commands; whoever runs one gets our errors as one sentence on stderr and exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the arguments name."""
        escape_what_the_encoding_lacks(sys.stdout)
        try:
            super().invoke(ctx)
            sys.stdout.flush()
        except EventLoggerError as error:
            print(f"event-logger: {error}", file=sys.stderr)
            raise typer.Exit(1) from error
        except BrokenPipeError as error:
            _drop_what_is_unwritten()
            raise typer.Exit from error
        except OSError as error:
            # Whatever else may fail has an error of ours: this is standard output.
            _drop_what_is_unwritten()
            print(f"event-logger: the output was not written: {error.strerror}", file=sys.stderr)
            raise typer.Exit(1) from error


def _drop_what_is_unwritten() -> None:
    # What is still in the buffer has nowhere to go when the interpreter flushes it.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    help="Audit-grade event log for trading strategies.",
)
for subject in (demo, files, reading, live, stores):
    app.add_typer(subject.commands)


def main() -> None:
    """Run the command line and exit; at SIGTERM in an orderly way, with exit code 143."""
    end_orderly_at_signals()
    app()


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"event-logger {version('event-logger')}")
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
