"""The command `compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from domain.errors import LogConfigurationError, shown
from event_logger.cli.options import AsJson
from event_logger.comparing import Named, checked_window, compare_all, is_store, logs_of
from event_logger.comparing import compare as compared
from event_logger.opening import split_store

commands = typer.Typer()

_FILES = (".csv", ".jsonl")


@commands.command()
def compare(
    a: Annotated[
        str | None,
        typer.Argument(metavar="A", help="A log, as URL#NAME or a name; or an export's file."),
    ] = None,
    b: Annotated[
        str | None, typer.Argument(metavar="B", help="What it is compared with, likewise.")
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            envvar="EVENT_LOGGER_STORE",
            metavar="URL",
            help="The store of logs that are given by their names alone.",
        ),
    ] = None,
    all_against: Annotated[
        str | None,
        typer.Option(
            "--all-against", metavar="RUN", help="Compare every other log of the store with this."
        ),
    ] = None,
    window: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How far the times of partners may be apart, as 90s, 30m or 0; without it half an"
            " hour where a run is live, else nothing.",
        ),
    ] = None,
    tolerance: Annotated[
        str,
        typer.Option(
            metavar="T", help="How far numbers may be apart, as a fraction of the larger."
        ),
    ] = "0",
    with_all: Annotated[
        bool, typer.Option("--all", help="Show what is the same, too, and every difference.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare two runs: what was run differently, where they part, what that cost; exits 1 then."""
    from event_logger.cli.compare_output import print_comparison, print_comparisons

    _refuse_usage(window, tolerance)
    if all_against is not None:
        if a is not None or (store is None and not is_store(all_against)):
            missing = "--store" if a is None else "A and B"
            why = "is missing" if a is None else "are not given beside --all-against"
            raise typer.BadParameter(why, param_hint=missing)
        run = _meant(all_against, store)
        others = [one for one in logs_of(store or split_store(all_against)[0]) if one != run]
        found = compare_all(run, others, window=window, tolerance=tolerance)
        if not print_comparisons(found, as_json):
            raise typer.Exit(1)
        return
    if a is None or b is None:
        raise typer.BadParameter("is missing", param_hint="B" if a else "A")
    most = None if with_all else 1000
    one, other = _meant(a, store), _meant(b, store)
    comparison = compared(one, other, window=window, tolerance=tolerance, most=most)
    print_comparison(comparison, as_json=as_json, with_all=with_all)
    if not comparison.is_same:
        raise typer.Exit(1)


def _refuse_usage(window: str | None, tolerance: str) -> None:
    from event_logger.audits import checked_tolerance

    for check, name, value in (
        (checked_window, "--window", window),
        (checked_tolerance, "--tolerance", tolerance),
    ):
        try:
            check(value)
        except LogConfigurationError as error:
            raise typer.BadParameter(str(error).partition(" ")[2], param_hint=name) from error


def _meant(given: str, store: str | None) -> str | Named:
    """The log or the path that is meant; a bare name is a log of the store."""
    if not given:
        raise typer.BadParameter("an empty name is no log and no file")
    if is_store(given):
        url, name = split_store(given)
        return given if name is None else Named(url, name)
    is_path = _is_there(given) or "/" in given or given.lower().endswith(_FILES)
    if store is None:
        if not is_path:
            raise typer.BadParameter(
                f"{shown(given)} is no file, and no log without --store; write URL#NAME"
            )
        return given
    if Named(store, given) not in logs_of(store):
        return given if is_path else Named(store, given)
    if _is_there(given):
        raise typer.BadParameter(
            f"{shown(given)} is a log of the store and a file; write URL#NAME or ./{given}"
        )
    return Named(store, given)


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False
