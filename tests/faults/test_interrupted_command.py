"""Ctrl-C before a command has begun: it ends as it does later, without a word."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support import PATIENCE, ROOT

INTERRUPTED_AT_AN_IMPORT = """
import runpy, signal, sys
place, sys.argv = sys.argv[1], ["event-logger", "stats", "--store", "sqlite:////none/there.db"]

class Interrupting:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == place:
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupting)
runpy.run_module("event_logger.cli", run_name="__main__")
"""


@pytest.mark.parametrize("place", ["event_logger.cli.commands", "typer", "sqlite3"])
def test_an_interruption_of_the_imports_ends_the_program_in_silence(place: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", INTERRUPTED_AT_AN_IMPORT, place],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
