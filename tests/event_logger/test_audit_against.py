"""A log against statements of others: what both tell, what one lacks, and what differs."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from event_logger import AuditFileError, EventLogger, LogConfigurationError
from tests.commands import run
from tests.event_logger.venue_statements import (
    FILL_LINES,
    FILLS,
    HEADER,
    MAPS,
    STORE,
    SUFFIX,
    against,
    differences,
    hours,
    ms,
    written_beside,
)
from tests.support import HOUR


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return written_beside(tmp_path, monkeypatch)


@pytest.mark.parametrize("kinds", [*((kind,) for kind in MAPS), tuple(MAPS)])
def test_what_agrees_is_no_finding_and_the_period_is_said(kinds: tuple[str, ...]) -> None:
    *notes, result, whole = against(*kinds)
    assert [one["severity"] for one in notes] == ["note"] * len(kinds)
    assert all(" is evidence of " in one["message"] for one in notes)
    assert (result["rule"], result["outcome"], whole["errors"]) == ("against", "passed", 0)
    assert result["looked_at"] > 0


def test_a_statement_is_of_its_period() -> None:
    (note,) = (one["message"] for one in against("funding") if one.get("severity"))
    assert note == (
        "funding.csv is evidence of funding at BYBIT from 2024-05-12T14:00:00Z to"
        " 2024-05-12T22:00:00Z: 2 lines"
    )
    evidence = ("--evidence", "2024-05-12T13:00Z..2024-05-12T15:00:00Z")
    (note,) = (one["message"] for one in against("fills", further=evidence) if one.get("severity"))
    assert note == (
        "fills.csv is evidence of fills at BINANCE from 2024-05-12T13:00:00Z to"
        " 2024-05-12T15:00:00Z: 1 lines; 3 lines lie outside of it; 1 events of the log lie outside"
        " of it"
    )


Change = Callable[[str], str]
FAULTS: list[tuple[str, Change, list[tuple[str, list[int], str]]]] = [
    (
        "fills",
        lambda text: text.replace(FILL_LINES[1], "").replace(FILL_LINES[2], ""),
        [("missing there", [2], "fills.csv")],
    ),
    (
        "fills",
        lambda text: text + "2024-05-12T15:30:00Z,DOGEUSDT,BUY,9,0,\n",
        [("missing here", [], "fills.csv DOGEUSDT BUY 9 2024-05-12T15:30:00Z")],
    ),
    ("fills", lambda text: text.replace(",0.4,", ",0.5,"), [("different amount", [2], "amount")]),
    ("fills", lambda text: text.replace("BUY,1.5", "BUY,1.50001"), [
        ("different amount", [1], "amount")
    ]),
    ("fills", lambda text: text.replace(",2,1,77", ",3,1,77"), [
        ("different amount", [3], "amount")
    ]),
    ("fills", lambda text: text.replace(",0.75,", ",0.76,"), [("different fee", [1], "fee")]),
    ("fills", lambda text: text.replace("14:00:03", "14:20:03"), [
        ("different time", [1], "timestamp")
    ]),
    ("fills", lambda text: text.replace("BUY,1.5", "SELL,1.5"), [("different side", [1], "side")]),
    ("funding", lambda text: text.replace("FEE,2.5", "FEE,-2.5"), [
        ("different amount", [5], "amount")
    ]),
    ("funding", lambda text: text.replace("REBATE", "FUNDING_FEE"), [
        ("missing here", [], "funding.csv 7 2024-05-12T15:00:00Z")
    ]),
    ("balances", lambda text: text.replace('"400"', '"400.01"'), [
        ("different amount", [9], "USDT")
    ]),
    ("balances", lambda text: text.replace('"XBT"', '"DOGE"'), [
        ("missing there", [8], "BTC"),
        ("missing here", [], "balances.json DOGE 2024-05-13T00:30:00Z"),
        ("missing here", [], "balances.json DOGE 2024-05-13T01:30:00Z"),
    ]),
    ("receipts", lambda text: text.replace("0xab", "0xcd"), [
        ("missing there", [7], "receipts.csv"),
        ("missing here", [], "receipts.csv 0xcd"),
    ]),
    ("receipts", lambda text: text.replace(",21000,200,", ",21001,200,"), [
        ("different gas", [7], "gas_units"),
        ("different fee", [7], "gas_cost_eth"),
    ]),
    ("receipts", lambda text: text.replace(",9,1", ",8,1"), [
        ("different block", [7], "block_number")
    ]),
    ("receipts", lambda text: text.replace(",9,1", ",9,0"), [("different outcome", [7], "status")]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "change", "expected"), FAULTS)
def test_what_differs_is_found(
    folder: Path, kind: str, change: Change, expected: list[tuple[str, list[int], str]]
) -> None:
    file = folder / f"{kind}.{SUFFIX.get(kind, 'csv')}"
    before = file.read_text()
    file.write_text(change(before))
    assert file.read_text() != before
    assert sorted(differences(kind)) == sorted(expected)


def test_what_the_venue_cuts_off_is_no_difference(folder: Path) -> None:
    with EventLogger(store="sqlite:///venue.db") as logger:
        logger.log_spot_trade(hours(12), "BINANCE", "SOL/USDT", "BUY", Decimal("0.123456789"), 9)
    lines = (folder / "fills.csv").read_text() + "2024-05-13T02:00:00Z,SOLUSDT,BUY,{},,\n"
    (folder / "fills.csv").write_text(lines.format("0.12345679"))
    against("fills")
    assert differences("fills", further=("--tolerance", "0")) == [
        ("different amount", [10], "amount")
    ]
    (folder / "fills.csv").write_text(lines.format("0.12345678"))
    assert differences("fills") == [("different amount", [10], "amount")]
    (folder / "fills.toml").write_text('amount_tolerance = "0.00000002"\n' + FILLS)
    against("fills")


def test_other_rules_run_where_they_are_named() -> None:
    *_, orders, _, whole = against("fills", further=("--rule", "orders"))
    assert (orders["rule"], whole["is_sound"]) == ("orders", True)


BROKEN: list[tuple[str, Change, str]] = [
    ("fills.csv", lambda text: text.replace("qty", "quantity"),
     "fills.csv has no column 'qty', which fills.toml names for amount; the nearest is 'quantity'"),
    ("fills.csv", lambda text: text.replace(",1.5,", ",much,"),
     "fills.csv has 'much' for the amount in row 1"),
    ("fills.csv", lambda text: text.replace(",1.5,", ',"1,500.0",'),
     "fills.csv has '1,500.0' for the amount in row 1"),
    ("fills.csv", lambda text: text.replace(",1.5,", ",,"),
     "fills.csv has '' for the amount in row 1"),
    ("fills.csv", lambda text: text.replace("2024-05-12T14:00:03Z", "noon"),
     "fills.csv has 'noon' for a time in row 1, and time_unit is iso"),
    ("fills.csv", lambda text: text.replace("BUY", "HOLD"),
     "fills.csv has 'HOLD' for a side in row 1; write BUY or SELL"),
    ("fills.csv", lambda text: text[:-20], "fills.csv has 2 cells in row 4, and 6 columns"),
    ("fills.csv", lambda text: HEADER,
     "fills.csv has no line to compare, so its period must be given"),
    ("fills.csv", lambda text: '{"a": {}}', "fills.csv holds no list of records; records says"),
    ("fills.csv", lambda text: "[7]", "fills.csv holds 7 as record 1, which is no object"),
    ("fills.csv", lambda text: "[", "fills.csv is no JSON ("),
    ("fills.toml", lambda text: "kind = [", "fills.toml is no TOML ("),
    ("fills.toml", lambda text: text.replace("fills", "fill"),
     "fills.toml has kind = 'fill', and must have one of fills, funding, balances, receipts"),
    ("fills.toml", lambda text: text.replace('"BINANCE"', '""'),
     "fills.toml has venue = '', which must be text"),
    ("fills.toml", lambda text: text.replace("side =", "sides ="),
     "fills.toml maps 'sides', which fills do not have; the nearest is 'side'"),
    ("fills.toml", lambda text: text.replace("amount =", "fee_token ="),
     "fills.toml maps 'fee_token', which fills do not have; the nearest is"),
    ("fills.toml", lambda text: text.replace('amount = "qty"\n', ""),
     "fills.toml says no column of amount, which fills must have"),
    ("fills.toml", lambda text: 'venues = "x"\n' + text,
     "fills.toml has 'venues', which no map has; the nearest is 'venue'"),
    ("fills.toml", lambda text: 'time_tolerance = "soon"\n' + text,
     "fills.toml has a time_tolerance must be"),
    ("fills.toml", lambda text: "amount_tolerance = -1\n" + text,
     "fills.toml has amount_tolerance = -1, which must be a number of 0 or more"),
    ("receipts.csv", lambda text: text.replace("9,1", "9,maybe"),
     "receipts.csv has status 'maybe' in row 1; write 1 or 0"),
    ("fills.csv", lambda text: text.replace(",1.5,", ",1_5,"),
     "fills.csv has '1_5' for the amount in row 1"),
    ("fills.csv", lambda text: text.replace(",0.75,", ",-1e999999,"),
     "fills.csv has '-1e999999' for the fee in row 1"),
    ("fills.csv", lambda text: text.replace(",1.5,", ",1e-999999,"),
     "fills.csv has '1e-999999' for the amount in row 1"),
    ("fills.csv", lambda text: "[" * 100_000, "fills.csv is no JSON ("),
    ("fills.csv", lambda text: '[{"a":' * 50_000, "fills.csv is no JSON ("),
    ("fills.toml", lambda text: "a=" + "[" * 60_000, "fills.toml is no TOML ("),
    ("fills.toml", lambda text: "a" + ".a" * 100_000 + "=1",
     "fills.toml is no map: it has 200,003 bytes, and a map is a few lines"),
    ("receipts.csv", lambda text: text.replace(",9,1", ",1e999999,1"),
     "receipts.csv has '1e999999' for the block_number in row 1"),
    ("receipts.csv", lambda text: text.replace("21000", "1e999999"),
     "receipts.csv has '1e999999' for the gas_units in row 1"),
    ("receipts.csv", lambda text: text.replace(",200,", ",1e999999,"),
     "receipts.csv has '1e999999' for the gas_price_gwei in row 1"),
    ("funding.csv", lambda text: text.replace(str(ms(0)), "1e999999"),
     "funding.csv has '1e999999' for a time in row 1, and time_unit is ms"),
    ("funding.csv", lambda text: text.replace(str(ms(0)), "1_0"),
     "funding.csv has '1_0' for a time in row 1, and time_unit is ms"),
    ("funding.csv", lambda text: text.replace(str(ms(0)), "9" * 18),
     "funding.csv has '999999999999999999' for a time in row 1, and time_unit is ms"),
    ("balances.json", lambda text: text.replace('"USDT"', '"\\ud800X"'),
     "balances.json has '\\ud800X' for the symbol in row"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "sentence"), BROKEN)
def test_what_cannot_be_mapped_is_one_sentence(
    folder: Path, name: str, change: Change, sentence: str
) -> None:
    file = folder / name
    file.write_text(change(file.read_text()))
    kind = file.stem
    statement = f"{kind}.{SUFFIX.get(kind, 'csv')}"
    done = run("audit", *STORE, "--against", statement, "--map", f"{kind}.toml", code=1)
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"event-logger: {sentence}")


def test_a_line_that_is_missing_at_the_edge_is_missed_by_the_period_that_is_given(
    folder: Path,
) -> None:
    (folder / "fills.csv").write_text(HEADER + "".join(FILL_LINES[1:]))
    against("fills")
    evidence = ("--evidence", "2024-05-12T14:00Z..2024-05-12T16:00Z")
    assert differences("fills", further=evidence) == [("missing there", [1], "fills.csv")]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--against", "fills.csv"), 2),
        (("--map", "fills.toml"), 2),
        (("--evidence", "2024-05-12..2024-05-13"), 2),
        (("--against", "fills.csv", "--map", "fills.toml", "--evidence", "2024"), 2),
        (("--against", "fills.csv", "--map", "fills.toml", "--evidence", "soon..late"), 1),
        (("--against", "nowhere.csv", "--map", "fills.toml"), 1),
        (("--against", "fills.csv", "--map", "binance"), 1),
    ],
)
def test_what_cannot_be_asked_for(arguments: tuple[str, ...], code: int) -> None:
    done = run("audit", *STORE, *arguments, code=code)
    assert done.stderr.startswith("event-logger: ")
    assert len(done.stderr.splitlines()) == code


def test_in_python_too() -> None:
    with EventLogger(store="sqlite:///venue.db") as logger:
        report = logger.audit(against=[("fills.csv", "fills.toml")])
        assert report.is_sound
        assert [one.rule for one in report.results] == ["against"]
        with pytest.raises(AuditFileError):
            logger.audit(against=[("fills.csv", "nowhere.toml")])
        with pytest.raises(LogConfigurationError, match="ends before it begins"):
            logger.audit(against=[("fills.csv", "fills.toml")], evidence=(hours(1), HOUR))
