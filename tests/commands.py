"""The command line in tests: in this process, or as a process where a test is about that."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from typer import testing
from typer.main import get_command
from typer.testing import CliRunner, Result

from event_logger.cli import app
from tests.support import PATIENCE, ROOT, Program

UNSET = ("EVENT_LOGGER_STORE", "EVENT_LOGGER_REDIS")
COLUMNS = "160"

# At each call it builds all commands anew, which takes longer than most of them.
testing._get_command = cache(get_command)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Done:
    """What a command printed, and how it exited."""

    code: int
    stdout: str
    stderr: str


def invoke(arguments: Sequence[object], **options: Any) -> Result:
    """What came of `event-logger` in this process and environment, an error of its own included."""
    return CliRunner().invoke(app, [str(one) for one in arguments], **options)


def run(*arguments: str, code: int = 0, **environment: str) -> Done:
    """Run `event-logger` in this process and folder, and see that it exits with the code."""
    inherited: dict[str, str | None] = dict.fromkeys(UNSET)
    result = invoke(
        arguments,
        env=inherited | {"COLUMNS": COLUMNS} | environment,
        catch_exceptions=False,
        prog_name="event-logger",
    )
    assert result.exit_code == code, result.output
    return Done(result.exit_code, result.stdout, result.stderr)


def start(*arguments: str, folder: Path = ROOT) -> subprocess.Popen[str]:
    """Start `event-logger` as a process, its output in pipes."""
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    return Program(
        [sys.executable, "-W", "error", "-m", "event_logger.cli", *arguments],
        cwd=folder,
        env=kept | {"PYTHONPATH": str(ROOT), "COLUMNS": COLUMNS, "PYTHONIOENCODING": "utf-8"},
        encoding="utf-8",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def run_as_process(*arguments: str, folder: Path = ROOT) -> Done:
    """Run `event-logger` as a process in the folder, until it ends by itself."""
    with start(*arguments, folder=folder) as program:
        try:
            stdout, stderr = program.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            program.kill()
            raise
    return Done(program.returncode, stdout, stderr)


def run_at_a_terminal(*arguments: str, columns: int = 80) -> str:
    """What a terminal of so many columns is sent by `event-logger`, lines ended by a line feed."""
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in (*UNSET, "COLUMNS")}
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "event_logger.cli", *arguments],
        env=kept | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=end,
        stderr=end,
    ):
        os.close(end)
        sent = b""
        # The terminal's end reports an error once nobody has the other end any more.
        with suppress(OSError):
            while data := os.read(terminal, 65536):
                sent += data
    os.close(terminal)
    return sent.decode(errors="surrogateescape").replace("\r\n", "\n")
