"""The command `audit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from event_logger.cli.named import opened
from event_logger.cli.options import AsJson, AsOf, Log, file_path, kept_path
from event_logger.cli.output import counted
from event_logger.cli.terminal import say

commands = typer.Typer()


@commands.command()
def audit(
    store: Annotated[
        str | None,
        typer.Option(
            envvar="EVENT_LOGGER_STORE", metavar="URL", help="The store, as sqlite:///runs.db."
        ),
    ] = None,
    log: Log = None,
    as_of: AsOf = None,
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
        str | None,
        typer.Option(
            "--write-baseline",
            metavar="FILE",
            help="Accept the errors and warnings that are found, with --by and --why.",
            parser=kept_path,
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
    against: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Hold the log against a statement (CSV, JSON), and run only rules that are named.",
        ),
    ] = None,
    map_file: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="FILE", help="What its columns mean (TOML); one for each, or for all."
        ),
    ] = None,
    evidence: Annotated[
        str | None,
        typer.Option(metavar="FROM..TO", help="The period that the statements cover."),
    ] = None,
    closed: Annotated[
        Path | None,
        typer.Option(
            metavar="CERTIFICATE", help="Nothing may have been logged later into what it covers."
        ),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Draw so many events to tick off, in place of it."),
    ] = None,
    seed: Annotated[
        str | None,
        typer.Option(metavar="S", help="Draws the same events again; without it, a new one."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hold a log against the rules that every log must keep; exits 1 where it does not."""
    from event_logger.cli.audit_lists import print_rules, print_sample
    from event_logger.cli.audit_output import print_report
    from infrastructure.audit_rules import all_rules, rules_named

    if list_rules:
        print_rules(rules_named(rule) if rule else all_rules(), as_json)
        return
    if store is None:
        raise typer.BadParameter("is missing", param_hint="--store")
    if (by, why, until) != (None, None, None) and write_baseline is None:
        raise typer.BadParameter("is missing", param_hint="--write-baseline")
    statements = _statements(against or [], map_file or [])
    if evidence is not None and not statements:
        raise typer.BadParameter("is missing", param_hint="--against")
    period = None if evidence is None else _period(evidence)
    if seed is not None and sample is None:
        raise typer.BadParameter("is missing", param_hint="--sample")
    if write_baseline is not None and (by is None or why is None):
        raise typer.BadParameter("is missing", param_hint="--why" if by else "--by")
    with opened(store, log, as_of) as reader:
        if sample is not None:
            print_sample(reader, sample, seed, as_json)
            return
        report = reader.audit(
            rule or None,
            tolerance=tolerance,
            baseline=baseline,
            closed=closed,
            against=statements,
            evidence=period,
        )
    print_report(report, as_json)
    if write_baseline is not None:
        from infrastructure.files.baseline import write_baseline as write

        accepted = write(write_baseline, report, by or "", why or "", until)
        if not as_json:
            say(f"{write_baseline}: {counted(accepted, 'finding')} accepted by {by}")
        return
    if not report.is_sound:
        raise typer.Exit(1)


def _statements(files: list[Path], maps: list[str]) -> list[tuple[Path, str]]:
    """Each statement with its map; one map is that of all."""
    if len(maps) == 1:
        maps = maps * max(1, len(files))
    if len(maps) != len(files):
        missing = "--map" if len(maps) < len(files) else "--against"
        raise typer.BadParameter("is missing: each --against has a --map", param_hint=missing)
    return list(zip(files, maps, strict=True))


def _period(evidence: str) -> tuple[str, str]:
    first, separator, last = evidence.partition("..")
    if not separator:
        raise typer.BadParameter("is FROM..TO, two times", param_hint="--evidence")
    return first, last
