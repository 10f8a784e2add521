"""A correction: an entry that says what is right in place of what an earlier one says."""

from __future__ import annotations

import asyncio
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from domain.audit_log import AuditLog
from domain.fields import DECLARED_FIELDS
from domain.values import decode
from event_logger import (
    AsyncEventLogger,
    EventLogFileError,
    EventLogger,
    InvalidEventError,
    UnknownOrderError,
    open_log,
    read_event_log,
)
from infrastructure.files.importing import import_file
from tests.commands import run
from tests.support import url_of

NOON = pd.Timestamp("2024-05-12 12:00", tz="UTC")


def test_a_correction_stands_where_the_corrected_event_does() -> None:
    with EventLogger(strict_event_types=True) as logger:
        logger.log_stake(NOON, "LIDO", 5, 4, 1.1)
        assert logger.log_correction(NOON, 1, {"amount": 50}, "a digit was lost") == 2
        event = logger.events[1]
        assert event["event_type"] == event["transaction_type"] == "CORRECTION"
        assert (event["venue"], event["token"], event["amount"]) == ("LIDO", "ETH", None)
        assert event["related_events"] == [1]
        assert event["changes"] == {"amount": 50}
        assert event["purpose"] == "Correct order 1: a digit was lost"
        assert logger.events[0]["amount"] == 5


@pytest.mark.parametrize("corrects", [0, 2, -1, "1", None, 1.5])
def test_what_is_not_there_cannot_be_corrected(corrects: Any) -> None:
    with EventLogger() as logger:
        logger.log_stake(NOON, "LIDO", 5, 4, 1.1)
        with pytest.raises((UnknownOrderError, InvalidEventError)):
            logger.log_correction(NOON, corrects, {"amount": 50}, "a digit was lost")
        assert logger.global_order == 1


@pytest.mark.parametrize(
    ("changes", "reason", "sentence"),
    [
        ({}, "r", "changes must be a dict of fields and their right values, not {}"),
        ([("amount", 1)], "r", "changes must be a dict"),
        ({"amount": 1}, " ", "reason must be text that is not blank"),
        ({"amount": 1}, None, "reason must be text"),
    ],
)
def test_a_correction_says_what_and_why(changes: Any, reason: Any, sentence: str) -> None:
    with EventLogger() as logger:
        logger.log_stake(NOON, "LIDO", 5, 4, 1.1)
        with pytest.raises(InvalidEventError, match=f"^{sentence}"):
            logger.log_correction(NOON, 1, changes, reason)


def test_in_a_bundle_venue_and_token_are_given() -> None:
    with EventLogger() as logger:
        logger.log_stake(NOON, "LIDO", 5, 4, 1.1)
        with logger.bundle(NOON, "repairs") as bundle:
            with pytest.raises(
                InvalidEventError, match=r"^venue of order 1 is not known here; give"
            ):
                bundle.log_correction(NOON, 1, {"amount": 50}, "a digit was lost")
            bundle.log_correction(NOON, 1, {"amount": 50}, "lost", venue="LIDO", token="ETH")
        assert logger.events[2]["token"] == "ETH"


def test_the_aggregate_and_the_asynchronous_logger_correct_too() -> None:
    log = AuditLog.open("run")
    log.log_stake(NOON, "LIDO", 5, 4, 1.1)
    assert log.log_correction(NOON, 1, {"amount": 50}, "lost") == 2
    assert decode(log.states(2, 2)[0], str)["venue"] == "LIDO"
    with pytest.raises(UnknownOrderError):
        log.log_correction(NOON, 9, {"amount": 50}, "lost")

    async def corrected() -> dict[str, Any]:
        async with AsyncEventLogger() as logger:
            await logger.log_stake(NOON, "LIDO", 5, 4, 1.1)
            await logger.log_correction(NOON, 1, {"amount": 50}, "lost")
            with pytest.raises(UnknownOrderError):
                await logger.log_correction(NOON, 9, {"amount": 50}, "lost")
            return await logger.events[1]

    event = asyncio.run(corrected())
    assert (event["venue"], event["token"], event["purpose"]) == (
        "LIDO", "ETH", "Correct order 1: lost",
    )  # fmt: skip


WRONG_CHANGES: list[tuple[dict[Any, Any], str]] = [
    ({"amuont": 1}, "changes has 'amuont', which order 1 does not have; the nearest field is"),
    ({"oracle": 1}, "changes has 'oracle', which order 1 does not have; the nearest field is"),
    ({7: 1}, "changes has 7, which order 1 does not have"),
    ({"order": 2}, "changes.order is filled in by the log, and no correction changes it"),
    ({"status": "failed"}, "changes.status is filled in by the log"),
    ({"recorded_at": NOON}, "changes.recorded_at is filled in by the log"),
    ({"detail_orders": [2]}, "changes.detail_orders is filled in by the log"),
    ({"corrected_by": [2]}, "changes.corrected_by is filled in by the log"),
    ({"amount": "50"}, "changes.amount must be a finite number"),
    ({"amount": float("nan")}, "changes.amount must be a finite number"),
    ({"timestamp": "noon"}, "changes.timestamp "),
    ({"timestamp": None}, "changes.timestamp "),
    ({"event_type": "stake"}, "event_type must be UPPER_SNAKE_CASE"),
    ({"venue": None}, "changes.venue must be text"),
    ({"gas_units": -1}, "changes.gas_units must be a whole number"),
    ({"amount": 50, "token": " "}, "changes.token must be text"),
]


