"""The command `audit`, as a person and as a program use it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from event_logger import EventLogger
from projections.audit import RULES
from tests.commands import run
from tests.support import HOUR

STORE = ("--store", "sqlite:///runs.db")
TIMES = ("--rule", "times")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the commands run in, with a log that has one warning, at order 2."""
    monkeypatch.chdir(tmp_path)
    with EventLogger(store="sqlite:///runs.db") as logger:
        logger.log_stake(HOUR, "LIDO", 5, 4, 1.25)
        logger.log_stake(HOUR - timedelta(hours=1), "LIDO", 5, 4, 1.25)
    return tmp_path


def damage(statement: str) -> None:
    with sqlite3.connect("runs.db") as connection:
        assert connection.execute(statement).rowcount == 1
    connection.close()


def lines(*arguments: str, code: int = 0) -> list[dict[str, Any]]:
    out = run("audit", *STORE, "--json", *arguments, code=code).stdout
    return [json.loads(line) for line in out.splitlines()]


def test_findings_come_first_and_then_how_each_rule_ended() -> None:
    names = ["orders", "lifecycle", "times"]
    asked = [word for name in names for word in ("--rule", name)]
    finding, *results, whole = lines(*asked)
    assert (finding["rule"], finding["severity"], finding["orders"]) == ("times", "warning", [2])
    assert {"message", "expected", "found", "fingerprint", "field", "tolerance", "last_good"} < {
        *finding
    }
    assert [(one["rule"], one["outcome"]) for one in results] == [
        ("orders", "passed"),
        ("lifecycle", "not applicable"),
        ("times", "passed"),
    ]
    assert (whole["is_sound"], whole["errors"], whole["warnings"]) == (True, 0, 1)
    out = run("audit", *STORE, *TIMES).stdout.splitlines()
    assert out[1].split()[:3] == ["warning", "times", "2"]
    assert out[-1] == "log 'default' up to 2: sound, 0 errors, 1 warning, 0 notes"


def test_an_error_is_exit_1_and_each_order_has_a_line() -> None:
    damage("UPDATE stored_events SET originator_version=20 WHERE originator_version=2")
    finding, *_ = lines("--rule", "orders", code=1)
    assert finding["orders"] == list(range(2, 20))
    out = run("audit", *STORE, "--rule", "orders", code=1).stdout.splitlines()
    orders = [line.split()[-1] for line in out[2:11]]
    assert orders == [str(order) for order in range(3, 12)]
    assert out[11].strip() == "and 8 more"
    assert out[-1].startswith("log 'default' up to 20: not sound, 1 error,")


def test_a_rule_that_damage_stops_is_exit_1() -> None:
    damage("UPDATE stored_events SET state=x'00' WHERE originator_version=1")
    result = lines("--rule", "derived", code=0)[0]
    assert (result["outcome"], result["unjudged"][0]["orders"]) == ("could not run", [1])
    assert lines("--rule", "schema", code=1)[0]["severity"] == "error"


def test_rules_are_listed_without_a_store() -> None:
    out = run("audit", "--list").stdout
    for rule in RULES:
        assert rule.NAME in out
        assert rule.CHECKS.split(";")[0][:30] in out
    listed = [json.loads(line) for line in run("audit", "--list", "--json").stdout.splitlines()]
    assert [(one["rule"], one["version"]) for one in listed] == [
        (rule.NAME, rule.VERSION) for rule in RULES
    ]
    assert all(one["checks"] and one["why"] and one["tolerance"] for one in listed)
    one = run("audit", "--list", "--rule", "times", "--json").stdout.splitlines()
    assert [json.loads(line)["rule"] for line in one] == ["times"]


def test_a_rule_that_does_not_exist_names_the_nearest() -> None:
    sentence = "there is no audit rule 'lnks'; the nearest is 'links'; --list names them all"
    assert run("audit", *STORE, "--rule", "lnks", code=1).stderr == f"event-logger: {sentence}\n"


def test_what_is_found_is_accepted_and_marked_from_then_on() -> None:
    out = run(
        "audit", *STORE, *TIMES, "--write-baseline", "b.json", "--by", "Ann", "--why", "known",
        "--until", "2999-12-31",
    ).stdout  # fmt: skip
    assert out.splitlines()[-1] == "b.json: 1 finding accepted by Ann"
    finding, *_ = lines(*TIMES, "--baseline", "b.json")
    assert finding["accepted"] == {"by": "Ann", "why": "known", "until": "2999-12-31"}
    out = run("audit", *STORE, *TIMES, "--baseline", "b.json").stdout
    assert "(accepted by Ann: known, until 2999-12-31)" in " ".join(out.split())
    assert out.splitlines()[-1].endswith("0 warnings, 0 notes; 1 accepted before")


