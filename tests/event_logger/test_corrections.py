"""A correction: an entry that says what is right in place of what an earlier one says."""

from __future__ import annotations

import asyncio
from typing import Any

import pandas as pd
import pytest

from domain.audit_log import AuditLog
from domain.values import decode
from event_logger import AsyncEventLogger, EventLogger, InvalidEventError, UnknownOrderError

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
