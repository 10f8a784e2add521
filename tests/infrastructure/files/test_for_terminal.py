"""An export to standard output that is a terminal acts on nothing; into a pipe it is as it is."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from event_logger import EventLogger
from infrastructure.files.for_terminal import ForTerminal
from tests.commands import run_as_process, run_at_a_terminal
from tests.support import HOUR, url_of

HOSTILE = '\x1b[31m\u202eX\x9b2J\r\nfaked,line\n,"quoted",\u200b\x00\U0001f600'
SHOWN = (
    'order,purpose\n1,"\\u001b[31m\\u202eX\\u009b2J\\r\\nfaked,line\\n,'
    '""quoted"",\\u200b\\u0000\U0001f600"\n2,plain\n'
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_lines_stay_lines_and_nothing_else_acts(size: int) -> None:
    cell = '"' + HOSTILE.replace('"', '""') + '"'
    data = f"order,purpose\n1,{cell}\n2,plain\n".encode()
    terminal = io.StringIO()
    stream = ForTerminal(terminal)
    for start in range(0, len(data), size):
        stream.write(data[start : start + size])
    assert terminal.getvalue() == SHOWN


def test_lines_of_json_keep_their_quotes() -> None:
    terminal = io.StringIO()
    ForTerminal(terminal).write('{"a":"\\"\u202e"}\n{"b":1}\n'.encode())
    assert terminal.getvalue() == '{"a":"\\"\\u202e"}\n{"b":1}\n'


@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
def test_a_terminal_is_sent_text_and_a_pipe_the_bytes(tmp_path: Path, file_format: str) -> None:
    url = url_of(tmp_path / "a.db")
    with EventLogger(store=url) as logger:
        logger.log_event(HOUR, "RISK_ALERT", "V", purpose=HOSTILE, other="\x9d\x1b]0;owned\x07")
    given = ("export", "-o", "-", "--store", url, "--format", file_format)
    seen, piped = run_at_a_terminal(*given), run_as_process(*given).stdout
    assert len(seen.splitlines()) == 2
    assert all(line.isprintable() for line in seen.splitlines())
    assert "\u202e" in piped
