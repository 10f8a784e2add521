"""`python -m benchmarks`: prints the table of figures and writes it as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import live_measures, measures
from benchmarks.figure import Figure, folder


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="length of the long log")
    parser.add_argument("--part", choices=("all", "backtest", "live"), default="all")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a requirement is missed")
    parser.add_argument("--child", choices=("export", "pandas"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        measures.run_child(options.child, options.folder)
        return 0
    figures = []
    for figure in _figures(options.events, options.part):
        print(f"{figure.name}: {figure.value:.2f}", file=sys.stderr)
        figures.append(figure)
    Console(width=None if sys.stdout.isatty() else 140).print(_table(figures))
    if options.json:
        rows = [asdict(figure) | {"is_met": figure.is_met} for figure in figures]
        options.json.write_text(json.dumps({"events": options.events, "figures": rows}, indent=2))
    return int(options.strict and not all(figure.is_met for figure in figures))


def _figures(events: int, part: str) -> Iterator[Figure]:
    if part in ("all", "backtest"):
        yield measures.importing()
        yield from measures.writing()
        with folder() as here:
            yield measures.growth(events, here)
            yield measures.opening(here)
            yield measures.random_access(here)
            yield from measures.exporting(here)
    if part in ("all", "live"):
        yield from live_measures.live_writing()
        yield from live_measures.redis_away()
        yield from live_measures.latency()
        yield live_measures.catching_up()
        yield from live_measures.status(events)


def _table(figures: list[Figure]) -> Table:
    table = Table("figure", "value", "required", "aim", "", "measured")
    for figure in figures:
        sign = "≤" if figure.at_most else "≥"
        asked = f"{sign} {figure.required}" if figure.required else "no limit"
        aim = f"{sign} {figure.aim}" if figure.required else ""
        verdict = ("ok" if figure.is_met else "MISSED") if figure.required else ""
        table.add_row(figure.name, f"{figure.value:.2f}", asked, aim, verdict, figure.detail)
    return table


sys.exit(main())
