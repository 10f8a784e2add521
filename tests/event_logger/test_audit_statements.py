"""Statements and maps that cannot be used: one sentence each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import run
from tests.event_logger.venue_statements import (
    HEADER,
    STORE,
    Change,
    statements,
)

__all__ = ["statements"]


@pytest.fixture(autouse=True)
def folder(statements: Path) -> Path:
    """The folder with the log and its statements, in which the commands run."""
    return statements


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
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "sentence"), BROKEN)
def test_what_cannot_be_mapped_is_one_sentence(
    folder: Path, name: str, change: Change, sentence: str
) -> None:
    file = folder / name
    file.write_text(change(file.read_text()))
    kind = file.stem
    done = run(
        "audit", *STORE, "--against", f"{kind}.csv", "--map", f"{kind}.toml", code=1
    )  # fmt: skip
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"event-logger: {sentence}")


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
