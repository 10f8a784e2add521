"""The command `demo`, and what it prints."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from event_logger.cli import output
from event_logger.cli.audit_output import print_audited
from event_logger.cli.options import file_path
from event_logger.cli.tables import print_table
from event_logger.cli.terminal import say

if TYPE_CHECKING:
    from event_logger.demo.market import Cleaning
    from event_logger.demo.run import DemoResult

commands = typer.Typer()


@commands.command()
def demo(
    market: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="A folder of market data; without it, the shipped month.",
            parser=file_path,
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where log and CSV go: demo-run; with --store, where the CSV goes, if any.",
            parser=file_path,
        ),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="A store that the run is logged to, as a new log beside those that it holds.",
        ),
    ] = None,
) -> None:
    """Run a leveraged restaking strategy and log everything it does."""
    from event_logger.demo.run import CSV_FILE, run_demo, run_demo_on

    with output.progress("Trading") as advance:
        if store is None:
            result = run_demo(market, folder or Path("demo-run"), advance)
        else:
            csv = None if folder is None else folder / CSV_FILE
            result = run_demo_on(store, market, csv, advance)
    _print_result(result)
    if result.differences or not result.audit.is_sound:
        raise typer.Exit(1)


def _print_result(result: DemoResult) -> None:
    """The demo's market, its figures, one bundle, and where everything is."""
    titles = ("market data", "rows", "duplicates", "left out", "filled", "used")
    print_table(titles, map(_cleaned, result.cleaning))
    say("")
    counts = ((name, str(count)) for name, count in result.stats["event_types"].items())
    print_table(("event type", "events"), counts)
    say("")
    output.print_tree(result.entry, as_json=False)
    say("")
    say(
        f"{result.hours} hours, {result.stats['total_events']} events; equity at the end"
        f" {result.final_equity_usdt} USDT with the gas reserve, P&L {result.pnl_usdt} USDT"
    )
    if result.differences:
        say(f"balances: {len(result.differences)} differ from the events, {result.differences[0]}")
    else:
        say("balances: every snapshot equals the balances recomputed from the events")
    print_audited(result.audit)
    tree = result.certificate["tree"]
    say(f"certificate: {tree['size']:,} entries under the root {tree['root']}")
    say(f"log: {result.store} (log {result.log!r})")
    if result.csv is not None:
        say(f"csv: {result.csv}")
    say("")
    for command in ("tree", "audit", "certify"):
        say(f"next: {sys.argv[0]} {command} --store {result.store} --log {result.log}")


def _cleaned(one: Cleaning) -> tuple[str, ...]:
    counts = map(str, (one.rows, one.duplicates, one.left_out, one.filled_hours))
    return one.file, *counts, one.note
