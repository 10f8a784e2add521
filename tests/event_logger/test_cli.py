"""The command line, as a person and as a program use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from event_logger import EventLogger
from tests.commands import run, run_as_process
from tests.support import ROOT

NOON = pd.Timestamp("2024-05-12 12:00", tz="UTC")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the commands run in."""
    monkeypatch.chdir(tmp_path)
    with EventLogger(store="sqlite:///runs.db", metadata={"a": 1}) as logger:
        for hour in range(4):
            logger.log_price_update(NOON + pd.Timedelta(hours=hour), "BINANCE", "ETH", 3000 + hour)
        logger.log_atomic_transaction(
            NOON, "ENTRY", [{"event_type": "STAKE_DEPOSIT", "venue": "[ETHERFI]"}], {}
        )
    return tmp_path


STORE = ("--store", "sqlite:///runs.db")


@pytest.mark.parametrize(
    ("filters", "orders"),
    [
        ((), [1, 2, 3, 4, 5, 6]),
        (("--type", "PRICE_UPDATE"), [1, 2, 3, 4]),
        (("--venue", "INSTADAPP"), [5]),
        (("--token", "COMPOSITE"), [5]),
        (("--from-order", "3"), [3, 4, 5, 6]),
        (("--to-order", "2"), [1, 2]),
        (("--from-order", "3", "--to-order", "2"), []),
        (("--to-order", "99", "--limit", "1"), [1]),
        (("--since", "2024-05-12T14:00:00Z"), [3, 4]),
        (("--since", "2024-05-12 13:00", "--until", "2024-05-12T16:00+01:00"), [2, 3]),
    ],
)
def test_events_are_filtered(filters: tuple[str, ...], orders: list[int]) -> None:
    lines = run("events", *STORE, "--json", *filters).stdout.splitlines()
    assert [json.loads(line)["order"] for line in lines] == orders
    table = run("events", *STORE, *filters).stdout.splitlines()[1:]
    assert [int(line.split()[0]) for line in table] == orders


def test_a_reading_command_writes_what_json_can_read() -> None:
    shown = json.loads(run("show", "5", *STORE, "--json").stdout)
    assert shown["event"]["detail_orders"] == [6]
    assert [step["status"] for step in shown["history"]] == ["completed"]
    tree = json.loads(run("tree", "6", *STORE, "--json").stdout)
    assert tree["details"][0]["event"]["order"] == 6
    stats = json.loads(run("stats", *STORE, "--json").stdout)
    assert stats["total_events"] == 6
    status = json.loads(run("status", *STORE, "--json").stdout)
    assert status["counts"] == {"completed": 6}
    (log,) = map(json.loads, run("logs", *STORE, "--json").stdout.splitlines())
    assert (log["log"], log["mode"], log["events"]) == ("default", "backtest", 6)


@pytest.mark.parametrize("command", [("show", "5"), ("tree",), ("stats",), ("status",), ("logs",)])
def test_a_reading_command_prints_for_people(command: tuple[str, ...]) -> None:
    assert run(*command, *STORE).stdout.strip()


def test_one_is_not_many(folder: Path) -> None:
    with EventLogger(store="sqlite:///one.db") as logger:
        logger.log_atomic_transaction(NOON, "EMPTY", [])
    one, csv = ("--store", "sqlite:///one.db"), "one.csv"
    assert run("stats", *one).stdout.startswith("1 event, orders 1 to 1\n")
    assert run("upgrade", *one).stdout.endswith(": 1 log with 1 event\n")
    run("export", *one, "-o", csv)
    assert run("import", csv, *one, "--log", "b").stdout.startswith("1 event, 1 bundle: log 'b'")


def test_every_argument_says_what_it_is() -> None:
    assert "The event's order." in run("show", "--help").stdout


def test_names_in_brackets_are_printed_as_they_are() -> None:
    assert "@ [ETHERFI]" in run("tree", *STORE).stdout


