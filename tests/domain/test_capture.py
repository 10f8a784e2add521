"""What was logged is what the caller's dicts held at that moment."""

from __future__ import annotations

from typing import Any

import pandas as pd

from event_logger import EventLogger

NOON = pd.Timestamp("2024-05-12 12:00", tz="UTC")


def test_changing_the_dicts_afterwards_changes_nothing() -> None:
    balances: dict[str, Any] = {"wallet": {"ETH": 1}}
    note, metadata = {"list": [1]}, {"parameters": {"leverage": 3}}
    with EventLogger(metadata=metadata) as logger:
        logger.log_event(NOON, "X", "V", position_snapshot=balances, note=note)
        balances["wallet"]["ETH"] = 2
        note["list"].append(2)
        metadata["parameters"]["leverage"] = 4
        event = logger.events[0]
        assert event["wallet_balance_after"] == {"wallet": {"ETH": 1}}
        assert event["note"] == {"list": [1]}
        assert logger.metadata == {"parameters": {"leverage": 3}}


def test_a_bundles_steps_are_captured_one_by_one() -> None:
    balances: dict[str, Any] = {"wallet": {"ETH": 0}}
    with EventLogger() as logger:
        with logger.bundle(NOON, "ENTRY") as bundle:
            for _ in range(3):
                balances["wallet"]["ETH"] += 1
                bundle.log_event(
                    NOON, "X", "V", position_snapshot=balances, note=balances["wallet"]
                )
        logged = [event["wallet_balance_after"] for event in logger.events[1:]]
        assert logged == [{"wallet": {"ETH": n}} for n in (1, 2, 3)]
        assert [event["note"] for event in logger.events[1:]] == [{"ETH": n} for n in (1, 2, 3)]


def test_changing_what_was_read_changes_nothing() -> None:
    with EventLogger() as logger:
        logger.log_event(NOON, "X", "V", position_snapshot={"wallet": {"ETH": 1}})
        logger.events[0]["wallet_balance_after"]["wallet"]["ETH"] = 9
        assert logger.events[0]["wallet_balance_after"] == {"wallet": {"ETH": 1}}
