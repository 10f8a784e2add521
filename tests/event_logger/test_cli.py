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

ROOT = Path(__file__).parents[2]
NOON = pd.Timestamp("2024-05-12 12:00", tz="UTC")
Done = subprocess.CompletedProcess[str]


def run(folder: Path, *arguments: str, code: int = 0, **environment: str) -> Done:
    """Run `event-logger` in a pipe, in the folder, and see that it exits with the code."""
    kept = {name: value for name, value in os.environ.items() if name != "EVENT_LOGGER_STORE"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "event_logger.cli", *arguments],
        cwd=folder,
        env=kept | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"} | environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with EventLogger(store=f"sqlite:///{tmp_path / 'runs.db'}", metadata={"a": 1}) as logger:
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
def test_events_are_filtered(folder: Path, filters: tuple[str, ...], orders: list[int]) -> None:
    lines = run(folder, "events", *STORE, "--json", *filters).stdout.splitlines()
    assert [json.loads(line)["order"] for line in lines] == orders
    table = run(folder, "events", *STORE, *filters).stdout.splitlines()[1:]
    assert [int(line.split()[0]) for line in table] == orders


def test_a_reading_command_writes_what_json_can_read(folder: Path) -> None:
    shown = json.loads(run(folder, "show", "5", *STORE, "--json").stdout)
    assert shown["event"]["detail_orders"] == [6]
    assert [step["status"] for step in shown["history"]] == ["completed"]
    tree = json.loads(run(folder, "tree", "6", *STORE, "--json").stdout)
    assert tree["details"][0]["event"]["order"] == 6
    stats = json.loads(run(folder, "stats", *STORE, "--json").stdout)
    assert stats["total_events"] == 6
    status = json.loads(run(folder, "status", *STORE, "--json").stdout)
    assert status["counts"] == {"completed": 6}
    (log,) = map(json.loads, run(folder, "logs", *STORE, "--json").stdout.splitlines())
    assert (log["log"], log["mode"], log["events"]) == ("default", "backtest", 6)


@pytest.mark.parametrize("command", [("show", "5"), ("tree",), ("stats",), ("status",), ("logs",)])
def test_a_reading_command_prints_for_people(folder: Path, command: tuple[str, ...]) -> None:
    assert run(folder, *command, *STORE).stdout.strip()


def test_names_in_brackets_are_printed_as_they_are(folder: Path) -> None:
    assert "@ [ETHERFI]" in run(folder, "tree", *STORE).stdout


def test_the_store_may_come_from_the_environment(folder: Path) -> None:
    assert "6 events" in run(folder, "stats", EVENT_LOGGER_STORE="sqlite:///runs.db").stdout


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
        (("demo", "--folder", "."), ". is there and is no former demo run"),
    ],
)
def test_a_refused_input_is_one_sentence_and_exit_code_1(
    folder: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    before = sorted(path.name for path in folder.iterdir())
    done = run(folder, *arguments, code=1)
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
def test_usage_is_exit_code_2(folder: Path, arguments: tuple[str, ...]) -> None:
    assert run(folder, *arguments, code=2).stderr


def test_export_and_import_name_what_they_made(folder: Path) -> None:
    assert run(folder, "export", *STORE, "-o", "out.csv").stdout == "out.csv\n"
    done = run(folder, "import", "out.csv", *STORE, "--log", "copy")
    assert done.stdout == "6 events, 1 bundles: log 'copy' of sqlite:///runs.db\n"
    assert done.stderr == ""
    run(folder, "export", *STORE, "--log", "copy", "-o", "again.csv")
    assert (folder / "again.csv").read_bytes() == (folder / "out.csv").read_bytes()


def test_a_reader_that_stops_listening_is_no_error(folder: Path) -> None:
    with EventLogger(store=f"sqlite:///{folder / 'long.db'}") as logger:
        for _ in range(5000):
            logger.log_event(NOON, "X", "V")
    command = f"{sys.executable} -m event_logger.cli events --store sqlite:///long.db | head -2"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr == ""


def test_version_and_help(folder: Path) -> None:
    assert run(folder, "--version").stdout.startswith("event-logger ")
    assert "Commands" in run(folder, "--help").stdout
