"""The command `demo`, and what it prints."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from event_logger.cli import output

if TYPE_CHECKING:
    from event_logger.demo.run import DemoResult

commands = typer.Typer()


@commands.command()
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
    _print_result(result)
    if result.differences:
        raise typer.Exit(1)


def _print_result(result: DemoResult) -> None:
    """The demo's market, its figures, one bundle, and where everything is."""
    console = output.console()
    table = output.new_table("market data", "rows", "duplicates", "left out", "filled", "used")
    for one in result.cleaning:
        table.add_row(
            one.file,
            str(one.rows),
            str(one.duplicates),
            str(one.left_out),
            str(one.filled_hours),
            one.note,
        )
    console.print(table)
    counts = output.new_table("event type", "events")
    for name, count in result.stats["event_types"].items():
        counts.add_row(name, str(count))
    console.print(counts)
    output.print_tree(result.entry, as_json=False)
    print(
        f"\n{result.hours} hours, {result.stats['total_events']} events; equity at the end"
        f" {result.final_equity_usdt} USDT with the gas reserve, P&L {result.pnl_usdt} USDT"
    )
    if result.differences:
        print(
            f"balances: {len(result.differences)} differ from the events, {result.differences[0]}"
        )
    else:
        print("balances: every snapshot equals the balances recomputed from the events")
    print(f"log: {result.store} (log {result.log!r})\ncsv: {result.csv}")
    print(f"\nnext: {sys.argv[0]} tree --store {result.store} --log {result.log}")
