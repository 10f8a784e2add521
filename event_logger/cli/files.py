"""The commands between a log and a file: `import`, `export`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from event_logger.cli import output
from event_logger.cli.certified_export import Certifying
from event_logger.cli.named import named, opened
from event_logger.cli.options import AsJson, AsOf, Log, Store, file_path, output_path
from event_logger.cli.parquet import Parquet, Snapshots, export_parquet
from event_logger.cli.signed import KeyFile
from event_logger.cli.terminal import say
from event_logger.opening import DEFAULT_LOG

commands = typer.Typer()


class Format(StrEnum):
    """What an export writes."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


@commands.command("import")
def import_file(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A CSV event log, or JSON lines of an export; - for standard input.",
            parser=file_path,
        ),
    ],
    store: Store,
    log: Log = None,
    as_json: AsJson = False,
) -> None:
    """Turn an exported file into a new log with the same orders and the same tree."""
    from infrastructure.files import importing

    url, name = named(store, log)
    with output.progress("Importing") as advance:
        report = importing.import_file(
            file, url, name or DEFAULT_LOG, lambda done: advance(done, 0)
        )
    if as_json:
        output.print_json(vars(report))
        return
    holds = f"{output.counted(report.events, 'event')}, {output.counted(report.bundles, 'bundle')}"
    say(f"{holds}: log {report.log!r} of {url}")
    for warning in report.warnings:
        say(f"warning: {warning}")


@commands.command()
def export(
    store: Store,
    log: Log = None,
    as_of: AsOf = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The file, or - for standard output; without it, a name by time.",
            parser=output_path,
        ),
    ] = None,
    file_format: Annotated[
        Format,
        typer.Option(
            "--format",
            help="csv to look at; jsonl: all of it, to be imported again; parquet: to analyse.",
        ),
    ] = Format.CSV,
    certified: Annotated[
        bool,
        typer.Option(
            "--certified",
            help="Write beside it a signed note, FILE.certified, by which verify checks the file.",
        ),
    ] = False,
    key: KeyFile = None,
    excel: Annotated[
        bool, typer.Option("--excel", help="For spreadsheets: no cell is taken for a formula.")
    ] = False,
    columns: Annotated[
        str | None, typer.Option(metavar="NAME,…", help="Of parquet: only these columns.")
    ] = None,
    snapshots: Annotated[
        Snapshots | None,
        typer.Option(help="Of parquet: as JSON, with their numbers as a nested column, or none."),
    ] = None,
    balances: Annotated[
        bool,
        typer.Option("--balances", help="Of parquet: a second file, a row for each balance."),
    ] = False,
    partition: Annotated[
        str | None,
        typer.Option(
            metavar="log,month",
            help="Of parquet: a folder of files by these; without --log, of all logs.",
        ),
    ] = None,
) -> None:
    """Write the log to a file; prints the file's name."""
    if excel and file_format is not Format.CSV:
        raise typer.BadParameter("is for csv alone", param_hint="--excel")
    from infrastructure.files.replaced_file import OUTPUT_FILES

    # A bar would stand in the midst of what is exported.
    is_file = target not in OUTPUT_FILES
    if certified and (not is_file or balances or partition):
        raise typer.BadParameter(
            "is for one file, which its note stands beside", param_hint="--certified"
        )
    certifying = Certifying(store, log, key, target) if certified else None
    if file_format is Format.PARQUET:
        asked = Parquet(columns, snapshots or Snapshots.JSON, balances, partition)
        export_parquet(store, log, as_of, target, asked, certifying)
        return
    given = {
        "--columns": columns,
        "--snapshots": snapshots,
        "--balances": balances,
        "--partition": partition,
    }
    for name, value in given.items():
        if value:
            raise typer.BadParameter("is for parquet alone", param_hint=name)
    with (
        opened(store, log, as_of) as reader,
        output.progress("Exporting", is_shown=is_file) as advance,
    ):
        if certifying is not None:
            reader = certifying.begun(reader)
        if file_format is Format.JSONL:
            path = reader.export_to_jsonl(target, progress=advance)
        else:
            path = reader.export_to_csv(target, csv_safe=excel, progress=advance)
    if is_file:
        say(path)
    if certifying is not None:
        say(certifying.ended(path, file_format))
