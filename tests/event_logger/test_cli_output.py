"""What commands print: any text and any number, in any encoding of standard output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from event_logger import EventLogger, ExportError, open_log
from event_logger.cli import app
from event_logger.cli.strict_json import strict_json
from tests.commands import COLUMNS, run
from tests.support import HOUR, PATIENCE, ROOT, url_of

VENUE = "börse→\U0001f980"
HUGE = 10**5000


@pytest.fixture
def store(tmp_path: Path) -> str:
    store = url_of(tmp_path / "live.db")
    with EventLogger("live", store=store, redis=False) as logger:
        extras: dict[str, Any] = {"[/x]": "ü", "ids": HUGE}
        logger.log_event(HOUR, "A", VENUE, "ETH", HUGE, **extras)
        logger.log_atomic_transaction(HOUR, "é", [{"event_type": "B", "venue": VENUE}])
    return store


COMMANDS = ["events", "show 1", "tree 2", "tree", "stats", "status", "status --stuck 0s"]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
@pytest.mark.parametrize("command", COMMANDS)
def test_what_the_encoding_of_standard_output_lacks_is_escaped(
    store: str, command: str, encoding: str
) -> None:
    program = CliRunner(charset=encoding, env={"COLUMNS": COLUMNS})
    arguments = [*command.split(), "--store", store]
    plain = program.invoke(app, arguments, catch_exceptions=False)
    as_json = program.invoke(app, [*arguments, "--json"], catch_exceptions=False)
    assert plain.exit_code == as_json.exit_code == ("--stuck" in command)
    assert "\\u2192\\ud83e\\udd80" in plain.stdout
    values = [json.loads(line) for line in as_json.stdout.splitlines()]
    assert VENUE in json.dumps(values, ensure_ascii=False)


def test_so_it_is_in_a_process(store: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "event_logger.cli", "events", "--store", store],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    assert done.stderr == b""
    assert rb"b\u00f6rse\u2192\ud83e\udd80" in done.stdout


def test_an_int_of_thousands_of_digits_and_a_name_that_is_markup_are_shown(store: str) -> None:
    for command in ("events", "show 1", "tree 1", "stats --json"):
        out = run(*command.split(), "--store", store).stdout
        assert hex(HUGE)[:20] in out.replace("\n", "")
    assert "[/x]" in run("show", "1", "--store", store).stdout


def test_names_that_can_be_none_are_refused(store: str) -> None:
    said = run("events", "--store", store, "--log", "\udcff", code=1).stderr
    assert said.startswith("event-logger: there is no log '\\udcff' in this store")
    said = run("events", "--store", url_of(Path("/tmp") / ("x" * 300)), code=1).stderr
    assert "File name too long" in said
    with open_log(store) as reader, pytest.raises(ExportError, match="holds a NUL"):
        reader.export_to_csv("a\0b")


@pytest.mark.parametrize("arguments", [("--help",), ("events", "--help"), ("status", "-h")])
def test_a_reader_of_the_help_that_went_away_is_no_failure(arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as output:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "event_logger.cli", *arguments],
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            stdout=output,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    "number",
    [Decimal("1" * 4300), Decimal("1" * 4301), Decimal(-(10**5000)), Decimal("1E+6000"), 10**5000],
    ids=["read", "one more", "negative", "exponent", "int"],
)
def test_python_reads_what_a_number_of_many_digits_is_written_as(number: Any) -> None:
    read = json.loads(strict_json([number]), parse_float=Decimal)[0]
    if isinstance(read, dict):
        read = Decimal(read["$decimal"])
    assert number == (int(read, 16) if isinstance(read, str) else read)
