"""The commands between a log and a CSV file: `import`, `export`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from event_logger.cli import output
from event_logger.cli.options import AsJson, Log, Store
from event_logger.reader import open_log
from infrastructure.audit_logs import AuditLogs

commands = typer.Typer()


@commands.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A CSV event log.")],
    store: Store,
    log: Log = "default",
    as_json: AsJson = False,
) -> None:
    """Turn a CSV event log into a new log with the same orders and the same tree."""
    from infrastructure.files.csv_import import import_csv

    with closing(AuditLogs(store)) as logs, output.progress("Importing") as advance:
        report = import_csv(file, logs, log, lambda done: advance(done, 0))
    if as_json:
        output.print_json(vars(report))
        return
    holds = f"{output.counted(report.events, 'event')}, {output.counted(report.bundles, 'bundle')}"
    print(f"{holds}: log {report.log!r} of {store}")
    for warning in report.warnings:
        print(f"warning: {warning}")


@commands.command()
def export(
    store: Store,
    log: Log = "default",
    output_file: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The file, or - for standard output; without it, a name by time."
        ),
    ] = None,
    excel: Annotated[
        bool, typer.Option("--excel", help="For spreadsheets: no cell is taken for a formula.")
    ] = False,
) -> None:
    """Write the log as CSV; prints the file's name."""
    target = None if output_file is None else str(output_file)
    with open_log(store, log) as reader, output.progress("Exporting") as advance:
        path = reader.export_to_csv(target, csv_safe=excel, progress=advance)
    if target != "-":
        print(path)
