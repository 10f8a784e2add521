"""Runs compared as people do it: logs of stores and exports, on the command line and in Python."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from event_logger import (
    EventLogger,
    compare,
)
from tests.commands import run
from tests.event_logger.compared_runs import HOSTILE, HOUR, made_in
from tests.small_log import fill
from tests.support import NOON, url_of

SNAPSHOT = {"wallet": {"ETH": Decimal("1.50"), "USDT": 3.25}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_in(tmp_path_factory.mktemp("compared"))


RUNS = {
    "a log": "sqlite:///runs.db#base",
    "another of the same": "sqlite:///runs.db#again",
    "its CSV": "base.csv",
    "its JSON lines": "again.jsonl",
}
LIVE = {
    "a log": "sqlite:///live.db#live",
    "the only log of a store": "sqlite:///live.db",
    "its CSV": "live.csv",
    "its JSON lines": "live.jsonl",
}


@pytest.mark.parametrize("other", [*RUNS.values(), *LIVE.values()])
@pytest.mark.parametrize("one", [RUNS["its CSV"], LIVE["a log"]])
def test_the_same_is_the_same_wherever_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch, one: str, other: str
) -> None:
    monkeypatch.chdir(folder)
    found = compare(one, other)
    assert found.counts["equal"] == (31, 31), found.differences
    assert found.is_same
    assert sum(sum(pair) for pair in found.counts.values()) == 62


def test_only_the_same_written_the_same_is_identical(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    log, again, csv, jsonl = RUNS.values()
    assert [compare(log, other).is_identical for other in (log, again, csv, jsonl)] == [
        True,
        True,
        False,
        True,
    ]
    assert "identical: 31 events" in run("compare", log, again).stdout
    assert "the same: what differs" in run("compare", log, csv).stdout


def test_a_log_of_every_kind_of_event_is_the_same_as_itself(tmp_path: Path) -> None:
    for mode in ("backtest", "live"):
        with EventLogger(mode, store=url_of(tmp_path / f"{mode}.db"), redis=False) as logger:
            fill(logger)
            jsonl, csv = (
                write(str(tmp_path / f"{mode}.{end}"))
                for write, end in ((logger.export_to_jsonl, "jsonl"), (logger.export_to_csv, "csv"))
            )
            for other in (logger, jsonl, csv):
                found = compare(logger, other)
                assert found.is_same, (mode, other, found.differences)
                assert found.counts["equal"] == (10, 10)


def test_snapshots_of_an_export_are_the_same(tmp_path: Path) -> None:
    with EventLogger() as logger:
        logger.log_event(NOON, "BALANCE_CHANGE", "WALLET", position_snapshot=SNAPSHOT)
        path = logger.export_to_csv(str(tmp_path / "one.csv"))
        found = compare(logger, path)
        assert found.is_same
        assert found.fields["position_snapshot"].equal == 1
        with EventLogger() as other:
            other.log_event(NOON, "BALANCE_CHANGE", "WALLET", position_snapshot={"wallet": {}})
            assert not compare(logger, other).is_same


def test_what_was_logged_is_compared_as_of_then(tmp_path: Path) -> None:
    with EventLogger("live", store=url_of(tmp_path / "live.db"), redis=False) as logger:
        order = logger.log_spot_trade(NOON, "BINANCE", "ETH/USDT", "BUY", 10, 3000)
        logger.update_event(order, {"status": "partially_filled", "filled_amount": 4})
        logger.update_event(order, {"status": "cancelled"})
        found = compare(logger.as_of("1"), logger)
        assert found.first is not None
        assert found.first.changes == (("amount", 10, Decimal(4), "conflicting"),)


def test_the_ladder_in_text_and_json(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    arguments = "compare", "base", "dear", "--store", "sqlite:///runs.db"
    text = run(*arguments, code=1).stdout
    for line in (
        "metadata.price  3000  3001",
        "different  5     5",
        "price                                     5            3, 3",
        "first divergence: different, 2024-05-12T12:00:00Z, order 3 of A and order 3 of B",
        "!  3     3     2024-05-12T12:00:00Z  SPOT_TRADE ETH @ BINANCE  price 3000 → 3001",
        "different; metadata.price alone was run differently, and may be the cause",
    ):
        assert line in text, text
    found = json.loads(run(*arguments, "--json", code=1).stdout)
    assert found["same"] is False
    assert found["inputs"] == [{"what": "metadata.price", "a": 3000, "b": 3001}]
    assert [one["field"] for one in found["fields"]] == ["price"]
    assert found["first_divergence"]["difference"]["a"] == [3]
    everything = run(*arguments, "--all", code=1).stdout
    assert "purpose" in everything
    assert "purpose" not in text
    assert len(json.loads(run(*arguments, "--all", "--json", code=1).stdout)["fields"]) > 20


def test_only_some_differences_are_shown_unless_all_are_asked_for(tmp_path: Path) -> None:
    store = url_of(tmp_path / "runs.db")
    for name in ("a", "b"):
        with EventLogger(store=store, log=name) as logger:
            for hour in range(30):
                logger.log_event(NOON + hour * HOUR, "NOTE", "V", amount=1 if name == "a" else 2)
    text = run("compare", "a", "b", "--store", store, code=1).stdout
    assert "and 10 differences more, which --all shows" in text
    assert text.count("amount 1 → 2") == 20
    assert run("compare", "a", "b", "--store", store, "--all", code=1).stdout.count("1 → 2") == 30


def test_many_against_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    store = "--store", "sqlite:///runs.db"
    shown = run("compare", "--all-against", "base", *store, code=1).stdout.splitlines()
    assert [line.split()[:2] for line in shown[1:-1]] == [
        ["a#b", "31"],
        ["again", "31"],
        ["dear", "26"],
    ]
    found = run("compare", "--all-against", "base", *store, "--json", code=1).stdout.splitlines()
    assert [json.loads(line)["same"] for line in found] == [True, True, False]
    beside = run("compare", "--all-against", "sqlite:///live.db#live", *store, "--json", code=1)
    assert [json.loads(line)["a"]["mode"] for line in beside.stdout.splitlines()] == ["live"] * 4
    assert run("compare", "--all-against", "sqlite:///live.db#live").stdout.startswith("log")


def test_hostile_text_is_nothing_but_text(tmp_path: Path) -> None:
    store = url_of(tmp_path / "runs.db")
    for log, venue in (("a\x1b[1m", HOSTILE), ("b", f"{HOSTILE}2")):
        with EventLogger(store=store, log=log, metadata={HOSTILE: log}) as logger:
            logger.log_event(NOON, "NOTE", venue, HOSTILE, 1, note=f"{HOSTILE}{log}")
            logger.log_event(NOON + HOUR, "NOTE", "V", HOSTILE, 1, note=f"{HOSTILE}{log}")
    for more in ((), ("--all",), ("--json",)):
        text = run("compare", "a\x1b[1m", "b", "--store", store, *more, code=1).stdout
        assert not {"\x1b", "\u202e", "\r"} & {*text}
        assert "[bold]" in text
