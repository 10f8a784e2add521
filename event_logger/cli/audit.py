"""The command `audit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from event_logger.cli.options import AsJson, Log, file_path
from event_logger.cli.output import counted
from event_logger.cli.terminal import say
from event_logger.opening import open_log

commands = typer.Typer()


@commands.command()
def audit(
    store: Annotated[
        str | None,
        typer.Option(
            envvar="EVENT_LOGGER_STORE", metavar="URL", help="The store, as sqlite:///runs.db."
        ),
    ] = None,
    log: Log = "default",
    rule: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE", help="Only this rule; may be given several times."),
    ] = None,
    list_rules: Annotated[
        bool,
        typer.Option("--list", help="Say what each rule checks, why, and how exactly."),
    ] = False,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What was accepted before: it is marked, not counted.",
            parser=file_path,
        ),
    ] = None,
    write_baseline: Annotated[
        Path | None,
        typer.Option(
            "--write-baseline",
            metavar="FILE",
            help="Accept the errors and warnings that are found, with --by and --why.",
            parser=file_path,
        ),
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="WHO", help="Who accepts them.")] = None,
    why: Annotated[str | None, typer.Option(metavar="TEXT", help="Why they are accepted.")] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="The last day on which that holds, as 2026-12-31."),
    ] = None,
    tolerance: Annotated[
        str | None,
        typer.Option(
            metavar="T", help="In place of each rule's own, a fraction of the figure; 0 lifts all."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hold a log against the rules that every log must keep; exits 1 where it does not."""
    from event_logger.cli.audit_output import print_report, print_rules
    from infrastructure.audit_rules import all_rules, rules_named

    if list_rules:
        print_rules(rules_named(rule) if rule else all_rules(), as_json)
        return
    if store is None:
        raise typer.BadParameter("is missing", param_hint="--store")
    if (by, why, until) != (None, None, None) and write_baseline is None:
        raise typer.BadParameter("is missing", param_hint="--write-baseline")
    if write_baseline is not None and (by is None or why is None):
        raise typer.BadParameter("is missing", param_hint="--why" if by else "--by")
    with open_log(store, log) as reader:
        report = reader.audit(rule or None, tolerance=tolerance, baseline=baseline)
    print_report(report, as_json)
    if write_baseline is not None:
        from infrastructure.files.baseline import write_baseline as write

        accepted = write(write_baseline, report, by or "", why or "", until)
        if not as_json:
            say(f"{write_baseline}: {counted(accepted, 'finding')} accepted by {by}")
        return
    if not report.is_sound:
        raise typer.Exit(1)
