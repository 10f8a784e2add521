"""What was logged is what the caller's dicts held at that moment."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from event_logger import AsyncEventLogger, EventLogger, UnsupportedValueError

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


def given_for_a_bundle() -> dict[str, Any]:
    return {
        "net_result": {"debt": [1]},
        "position_snapshot": {"wallet": {"ETH": 1}},
        "related_events": [1],
        "note": {"k": [1]},
    }


def spoil(given: dict[str, Any]) -> None:
    given["net_result"]["debt"].append(2)
    given["position_snapshot"]["wallet"]["ETH"] = 2
    given["related_events"].append(9)
    given["note"]["k"].append(2)


def assert_as_given(wrapper: dict[str, Any]) -> None:
    assert wrapper["net_result"] == {"debt": [1]}
    assert wrapper["wallet_balance_after"] == {"wallet": {"ETH": 1}}
    assert wrapper["related_events"] == [1]
    assert wrapper["note"] == {"k": [1]}


@pytest.mark.parametrize("mode", ["backtest", "live"])
def test_what_a_bundle_is_given_is_captured_at_the_call(tmp_path: Path, mode: str) -> None:
    store = f"sqlite:///{tmp_path / 'log.db'}"
    outer, inner = given_for_a_bundle(), given_for_a_bundle()
    with EventLogger(mode, store=store, redis=False) as logger:
        logger.log_event(NOON, "X", "V")
        with logger.bundle(NOON, "ENTRY", **outer) as bundle:
            spoil(outer)
            with bundle.bundle(NOON, "LOOP", **inner) as loop:
                spoil(inner)
                loop.log_event(NOON, "X", "V")
        for order in (2, 3):
            assert_as_given(logger.events[order - 1])


def test_what_an_asynchronous_bundle_is_given_is_captured_at_the_call() -> None:
    async def logged() -> list[dict[str, Any]]:
        outer = given_for_a_bundle()
        async with AsyncEventLogger() as logger:
            await logger.log_event(NOON, "X", "V")
            async with logger.bundle(NOON, "ENTRY", **outer) as bundle:
                spoil(outer)
                bundle.log_event(NOON, "X", "V")
            return await logger.get_all_events()

    assert_as_given(asyncio.run(logged())[1])


def test_what_a_bundle_cannot_hold_is_refused_at_the_call() -> None:
    with EventLogger() as logger:
        with pytest.raises(UnsupportedValueError, match=r"wallet\.ETH holds"):
            logger.bundle(NOON, "ENTRY", position_snapshot={"wallet": {"ETH": {1, 2}}})
        assert logger.global_order == 0


def test_changing_what_was_read_changes_nothing() -> None:
    with EventLogger() as logger:
        logger.log_event(NOON, "X", "V", position_snapshot={"wallet": {"ETH": 1}})
        logger.events[0]["wallet_balance_after"]["wallet"]["ETH"] = 9
        assert logger.events[0]["wallet_balance_after"] == {"wallet": {"ETH": 1}}
