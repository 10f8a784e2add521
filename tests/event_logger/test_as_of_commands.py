"""Commands that read a log as of then, say who committed what, and which log they are about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from event_logger import EventLogger
from infrastructure.audit_logs import AuditLogs
from infrastructure.stores.sqlite import clock
from tests.commands import run
from tests.support import HOUR, StepClock, stored


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Opened at 12:01; a stake 1 (12:02), submitted (12:03), a bundle 2 and 3 (12:04), confirmed
    (12:05), a late detail 4 of the bundle (12:06)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(clock, "time", StepClock(60))
    with EventLogger(
        "live", store="sqlite:///live.db", log="desk", redis=False, actor="desk 1"
    ) as logger:
        logger.log_stake(HOUR, "LIDO", 1, 1, 1)
        logger.update_event(1, {"status": "submitted", "tx_hash": "0x1"})
        logger.log_atomic_transaction(HOUR, "B", [{"event_type": "SUPPLY", "venue": "AAVE"}])
        logger.update_event(1, {"status": "confirmed"})
        logger.log_event(HOUR, "GAS_FEE_PAID", "ETHEREUM", parent_event=2)
    return tmp_path


STORE = ("--store", "sqlite:///live.db", "--json")


def lines(*arguments: str, code: int = 0) -> list[Any]:
    return [json.loads(line) for line in run(*arguments, *STORE, code=code).stdout.splitlines()]


@pytest.mark.parametrize(
    ("when", "statuses"),
    [
        ("1", ["pending"]),
        ("1+1", ["submitted"]),
        ("2", ["submitted", "pending", "pending"]),
        ("3+2", ["confirmed", "pending", "pending"]),
        ("2024-05-12T12:04:59Z", ["submitted", "pending", "pending"]),
        ("2024-05-12 12:05", ["confirmed", "pending", "pending"]),
        ("2030-01-01T00:00Z", ["confirmed", "pending", "pending", "pending"]),
    ],
)
def test_events_are_those_of_then(when: str, statuses: list[str]) -> None:
    assert [event["status"] for event in lines("events", "--as-of", when)] == statuses
    (board,) = lines("status", "--as-of", when)
    assert sum(board["counts"].values()) == len(statuses)
    (stats,) = lines("stats", "--as-of", when)
    assert stats["total_events"] == len(statuses)


def test_every_reading_command_reads_as_of_then(folder: Path) -> None:
    then = ("--as-of", "2")
    (shown,) = lines("show", "1", *then)
    assert shown["event"]["status"] == "submitted"
    assert [step["status"] for step in shown["history"]] == ["pending", "submitted"]
    assert [step["transition"] for step in shown["committed"]] == [None, 1]
    assert [step["status"] for step in lines("history", "1", *then)] == ["pending", "submitted"]
    (tree,) = lines("tree", *then)
    assert [detail["event"]["order"] for detail in tree["details"]] == [3]
    (tree,) = lines("tree", "3")
    assert [detail["event"]["order"] for detail in tree["details"]] == [3, 4]
    run("export", *STORE[:2], *then, "-o", "then.csv")
    assert len((folder / "then.csv").read_text().splitlines()) == 4
    run("export", *STORE[:2], *then, "-o", "then.jsonl", "--format", "jsonl")
    run("import", "then.jsonl", "--store", "sqlite:///then.db#copy")
    assert json.loads(run("logs", "--store", "sqlite:///then.db", "--json").stdout)["log"] == "copy"
    certificate = json.loads(run("certify", *STORE[:2], *then).stdout)
    assert certificate["counts"] == {"events": 3, "transitions": 1, "bundles": 1}
    report = run("audit", *STORE[:2], *then, "--rule", "orders", "--json").stdout
    assert '"looked_at":3' in report


def test_known_then_and_true_then_combine() -> None:
    assert lines("events", "--as-of", "3", "--until", "2024-05-12T14:00:00Z") == []
    true_then = ("--since", "2024-05-12T14:00:00Z", "--status", "pending")
    found = lines("events", "--as-of", "3", *true_then)
    assert [event["order"] for event in found] == [2, 3]


def test_what_was_stuck_then() -> None:
    then = ("--as-of", "2024-05-12T12:04:30Z")
    assert lines("status", "--stuck", "90s", *then) == [[]]
    (stuck,) = lines("status", "--stuck", "89s", *then, code=1)
    assert [(row["order"], row["age_seconds"]) for row in stuck] == [(1, 90)]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("show", "4", "--as-of", "3"), 1, "order 4 names no event of this log: orders run from 1"),
        (
            ("events", "--as-of", "9"),
            1,
            "as_of 9 names no event of this log: orders run from 1 to",
        ),
        (
            ("tree", "--as-of", "2+1"),
            1,
            "as_of 2+1 is inside what was logged at once as orders 2",
        ),
        (("stats", "--as-of", "3+7"), 1, "as_of 3+7 is beyond the end of log 'desk'"),
        (("status", "--as-of", "2024-05-12T12:00Z"), 1, "was opened, at 2024-05-12T12:01:00Z"),
        (("export", "--as-of", "2024-05-12"), 2, "'2024-05-12' is a date without a time of day"),
        (("history", "1", "--as-of", "noon"), 2, "Invalid value for '--as-of': 'noon' is none of"),
        (("status", "--as-of", "1", "--watch"), 2, "--watch with --as-of: shows what changes"),
    ],
)
def test_what_is_no_moment_is_refused_in_a_sentence(
    arguments: tuple[str, ...], code: int, said: str
) -> None:
    first, *rest = run(*arguments, *STORE[:2], code=code).stderr.splitlines()
    assert said in first
    assert rest == [] if code == 1 else len(rest) == 1


def test_it_is_shown_who_committed_what_and_when() -> None:
    shown = run("show", "1", *STORE[:2], COLUMNS="80").stdout
    assert shown == run("show", "1", *STORE[:2], COLUMNS="80").stdout
    committed = shown[shown.index("committed ") :].splitlines()
    assert [line.split()[0] for line in committed if line.startswith("2024")] == [
        f"2024-05-12T12:0{minute}:00Z" for minute in (2, 3, 5)
    ]
    assert all("@" in line and "process" in line for line in committed if line.startswith("2024"))
    assert "for desk 1" in " ".join(shown.split())
    assert run("history", "1", *STORE[:2]).stdout.splitlines()[0].startswith("status")


@pytest.mark.parametrize(
    "options",
    [
        ("--store", "sqlite:///live.db"),
        ("--store", "sqlite:///live.db#desk"),
        ("--store", "sqlite:///live.db#desk", "--log", "desk"),
        ("--store", "sqlite:///live.db", "--log", "desk"),
    ],
)
@pytest.mark.parametrize("command", ["stats", "status", "health", "events", "audit", "rebuild"])
def test_the_only_log_of_a_store_needs_no_name(command: str, options: tuple[str, ...]) -> None:
    assert run(command, *options).stdout


def other_logs(*names: str) -> None:
    with AuditLogs("sqlite:///live.db") as logs:
        for name in names:
            logs.open_or_create(name, "live")


def test_of_several_logs_one_is_to_be_named() -> None:
    other_logs("b", "c")
    said = run("stats", *STORE[:2], code=1).stderr
    assert said == (
        "event-logger: --log is left out, and the store holds 3 logs: 'b', 'c', 'desk'; name one\n"
    )
    for command in (["show", "1"], ["status"], ["notify"], ["rebuild"], ["tail"]):
        assert "holds 3 logs" in run(*command, *STORE[:2], code=1).stderr
    assert run("stats", "--store", "sqlite:///live.db#desk").stdout.startswith("4 events")
    other_logs("d", "e", "f")
    assert "6 logs: 'b', 'c', 'd', 'desk', 'e', …;" in run("stats", *STORE[:2], code=1).stderr
    other_logs("default")
    assert "first_event_order" in run("stats", *STORE).stdout


def test_of_no_log_none_is_taken(folder: Path) -> None:
    AuditLogs("sqlite:///empty.db").close()
    said = run("stats", "--store", "sqlite:///empty.db", code=1).stderr
    assert said == "event-logger: there is no log 'default' in this store: it holds no log\n"


@pytest.mark.parametrize(
    ("store", "log", "code", "said"),
    [
        ("sqlite:///live.db#desk", "other", 2, "'other' is not 'desk', the log that --store names"),
        (
            "sqlite:///live.db#other",
            None,
            1,
            "there is no log 'other' in this store: it holds",
        ),
        ("sqlite:///gone.db#desk", None, 1, "there is no file"),
        ("sqlite:///live.db#", None, 1, "there is no log ''"),
        ("#desk", None, 1, "is no store URL"),
    ],
)
def test_a_log_of_a_store_that_is_not_there_is_said(
    store: str, log: str | None, code: int, said: str
) -> None:
    named = () if log is None else ("--log", log)
    assert said in run("stats", "--store", store, *named, code=code).stderr


def test_a_store_is_split_at_its_last_mark_unless_it_is_a_file_of_that_name(folder: Path) -> None:
    (folder / "live.db").rename(folder / "li#ve.db")
    for store in ("sqlite:///li#ve.db#desk", "sqlite:///li#ve.db"):
        assert run("stats", "--store", store).stdout.startswith("4 events")
    assert run("stats", EVENT_LOGGER_STORE="sqlite:///li#ve.db#desk").stdout.startswith("4 events")


def test_an_import_takes_the_name_from_its_store(folder: Path) -> None:
    run("export", *STORE[:2], "--format", "jsonl", "-o", "all.jsonl")
    said = run("import", "all.jsonl", "--store", "sqlite:///new.db#run 1").stdout
    assert said == "4 events, 1 bundle: log 'run 1' of sqlite:///new.db\n"
    assert len(stored(folder / "new.db", "run 1")) == 4
    run("import", "all.jsonl", "--store", "sqlite:///new.db")
    assert len(stored(folder / "new.db", "default")) == 4
