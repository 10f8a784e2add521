"""What people see: text is nothing but text, in 80 columns, in any encoding, however it ends."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from event_logger import EventLogger
from event_logger.cli.live_output import screen_lines
from event_logger.cli.tables import table_lines
from tests.commands import run, start
from tests.support import HOUR, PATIENCE, ROOT, url_of

HOSTILE = "V\x1b[31m\x9b2J\n\u202e\u200b:crab: [/x] [bold]"
SHOWN = r"V\u001b[31m\u009b2J\n\u202e\u200b:crab: [/x] [bold]"


@pytest.fixture
def store(tmp_path: Path) -> str:
    store = url_of(tmp_path / "live.db")
    with EventLogger(
        "live", store=store, log=HOSTILE, redis=False, metadata={HOSTILE: HOSTILE}
    ) as logger:
        extras: dict[str, Any] = {HOSTILE: HOSTILE, "nan": float("nan"), "inf": [-float("inf")]}
        logger.log_event(HOUR, "A", HOSTILE, HOSTILE, 1, purpose=HOSTILE, **extras)
        logger.log_atomic_transaction(HOUR, HOSTILE, [{"event_type": "B", "venue": HOSTILE}])
        logger.update_event(1, {"status": "submitted", "tx_hash": HOSTILE})
    return store


COMMANDS = ["events", "show 1", "tree 2", "tree", "stats", "status", "status --stuck 0s", "logs"]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("columns", ["80", ""])
def test_text_of_the_log_is_only_text(store: str, command: str, columns: str) -> None:
    arguments = [*command.split(), "--store", store]
    if command != "logs":
        arguments += ["--log", HOSTILE]
    code = int("--stuck" in command)
    out = run(*arguments, code=code, COLUMNS=columns).stdout
    assert all(line.isprintable() for line in out.split("\n"))
    assert SHOWN in " ".join(out.split())
    as_json = run(*arguments, "--json", code=code).stdout
    assert all(line.isprintable() for line in as_json.split("\n"))
    told = [json.loads(line, parse_constant=pytest.fail) for line in as_json.splitlines()]
    assert json.dumps(HOSTILE) in json.dumps(told)


def test_what_json_has_no_word_for_is_tagged(store: str) -> None:
    event = json.loads(run("show", "1", "--store", store, "--log", HOSTILE, "--json").stdout)
    assert event["event"]["nan"] == {"$float": "nan"}
    assert event["event"]["inf"] == [{"$float": "-inf"}]


@pytest.mark.parametrize(
    "arguments",
    [
        ("stats", "--log", HOSTILE),
        ("stats", "--log", "\ud800"),
        ("events", "--venue", "\ud800"),
        ("events", "--type", "\udcff"),
        ("export", "-o", f"/no/{HOSTILE}"),
        ("export", "-o", "/no/\udcff"),
        ("import", HOSTILE, "--log", "x"),
        ("import", "\udcff", "--log", "x"),
        ("demo", "--market", HOSTILE),
        ("demo", "--folder", f"/dev/null/{HOSTILE}"),
        ("upgrade", "--to", f"/no/{HOSTILE}"),
        (f"no{HOSTILE}",),
        ("stats", f"--no{HOSTILE}"),
        (f"--no{HOSTILE}",),
        ("show", HOSTILE),
        ("events", "--since", HOSTILE),
        ("events", "--since", ""),
        ("events", "--from-order", "-1"),
        ("events", "--parent", "0"),
        ("status", "--stuck", HOSTILE),
    ],
)
def test_an_argument_is_only_text_in_the_sentence_that_refuses_it(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    store = url_of(tmp_path / "runs.db")
    with EventLogger(store=store) as logger:
        logger.log_event(HOUR, "X", "V")
    given = arguments[0] in ("demo",) or arguments[0].startswith(("no", "--no"))
    where = () if given else ("--store", store)
    environment = {} if arguments[0] == "demo" else {"EVENT_LOGGER_STORE": store}
    usage = (
        arguments[-1] in ("", "-1", "0")
        or HOSTILE in arguments[0]
        or any(
            (one, HOSTILE) == (arguments[-2] if len(arguments) > 1 else "", arguments[-1])
            for one in ("show", "--since", "--stuck")
        )
        or f"--no{HOSTILE}" in arguments
    )
    done = run(*arguments, *where, code=2 if usage else 1, **environment)
    assert done.stdout == ""
    assert done.stderr.startswith("event-logger: ")
    assert all(line.isprintable() for line in done.stderr.split("\n"))
    assert done.stderr.count("\n") == (2 if usage else 1)


ENDLESS = {"PYTHONPATH": str(ROOT), "COLUMNS": "80"}


def process(shell: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONIOENCODING"}
    program = f"{sys.executable} -W error -m event_logger.cli"
    return subprocess.run(
        ["bash", "-c", f'set -o pipefail; event_logger() {{ {program} "$@"; }}; {shell}'],
        env=kept | ENDLESS | environment,
        capture_output=True,
        timeout=PATIENCE,
    )


NO_SPACE = ("> /dev/full", b"the output was not written: No space left on device")
CLOSED = (">&-", b"standard output is closed, and nothing can be written to it")


@pytest.mark.parametrize(
    ("command", "to", "sentence"),
    [
        *((command, *NO_SPACE) for command in (*COMMANDS, "--help", "--version", "stats --json")),
        *((command, *CLOSED) for command in ("events", "status", "--help")),
    ],
)
def test_an_output_that_cannot_be_written_is_one_sentence(
    store: str, command: str, to: str, sentence: bytes
) -> None:
    has_log = command not in ("logs", "--version") and "--help" not in command
    log = '--log "$LOG"' if has_log else ""
    store_option = "" if command.startswith("--") else f"--store {store}"
    done = process(f"event_logger {command} {store_option} {log} {to}", LOG=HOSTILE)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"event-logger: " + sentence + b"\n"


@pytest.mark.parametrize(
    ("environment", "commands"),
    [
        ({"PYTHONIOENCODING": "ascii"}, ["events", "show 1", "stats", "status"]),
        ({"LC_ALL": "C"}, ["tree 2", "status --stuck 0s", "logs"]),
    ],
)
def test_an_output_that_is_not_utf_8_will_do(
    store: str, environment: dict[str, str], commands: list[str]
) -> None:
    utf8 = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for command in commands:
        log = "" if command == "logs" else '--log "$LOG"'
        done = process(f"event_logger {command} --store {store} {log}", **utf8, **environment)
        assert done.stderr == b"" or b"there is no log" in done.stderr
        done.stdout.decode("ascii")


def test_a_closed_standard_error_loses_the_sentence_alone(store: str) -> None:
    for to in ("2>&-", "2> /dev/full"):
        done = process(f"event_logger show 99 --store {store} {to}")
        assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_with_an_end_of_its_own_is_ended_cleanly(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    fifo, store = tmp_path / "fifo", url_of(tmp_path / "runs.db")
    os.mkfifo(fifo)
    with EventLogger(store=store) as logger:
        for _ in range(3000):
            logger.log_event(HOUR, "X", "V", purpose="x" * 200)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with start("export", "--store", store, "-o", str(fifo)) as program:
        # It has begun, and cannot end: there is more than the FIFO holds, and nobody reads on.
        assert select.select([reader], [], [], PATIENCE)[0]
        program.send_signal(number)
        out, err = program.communicate(timeout=PATIENCE)
    os.close(reader)
    assert (program.returncode, out, err) == (code, "", "")


def test_no_word_is_broken_at_80_columns() -> None:
    words = ["0x" + "ab" * 32, "2024-05-12T14:00:00.123456789Z", "LEVERAGE_LOOP_ITERATION", "börse"]
    titles = ("order", "event type", "venue", "status", "since", "hash")
    row = ("1", words[2], "UNISWAP_V3_ETHEREUM", "submitted", words[1], words[0])
    for columns in (40, 60, 80, 100, 200):
        text = "\n".join(table_lines(titles, [row, ("2", "A", words[3], "", "", "")], columns))
        for word in (*row, words[3]):
            assert word in text


def board(events: int) -> dict[str, Any]:
    row = {
        "event_type": "LEVERAGE_LOOP_ITERATION",
        "venue": "AAVE",
        "status": "submitted",
        "tx_hash": "0x" + "ab" * 32,
        "since": HOUR,
        "age_seconds": 12.0,
    }
    rows = [{"order": order, **row} for order in range(1, events + 1)]
    return {
        "counts": {"submitted": events, "confirmed": 7},
        "by_venue": {f"VENUE_{n}": {"submitted": n} for n in range(40)},
        "by_type": {f"TYPE_{n}": {"submitted": n} for n in range(40)},
        "open": rows,
        "stuck": rows[:30],
        "confirmation_seconds": {"median": 1.0, "p95": 2.0},
    }


@pytest.mark.parametrize("only_stuck", [False, True])
@pytest.mark.parametrize("events", [0, 1, 5, 200])
@pytest.mark.parametrize(("columns", "height"), [(80, 24), (200, 50), (40, 8), (20, 3)])
def test_a_watched_board_fits_the_screen_and_says_what_is_left_out(
    only_stuck: bool, events: int, columns: int, height: int
) -> None:
    lines = screen_lines(board(events), only_stuck, columns, height)
    assert len(lines) <= height
    shown = sum("LEVERAGE_LOOP_ITERATION" in line for line in lines)
    all_there = min(events, 30) if only_stuck else events
    if height >= 24 and events:
        assert shown >= min(all_there, 6)
    if shown and shown < all_there:
        assert any(f"and {all_there - shown} more event" in line for line in lines)
