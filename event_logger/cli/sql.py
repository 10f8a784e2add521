"""The command `sql`: a question to logs, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from domain.errors import ExportError
from event_logger.cli.answers import WRITERS, print_answer
from event_logger.cli.named import named
from event_logger.cli.options import AsOf, Store, output_path
from event_logger.cli.terminal import say
from infrastructure.files.replaced_file import OUTPUT_FILES, replaced_file
from infrastructure.stores import is_part_of_store

commands = typer.Typer()


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


@commands.command()
def sql(
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help='One SELECT; the column order is "order".')
    ],
    store: Store,
    log: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this log; may be given several times."),
    ] = None,
    as_of: AsOf = None,
    file_format: Annotated[
        Format, typer.Option("--format", help="How the answer is written.")
    ] = Format.TABLE,
    output_file: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Of csv, json and parquet: the file, or - for standard output.",
            parser=output_path,
        ),
    ] = None,
) -> None:
    """Ask the tables events, transitions, bundles, balances and logs, of all logs of a store.

    Each has a column log. Nothing is written, and nothing but the logs is read.
    """
    if output_file is not None and file_format is Format.TABLE:
        raise typer.BadParameter("goes with csv, json and parquet", param_hint="--output")
    if output_file is None and file_format is Format.PARQUET:
        raise typer.BadParameter("is needed for parquet", param_hint="--output")
    url, names = _names(store, log or [])
    if as_of is not None and len(names) > 1:
        raise typer.BadParameter("is of one log; name it with --log", param_hint="--as-of")
    from event_logger.questions import answered, readers_of

    target = "-" if output_file is None else output_file
    _refuse_store(url, target)
    with readers_of(url, names, as_of) as readers:
        answer = answered(readers, query)
    if file_format is Format.TABLE:
        print_answer(answer)
        return
    with replaced_file(target) as file:
        WRITERS[file_format.value](answer, file)
    if output_file is not None and target not in OUTPUT_FILES:
        say(target)


def _names(store: str, logs: Sequence[str]) -> tuple[str, list[str]]:
    url, name = named(store, None)
    if name is None:
        return url, list(dict.fromkeys(logs))
    for one in logs:
        named(store, one)
    return url, [name]


def _refuse_store(url: str, target: str) -> None:
    if is_part_of_store(url, target):
        raise ExportError(target, "it is the store that was asked; name another file")
