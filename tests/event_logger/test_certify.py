"""`certify`, and a certificate held against its log, by people and by programs."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from event_logger import (
    AsyncEventLogger,
    CertificateError,
    CorruptLogError,
    EventLogger,
    ExportError,
    open_log,
)
from infrastructure.files.importing import import_file
from infrastructure.stores import back_up_store, upgrade_store
from projections import certificate as certificates
from tests.commands import invoke
from tests.infrastructure.stores.sqlite.former import format_1, format_1_store
from tests.small_log import fill
from tests.support import HOUR, url_of

MODES = ("backtest", "live")


def run(*arguments: object) -> Result:
    return invoke(arguments)


def written(path: Path, mode: str = "backtest") -> str:
    url = url_of(path)
    with EventLogger(mode, store=url, redis=False, metadata={"fee": Decimal("1.10")}) as logger:
        fill(logger)
        logger.log_event(HOUR, "TRADE_EXECUTED", "BINANCE", "ETH", 1.5, colour="red", late=True)
    return url


def certified(url: str, log: str = "default") -> dict[str, Any]:
    with open_log(url, log) as reader:
        return reader.certify()


@pytest.mark.parametrize("mode", MODES)
def test_a_certificate_says_what_the_log_gives(tmp_path: Path, mode: str) -> None:
    url = written(tmp_path / "runs.db", mode)
    with open_log(url) as reader:
        made = reader.certify()
        csv = reader.export_to_csv(str(tmp_path / "log.csv"))
        stats = reader.get_summary_stats()
        identity = reader._log.identity
    transitions = 5 if mode == "live" else 0
    assert made["format"] == "event-logger/certificate/v1"
    assert (made["store"], made["log"], made["mode"]) == (url, "default", mode)
    assert (made["identity"], made["metadata"]) == (identity, {"fee": {"$decimal": "1.10"}})
    assert made["horizon"] == (f"11+{transitions}" if transitions else "11")
    assert made["counts"] == {"events": 11, "transitions": transitions, "bundles": 1}
    assert made["tree"]["size"] == 12 + transitions
    assert made["projections"]["csv"]["sha256"] == sha256(Path(csv).read_bytes()).hexdigest()
    assert [one["entries"] for one in made["writers"]] == [12 + transitions]
    assert made["writers"][0]["introduction"]["program"]
    totals = made["control_totals"]["totals"]
    assert {one["event_type"]: one["events"] for one in totals} == stats["event_types"]
    assert {one["event_type"]: one["sum"] for one in totals} == {
        "ATOMIC_TRANSACTION": "1",
        "GAS_FEE_PAID": "1",
        "STAKE_DEPOSIT": "8",
        "TRADE_EXECUTED": "1.5",
    }
    assert "failed" not in {one["result"] for one in made["rules"].values()}
    assert made["rules"]["schema"] == {
        "version": 1,
        "result": "passed",
        "looked_at": 11,
        "errors": 0,
        "warnings": 0,
        "notes": 0,
        "repaired": 0,
        "unjudged": 0,
    }
    assert made["versions"]["event_logger"]


def test_it_is_strict_json_and_the_same_each_time(tmp_path: Path) -> None:
    url, target = written(tmp_path / "runs.db"), tmp_path / "certificate.json"
    assert run("certify", "--store", url, "-o", target).stdout == f"{target}\n"
    printed = run("certify", "--store", url).stdout
    assert printed == target.read_text() == run("certify", "--store", url, "-o", "-").stdout
    assert json.loads(printed, parse_constant=pytest.fail) == certified(url)


@pytest.mark.parametrize("mode", MODES)
def test_a_copy_gives_the_same_but_for_the_stores_name(tmp_path: Path, mode: str) -> None:
    url, other = written(tmp_path / "runs.db", mode), url_of(tmp_path / "other.db")
    back_up_store(url, str(tmp_path / "other.db"))
    assert certified(other) == certified(url) | {"store": other}
    with open_log(other) as reader:
        assert reader.check_certificate(certified(url)).holds


@pytest.mark.parametrize("mode", MODES)
def test_an_imported_log_is_another_that_gives_the_same(tmp_path: Path, mode: str) -> None:
    url, other = written(tmp_path / "runs.db", mode), url_of(tmp_path / "other.db")
    with open_log(url) as reader:
        import_file(reader.export_to_jsonl(str(tmp_path / "log.jsonl")), other, "default")
    made, old = certified(other), certified(url)
    for name in ("projections", "control_totals", "counts", "horizon", "committed_at"):
        assert made[name] == old[name]
    assert made["tree"]["root"] != old["tree"]["root"]
    (tmp_path / "old.json").write_text(json.dumps(old))
    result = run("certify", "--store", other, "--check", tmp_path / "old.json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"is of log 'default' of the identity {old['identity']}, from which" in result.stderr


@pytest.mark.parametrize("log", [log["name"] for log in format_1()["logs"]])
def test_a_log_of_before_format_2_is_certified(tmp_path: Path, log: str) -> None:
    url = url_of(format_1_store(tmp_path))
    upgrade_store(url)
    made = certified(url, log)
    assert [one["writer"] for one in made["writers"]] == [None]
    assert made["committed_at"] is None
    with open_log(url, log) as reader:
        assert reader.check_certificate(made).holds


def test_a_log_without_events_is_certified(tmp_path: Path) -> None:
    url = url_of(tmp_path / "runs.db")
    EventLogger("live", store=url, redis=False).close()
    made = certified(url)
    assert (made["horizon"], made["tree"]["size"], made["counts"]["events"]) == ("0", 1, 0)
    with EventLogger("live", store=url, redis=False) as logger:
        assert logger.check_certificate(made).holds
        logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
        assert logger.check_certificate(made).holds


def test_what_was_not_stored_yet_is_certified_too() -> None:
    with EventLogger() as logger:
        logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
        assert logger.certify()["counts"]["events"] == 1


def test_columns_that_come_up_late_are_in_the_csv_that_is_certified(tmp_path: Path) -> None:
    with EventLogger(hourly_timestamps=False) as logger:
        for number in range(350):
            extras: dict[str, Any] = (
                {"nonce": number} if number == 340 else {f"extra {number // 120}": number}
            )
            logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", **extras)
        csv = logger.export_to_csv(str(tmp_path / "log.csv"))
        digest = logger.certify()["projections"]["csv"]["sha256"]
    assert digest == sha256(Path(csv).read_bytes()).hexdigest()


def test_from_asynchronous_code(tmp_path: Path) -> None:
    async def strategy() -> None:
        async with AsyncEventLogger("live", store=url_of(tmp_path / "runs.db"), redis=False) as one:
            await one.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
            made = await one.certify(str(tmp_path / "certificate.json"))
            assert json.loads((tmp_path / "certificate.json").read_text()) == made
            assert (await one.check_certificate(made)).holds

    asyncio.run(strategy())


def test_what_is_not_as_it_was_is_said_with_exit_code_1(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    url, target = written(path, "live"), tmp_path / "certificate.json"
    run("certify", "--store", url, "-o", target)
    result = run("certify", "--store", url, "--check", target)
    assert result.exit_code == 0
    assert result.stdout.startswith("log 'default' gives what the certificate says: 17 leaves")
    changed = target.read_text().replace('"sum": "8"', '"sum": "9"')
    target.write_text(changed)
    result = run("certify", "--store", url, "--check", target)
    assert result.exit_code == 1
    assert "do not agree in control total STAKE_DEPOSIT of ETH" in result.stdout
    result = run("certify", "--store", url, "--check", target, "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert (found["holds"], found["orders"]) == (False, None)
    assert found["differences"][0]["found"]["sum"] == "8"


def test_only_what_is_made_as_it_was_then_is_compared(tmp_path: Path) -> None:
    url = written(tmp_path / "runs.db")
    made = certified(url)
    made["projections"]["csv"] = {"version": 0, "sha256": "0" * 64}
    made["projections"]["former"] = {"version": 1, "sha256": "0" * 64}
    made["rules"]["former"] = {"version": 1}
    made["versions"] = {"event_logger": "0.0.1"}
    made["store"] = "elsewhere"
    with open_log(url) as reader:
        found = reader.check_certificate(made)
    assert (found.holds, found.differences) == (True, ())
    assert found.not_compared == (
        "projection csv, of version 0; now it has 1",
        "projection former, of version 1; now it has None",
        "rule former: of another version now",
    )


def test_the_certificate_of_another_log_is_refused(tmp_path: Path) -> None:
    one, other = written(tmp_path / "one.db"), written(tmp_path / "other.db")
    with open_log(one) as reader, pytest.raises(CertificateError, match="is another: its identity"):
        reader.check_certificate(certified(other))


def test_a_certificate_is_not_written_over_its_store(tmp_path: Path) -> None:
    url = written(tmp_path / "runs.db")
    with open_log(url) as reader, pytest.raises(ExportError, match="store of this log"):
        reader.certify(str(tmp_path / "runs.db"))
    result = run("certify", "--store", url, "--check", "x", "-o", "y")
    assert result.exit_code == 2


def test_a_damaged_log_is_not_certified(tmp_path: Path) -> None:
    url = written(tmp_path / "runs.db")
    with sqlite3.connect(tmp_path / "runs.db") as connection:
        connection.execute("DELETE FROM stored_events WHERE originator_version=4")
    with open_log(url) as reader, pytest.raises(CorruptLogError) as caught:
        reader.certify()
    assert caught.value.order == 4


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5, 9, 11])
def test_a_long_log_is_told_to_a_few_orders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: int
) -> None:
    monkeypatch.setattr(certificates, "MOST_PREFIXES", 4)
    path = tmp_path / "runs.db"
    url = written(path)
    made = certified(url)
    assert made["tree"]["prefixes"]["every"] == 4
    with sqlite3.connect(path) as connection:
        connection.execute(
            "UPDATE stored_events SET committed_at=0 WHERE originator_version=?", (order,)
        )
    with open_log(url) as reader:
        found = reader.check_certificate(made)
    assert found.orders == (order // 4 * 4, order // 4 * 4 + 3)
    assert "one of those between" in found.message