def test_the_store_may_come_from_the_environment() -> None:
    assert "6 events" in run("stats", EVENT_LOGGER_STORE="sqlite:///runs.db").stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("stats", "--store", "sqlite:///no.db"), "store sqlite:///no.db: there is no file"),
        (("stats", "--store", "runs.db"), "is no store URL; for the file runs.db write sqlite:///"),
        (("stats", *STORE, "--log", "x"), "there is no log 'x' in this store: it holds 'default'"),
        (("show", "7", *STORE), "order 7 names no event of this log: orders run from 1 to 6"),
        (("tree", "0", *STORE), "order 0 names no event of this log"),
        (("export", *STORE, "-o", "no/file.csv"), "no/file.csv was not written: the folder"),
        (("import", "no.csv", *STORE, "--log", "x"), "no.csv, row 0: cannot be read"),
        (("demo", "--market", "no"), "market data no"),
        (("demo", "--folder", "."), ". is there and is no former demo run alone"),
    ],
)
def test_a_refused_input_is_one_sentence_and_exit_code_1(
    folder: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    before = sorted(path.name for path in folder.iterdir())
    done = run(*arguments, code=1)
    assert done.stderr.startswith("event-logger: ")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    after = sorted(path.name for path in folder.iterdir())
    assert [name for name in after if "-wal" not in name and "-shm" not in name] == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("stats",),
        ("events", *STORE, "--since", "soon"),
        ("events", *STORE, "--limit", "0"),
        ("show", "first", *STORE),
        ("unknown",),
    ],
)
def test_usage_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    assert run(*arguments, code=2).stderr


def test_export_and_import_name_what_they_made(folder: Path) -> None:
    assert run("export", *STORE, "-o", "out.csv").stdout == "out.csv\n"
    done = run("import", "out.csv", *STORE, "--log", "copy")
    assert done.stdout == "6 events, 1 bundle: log 'copy' of sqlite:///runs.db\n"
    assert done.stderr == ""
    run("export", *STORE, "--log", "copy", "-o", "again.csv")
    assert (folder / "again.csv").read_bytes() == (folder / "out.csv").read_bytes()


def test_the_program_itself_exits_and_complains_like_its_commands(folder: Path) -> None:
    done = run_as_process("show", "7", *STORE, folder=folder)
    sentence = "event-logger: order 7 names no event of this log: orders run from 1 to 6\n"
    assert (done.code, done.stdout, done.stderr) == (1, "", sentence)
    done = run_as_process("stats", folder=folder)
    assert (done.code, done.stdout) == (2, "")
    assert "--store" in done.stderr


@pytest.mark.parametrize("command", ["events", "tree"])
def test_a_reader_that_stops_listening_is_no_error(command: str) -> None:
    with EventLogger(store="sqlite:///long.db") as logger:
        for _ in range(2000):
            logger.log_atomic_transaction(NOON, "X", [{"event_type": "X", "venue": "V"}])
    program = [sys.executable, "-W", "error", "-m", "event_logger.cli", command]
    with subprocess.Popen(
        [*program, "--store", "sqlite:///long.db"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 0


def test_version_and_help() -> None:
    assert run("--version").stdout.startswith("event-logger ")
    assert "Commands" in run("--help").stdout


def test_an_export_to_standard_output_is_the_file_and_nothing_else(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'a.db'}"
    with EventLogger(store=store) as logger:
        logger.log_event(NOON, "X", "V", purpose="=1+1")
        path = Path(logger.export_to_csv(str(tmp_path / "a.csv")))
    plain = run_as_process("export", "--store", store, "-o", "-")
    assert plain.stdout == path.read_text()
    safe = run_as_process("export", "--store", store, "--output", "-", "--excel")
    assert safe.stdout.startswith("\ufeff")
    assert ",'=1+1," in safe.stdout
    assert not (Path.cwd() / "-").exists()
