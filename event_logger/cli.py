"""The command line `event-logger`: run the demo, import and export logs, look into them.

Exit codes: 0, 1 for a refused or unsound input (one sentence on stderr), 2 for usage.
"""

from __future__ import annotations

import sys
from contextlib import closing
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from domain.errors import EventLoggerError
from event_logger import cli_output as output
from event_logger.cli_live import live
from event_logger.cli_options import AsJson, Log, Store, reading
from event_logger.event_filter import EventFilter, checked_moment
from infrastructure.application import AuditLogs

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Audit-grade event log for trading strategies.",
)
app.add_typer(live)


def main() -> None:
    """Run the command line; errors of ours are one sentence on stderr and exit code 1."""
    try:
        app()
    except EventLoggerError as error:
        print(f"event-logger: {error}", file=sys.stderr)
        sys.exit(1)


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


@app.command()
def demo(
    market: Annotated[
        Path | None, typer.Option(help="A folder of market data; without it, the shipped month.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where log and CSV go.")] = Path("demo-run"),
) -> None:
    """Run a leveraged restaking strategy and log everything it does."""
    from event_logger.demo.run import run_demo

    with output.progress("Trading") as advance:
        result = run_demo(market, folder, advance)
    output.print_demo(result)
    if result.differences:
        raise typer.Exit(1)


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A CSV event log.")],
    store: Store,
    log: Log = "default",
    as_json: AsJson = False,
) -> None:
    """Turn a CSV event log into a new log with the same orders and the same tree."""
    from infrastructure.csv_import import import_csv

    with closing(AuditLogs(store)) as logs, output.progress("Importing") as advance:
        report = import_csv(file, logs, log, lambda done: advance(done, 0))
    output.print_import(report, store, as_json)


@app.command()
def export(
    store: Store,
    log: Log = "default",
    output_file: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; without it, a name by time.")
    ] = None,
) -> None:
    """Write the log as CSV; prints the file's name."""
    with reading(store, log) as reader, output.progress("Exporting") as advance:
        path = reader.export_to_csv(
            None if output_file is None else str(output_file), progress=advance
        )
    print(path)


@app.command()
def events(
    store: Store,
    log: Log = "default",
    event_type: Annotated[str | None, typer.Option("--type", help="Only this event type.")] = None,
    venue: Annotated[str | None, typer.Option(help="Only this venue.")] = None,
    token: Annotated[str | None, typer.Option(help="Only this token.")] = None,
    from_order: Annotated[int, typer.Option(help="From this order on.")] = 1,
    to_order: Annotated[int | None, typer.Option(help="Up to this order.")] = None,
    since: Annotated[str | None, typer.Option(help="From this time on (ISO 8601, UTC).")] = None,
    until: Annotated[str | None, typer.Option(help="Before this time (ISO 8601, UTC).")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    as_json: AsJson = False,
) -> None:
    """List events; with --json one JSON object a line."""
    try:
        wanted = EventFilter(
            event_type,
            venue,
            token,
            None if since is None else checked_moment(since),
            None if until is None else checked_moment(until),
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    with reading(store, log) as reader:
        last = reader.global_order if to_order is None else min(to_order, reader.global_order)
        found = (event for event in reader.events[max(from_order, 1) - 1 : last] if wanted(event))
        output.print_events(islice(found, limit), as_json)


@app.command()
def show(order: int, store: Store, log: Log = "default", as_json: AsJson = False) -> None:
    """Show one event whole, with its history."""
    with reading(store, log) as reader:
        history = reader.history(order)
        output.print_event(reader.events[order - 1], history, as_json)


@app.command()
def tree(
    store: Store,
    order: Annotated[int | None, typer.Argument(help="Any event of the bundle.")] = None,
    log: Log = "default",
    as_json: AsJson = False,
) -> None:
    """Show the bundle that an event belongs to, or without an order every bundle."""
    with reading(store, log) as reader:
        trees = reader.bundle_trees() if order is None else iter([reader.bundle_tree(order)])
        for one in trees:
            output.print_tree(one, as_json)


@app.command()
def stats(store: Store, log: Log = "default", as_json: AsJson = False) -> None:
    """Show the figures of the log: counts, and exact sums of amounts."""
    with reading(store, log) as reader:
        output.print_stats(reader.get_summary_stats(), as_json)


@app.command()
def logs(store: Store, as_json: AsJson = False) -> None:
    """List what is in a store."""
    with closing(AuditLogs(store, must_exist=True)) as audit_logs:
        found: list[dict[str, Any]] = [
            {
                "log": one.name,
                "mode": one.mode,
                "events": one.last_order,
                "opened": one.created_on,
                "metadata": one.metadata,
            }
            for one in map(audit_logs.get, audit_logs.names())
        ]
    output.print_logs(found, as_json)


if __name__ == "__main__":
    main()
