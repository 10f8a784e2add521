"""The former code, the one that wrote stores of format 1, and a store that it left."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from tests.support import PATIENCE, Program

GOLDEN = Path(__file__).parent / "golden"
FORMER_VERSION = GOLDEN / "former_version.zip"

_PREAMBLE = """
import os, sys
from datetime import UTC, datetime
from event_logger import EventLogger
HOUR = datetime(2024, 5, 12, 14, tzinfo=UTC)
"""


def start_former(source: str, *arguments: object) -> subprocess.Popen[str]:
    """Start Python source after the usual imports, all of them of the former code.

    `sys.argv[1:]` holds the arguments.
    """
    # -P keeps the current folder off the path, and the archive goes before what is installed.
    return Program(
        [sys.executable, "-P", "-W", "error", "-c", _PREAMBLE + source, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(FORMER_VERSION)},
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def run_former(source: str, *arguments: object, code: int = 0) -> str:
    """Run the source with the former code, see that it exits so within 60 s; what it printed."""
    with start_former(source, *arguments) as program:
        try:
            out, err = program.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            program.kill()
            raise
    assert program.returncode == code, f"exit code {program.returncode}\n{out}\n{err}"
    return out


def format_1_store(folder: Path) -> Path:
    """A copy of the golden store of format 1, to be read or brought to a later format."""
    return Path(shutil.copyfile(GOLDEN / "format_1.db", folder / "format_1.db"))


@cache
def format_1() -> dict[str, Any]:
    """What the former code said of the golden store; values as `domain.values.tagged` gives them.

    `logs`: of each log its name, id, mode, metadata, events, history by order (of a live one), live
    status without ages, bundle trees as [order, [trees]], and summary. `stored_events` and `tables`
    are the raw rows, `stored_events` by rowid.
    """
    described: dict[str, Any] = json.loads((GOLDEN / "format_1.json").read_text(encoding="utf-8"))
    return described
