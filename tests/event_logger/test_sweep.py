"""The sweep of the documents: backtests by two processes, each its own log, asked together."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.commands import run
from tests.documents import fenced
from tests.support import PATIENCE, ROOT

PAGE = ROOT / "docs" / "analytics.md"
RUNS = 6


def blocks(beginning: str) -> list[str]:
    return [text for _, text in fenced(PAGE) if text.startswith(beginning)]


def test_a_sweep_by_two_processes_is_one_store_to_ask(tmp_path: Path) -> None:
    (script,) = blocks('"""Backtests of one strategy')
    (tmp_path / "sweep.py").write_text(script)
    store = f"sqlite:///{tmp_path / 'sweep.db'}"
    done = subprocess.run(
        [sys.executable, "-W", "error", "sweep.py", store, str(RUNS)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.stdout, done.stderr) == (f"{RUNS} backtests\n", "")
    lines = run("logs", "--store", store, "--json").stdout.splitlines()
    logs = {log["log"]: log for log in map(json.loads, lines)}
    assert [logs[f"run-{n:03d}"]["events"] for n in range(RUNS)] == [24] * RUNS
    assert logs["run-005"]["metadata"] == {"leverage": 2, "threshold": "0.005"}
    (question,) = blocks("event-logger sql")
    query = question[question.index('"') + 1 : question.rindex('"')]
    answer = run("sql", query, "--store", store, "--format", "csv").stdout
    assert answer.splitlines()[0] == "leverage,runs,usd"
    assert sorted(line.split(",")[:2] for line in answer.splitlines()[1:]) == [
        ["1", "2"], ["2", "2"], ["3", "1"], ["4", "1"],
    ]  # fmt: skip