def test_what_a_baseline_has_and_the_log_not_is_said() -> None:
    run("audit", *STORE, *TIMES, "--write-baseline", "b.json", "--by", "Ann", "--why", "known")
    document = json.loads(Path("b.json").read_text())
    document["accepted"][0] |= {"fingerprint": "0" * 64, "orders": [9]}
    Path("b.json").write_text(json.dumps(document))
    out = run("audit", *STORE, "--baseline", "b.json").stdout
    assert "accepted by Ann, and there no more: times at 9: " in out
    assert [one["disappeared"]["orders"] for one in lines("--baseline", "b.json")[-2:-1]] == [[9]]


def test_a_sample_to_tick_off_has_hashes_and_links() -> None:
    with EventLogger("live", store="sqlite:///live.db", redis=False) as logger:
        for number in range(5):
            logger.log_stake(HOUR, "LIDO", 5, 4, 1.25, tx_hash=f"0x{number}")
        logger.update_event(3, {"status": "submitted", "tx_hash": "0xa"})
    store = ("--store", "sqlite:///live.db")
    out = run("audit", *store, "--sample", "9", "--seed", "a", "--json").stdout
    drawn = [json.loads(line) for line in out.splitlines()]
    assert [one["order"] for one in drawn] == [1, 2, 3, 4, 5]
    assert [one["tx_hash"] for one in drawn] == ["0x0", "0x1", "0xa", "0x3", "0x4"]
    with sqlite3.connect("live.db") as connection:
        states = connection.execute(
            "SELECT state FROM stored_events WHERE topic LIKE '%event-logged'"
            " ORDER BY originator_version"
        ).fetchall()
    connection.close()
    assert [one["state_sha256"] for one in drawn] == [
        hashlib.sha256(state).hexdigest() for (state,) in states
    ]
    assert [len(one["transitions_sha256"]) for one in drawn] == [0, 0, 1, 0, 0]
    table = run("audit", *store, "--sample", "2").stdout.splitlines()
    seed = table[-1].partition("--seed ")[2].partition(";")[0]
    assert table == run("audit", *store, "--sample", "2", "--seed", seed).stdout.splitlines()
    assert [line.split()[:2] for line in table[1:3]] == [["[", "]"]] * 2


def test_what_was_logged_into_a_closed_period_is_said() -> None:
    store = ("--store", "sqlite:///live.db", "--rule", "cutoff")
    now = datetime.now(UTC)
    with EventLogger("live", store="sqlite:///live.db", redis=False) as logger:
        logger.log_stake(now, "LIDO", 5, 4, 1.25)
        logger.certify("closed.json")
    closed = ("--closed", "closed.json")
    run("audit", *store, *closed)
    with EventLogger("live", store="sqlite:///live.db", redis=False) as logger:
        logger.log_stake(now - timedelta(minutes=1), "LIDO", 5, 4, 1.25)
    run("audit", *store)
    assert "cutoff  2" in " ".join(run("audit", *store, *closed, code=1).stdout.split("   "))
    other = run("audit", *STORE, *closed, code=1).stderr
    assert other.startswith("event-logger: closed.json is of another log: of 'default' of the")
    Path("closed.json").write_text(Path("closed.json").read_text()[:-30])
    assert run("audit", *store, *closed, code=1).stderr.startswith("event-logger: closed.json is")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 2),
        (("--store", "sqlite:///runs.db", "--by", "Ann"), 2),
        (("--store", "sqlite:///runs.db", "--write-baseline", "b.json", "--by", "Ann"), 2),
        (("--store", "sqlite:///runs.db", "--sample", "0"), 2),
        (("--store", "sqlite:///runs.db", "--seed", "7"), 2),
        (("--store", "sqlite:///runs.db", "--closed", "nowhere.json"), 1),
        (("--store", "sqlite:///runs.db", "--tolerance", "-1"), 1),
        (("--store", "sqlite:///runs.db", "--baseline", "nowhere.json"), 1),
        (("--store", "sqlite:///none.db",), 1),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_one_sentence(arguments: tuple[str, ...], code: int) -> None:
    done = run("audit", *arguments, code=code)
    assert done.stdout == ""
    assert done.stderr.startswith("event-logger: ")
    assert len(done.stderr.splitlines()) == code
