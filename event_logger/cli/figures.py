"""The command about what a log adds up to: `balances`."""

from __future__ import annotations

from typing import Any

import typer

from event_logger.cli.named import opened
from event_logger.cli.options import AsJson, At, Log, Store
from event_logger.cli.output import figure_text, print_json
from event_logger.cli.tables import print_table
from event_logger.cli.terminal import say

commands = typer.Typer()


@commands.command()
def balances(store: Store, log: Log = None, at: At = None, as_json: AsJson = False) -> None:
    """Show balances as the events give them, beside the last snapshot, and where they part."""
    with opened(store, log, at) as reader:
        sheet = reader.balances()
    if as_json:
        print_json(sheet)
        return
    taken = sheet["snapshot_order"]
    beside = "no snapshot until then" if taken is None else f"last snapshot after order {taken}"
    say(f"as of order {sheet['order']}; {beside}")
    if sheet["balances"]:
        say("")
        titles = ("account", "asset", "from events", "snapshot", "difference")
        print_table(titles, map(_cells, sheet["balances"]))


def _cells(row: dict[str, Any]) -> list[str]:
    """A row of the table: what agrees is told by no figure, and what is not shown by none."""
    difference = row["difference"] or None
    shown = (row["from_events"], row["snapshot"], difference)
    return [
        row["account"],
        row["asset"],
        *("" if one is None else figure_text(one) for one in shown),
    ]