@pytest.mark.parametrize(("changes", "sentence"), WRONG_CHANGES)
def test_a_correction_that_no_event_could_have_is_refused(
    changes: dict[Any, Any], sentence: str
) -> None:
    with EventLogger() as logger:
        logger.log_stake(NOON, "LIDO", 5, 4, 1.1)
        with pytest.raises(InvalidEventError) as raised:
            logger.log_correction(NOON, 1, changes, "r")
        assert str(raised.value).startswith(sentence)
        assert logger.global_order == 1

    async def corrected() -> None:
        async with AsyncEventLogger() as logger:
            await logger.log_stake(NOON, "LIDO", 5, 4, 1.1)
            with pytest.raises(type(raised.value), match="^" + re.escape(str(raised.value))):
                await logger.log_correction(NOON, 1, changes, "r", venue="LIDO")

    asyncio.run(corrected())


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": Decimal("5.10"), "oracle_price": 1.2},
        {"token": None, "timestamp": NOON, "gas_cost_eth": 1},
        {"position_snapshot": {"wallet": {"ETH": 1}}, "related_events": [1]},
    ],
)
def test_declared_fields_and_extras_of_the_event_are_corrected(changes: dict[str, Any]) -> None:
    with EventLogger() as logger:
        logger.log_stake(NOON, "LIDO", 5, 4, 1.1)
        logger.log_correction(NOON, 1, changes, "r")
        assert logger.events[1]["changes"] == changes


def corrected_log(logger: EventLogger) -> None:
    """Orders 2 (twice) and 4 are corrected; 1 and 3 are not."""
    for extra in (None, "x", "y"):
        logger.log_stake(NOON, "LIDO", 5, 4, 1.1, note=extra)
    logger.log_correction(NOON, 2, {"amount": 50}, "a digit was lost")
    logger.log_correction(NOON, 4, {"reason": "two digits were"}, "better said")
    logger.log_correction(NOON, 2, {"note": "z"}, "a slip")
    logger.log_stake(NOON, "LIDO", 5, 4, 1.1, later=1)


CORRECTED = {2: [4, 6], 4: [5]}


@pytest.mark.parametrize("mode", ["backtest", "live"])
def test_what_is_read_says_by_what_it_was_corrected(tmp_path: Path, mode: str) -> None:
    with EventLogger(mode, store=url_of(tmp_path / "runs.db"), redis=False) as logger:
        corrected_log(logger)
        found = {
            one["order"]: one["corrected_by"] for one in logger.events if "corrected_by" in one
        }
        assert found == CORRECTED
        assert logger.events[1]["corrected_by"] == [4, 6]
        assert [one["corrected_by"] for one in logger.search(text="Stake", orders=(2, 2))] == [
            [4, 6]
        ]
        frame = logger.to_dataframe()
        assert frame["corrected_by"].dropna().tolist() == [[4, 6], [5]]
        written = read_event_log(logger.export_to_csv(str(tmp_path / "log.csv")))
        assert written["corrected_by"].dropna().tolist() == [[4, 6], [5]]
        assert "corrected_by" not in DECLARED_FIELDS


def test_a_correction_survives_files(tmp_path: Path) -> None:
    store = url_of(tmp_path / "runs.db")
    with EventLogger(store=store, log="run") as logger:
        corrected_log(logger)
        csv = logger.export_to_csv(str(tmp_path / "log.csv"))
        lines = logger.export_to_jsonl(str(tmp_path / "log.jsonl"))
    for name, file in (("of-csv", csv), ("of-jsonl", lines)):
        import_file(Path(file), store, name, lambda done: None)
        with open_log(store, name) as reader:
            assert reader._reading.corrections() == [(2, 4), (2, 6), (4, 5)]
            again = reader.export_to_csv(str(tmp_path / f"{name}.csv"))
        assert Path(again).read_bytes() == Path(csv).read_bytes()


@pytest.mark.parametrize(("said", "row"), [('"[4,5]"', 2), ("[7]", 2)])
def test_a_file_that_names_other_corrections_is_refused(
    tmp_path: Path, said: str, row: int
) -> None:
    store = url_of(tmp_path / "runs.db")
    with EventLogger(store=store, log="run") as logger:
        corrected_log(logger)
        csv = Path(logger.export_to_csv(str(tmp_path / "log.csv")))
    text = csv.read_text()
    assert text.count('"[4,6]"') == 1
    csv.write_text(text.replace('"[4,6]"', said))
    with pytest.raises(EventLogFileError, match=f"row {row}: corrected_by .* disagrees"):
        import_file(csv, store, "copy", lambda done: None)


def test_people_are_told(tmp_path: Path) -> None:
    store = url_of(tmp_path / "runs.db")
    with EventLogger(store=store) as logger:
        corrected_log(logger)
    shown = run("show", "2", "--store", store).stdout.splitlines()
    assert "corrected by 4, 6" in shown
    assert not any(line.startswith("corrected_by") for line in shown)
    assert '"corrected_by":[4,6]' in run("show", "2", "--store", store, "--json").stdout
    listed = run("events", "--store", store).stdout.splitlines()
    assert [line.split()[0] for line in listed if "(corrected by" in line] == ["2", "4"]
