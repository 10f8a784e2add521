"""`python -m benchmarks`: prints the table of figures and writes it as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import (
    analytics_measures,
    audit_measures,
    backtest_measures,
    file_measures,
    following_measures,
    live_measures,
    postgres_measures,
    proof_measures,
    reading_measures,
    web_measures,
    web_viewers,
)
from benchmarks.figure import Figure, folder, work_in


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--events", type=int, default=200_000, help="length of the long logs")
    parser.add_argument("--part", choices=("all", *PARTS), default="all")
    parser.add_argument(
        "--folder", type=Path, default=Path(), help="where all contestants work, as /dev/shm"
    )
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a requirement is missed")
    parser.add_argument("--child", choices=tuple(_RUN_CHILD), help=argparse.SUPPRESS)
    parser.add_argument("--child-folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _RUN_CHILD[options.child](options.child, options.child_folder)
        return 0
    work_in(options.folder)
    figures = []
    for part in PARTS if options.part == "all" else (options.part,):
        for figure in PARTS[part](options.events):
            print(f"{figure.name}: {figure.value:.2f}", file=sys.stderr)
            figures.append(figure)
    Console(width=None if sys.stdout.isatty() else 160).print(_table(figures))
    if options.json:
        rows = [asdict(figure) | {"is_met": figure.is_met} for figure in figures]
        options.json.write_text(json.dumps({"events": options.events, "figures": rows}, indent=2))
    return int(options.strict and not all(figure.is_met for figure in figures))


def _backtest(events: int) -> Iterator[Figure]:
    yield backtest_measures.importing()
    yield from backtest_measures.writing()
    with folder() as here:
        yield backtest_measures.growth(events, here)
        yield backtest_measures.opening(here)


def _live(events: int) -> Iterator[Figure]:
    yield from live_measures.live_writing()
    yield from live_measures.redis_away()
    yield from live_measures.latency()
    yield live_measures.catching_up()
    yield following_measures.updating()
    yield following_measures.following()
    yield from following_measures.status(events // 8)


def _web(events: int) -> Iterator[Figure]:
    yield from web_measures.web(events)
    yield from web_viewers.web_viewers()


PARTS: dict[str, Callable[[int], Iterable[Figure]]] = {
    "backtest": _backtest,
    "live": _live,
    "reading": reading_measures.reading,
    "files": file_measures.files,
    "audit": audit_measures.audit,
    "analytics": analytics_measures.analytics,
    "postgres": postgres_measures.postgres,
    "proofs": proof_measures.proofs,
    "web": _web,
}
FILE_TASKS = ("export", "pandas")
AUDIT_TASKS = ("scan", "audit", "certify")
PROOF_TASKS = ("rows", "verify")
_RUN_CHILD = {
    **dict.fromkeys(FILE_TASKS, file_measures.run_child),
    **dict.fromkeys(AUDIT_TASKS, audit_measures.run_child),
    **dict.fromkeys(PROOF_TASKS, proof_measures.run_child),
}


def _table(figures: list[Figure]) -> Table:
    table = Table("figure", "value", "required", "aim", "", "measured")
    for figure in figures:
        sign = "≤" if figure.at_most else "≥"
        asked = f"{sign} {figure.required}" if figure.required else "no limit"
        aim = f"{sign} {figure.aim}" if figure.required else ""
        verdict = ("ok" if figure.is_met else "MISSED") if figure.required else ""
        table.add_row(figure.name, f"{figure.value:.2f}", asked, aim, verdict, figure.detail)
    return table


if __name__ == "__main__":
    sys.exit(main())
