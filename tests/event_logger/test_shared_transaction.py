"""Details share their wrapper's transaction, from the moment they are logged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from event_logger import EventLogger, open_log, read_event_log
from tests.support import HOUR, url_of

DETAIL: dict[str, Any] = {"event_type": "STAKE_DEPOSIT", "venue": "LIDO"}
TRANSACTION: dict[str, Any] = {
    "tx_hash": "0xabc",
    "nonce": 7,
    "chain_id": 1,
    "sender": "0x5e",
    "block_number": 5,
    "block_hash": "0xb",
}


@pytest.fixture
def logger(tmp_path: Path) -> Iterator[EventLogger]:
    with EventLogger("live", store=url_of(tmp_path / "live.db"), redis=False) as logger:
        yield logger


def shared(event: dict[str, Any]) -> dict[str, Any]:
    return {name: event[name] for name in TRANSACTION}


def test_what_the_wrapper_was_logged_with(logger: EventLogger, tmp_path: Path) -> None:
    details: list[dict[str, Any]] = [
        DETAIL,
        DETAIL | {"detail_events": [DETAIL | {"tx_hash": "0xother"}]},
    ]
    orders = logger.log_atomic_transaction(
        HOUR, "ENTRY", details, gas_cost_eth=0.1, status="submitted", **TRANSACTION
    )
    with open_log(url_of(tmp_path / "live.db")) as reader:
        for events in (logger.events, reader.events, reader.as_of(orders[-1]).events):
            assert [shared(event) for event in events] == [TRANSACTION] * 4
            assert [event["gas_cost_eth"] for event in events] == [0.1, *[None] * 3]
        for order in orders:
            (step,) = reader.history(order)
            assert shared(step) == TRANSACTION
            assert step["status"] == "submitted"
        frame = read_event_log(reader.export_to_csv(str(tmp_path / "log.csv")))
        assert list(frame["tx_hash"]) == ["0xabc"] * 4
        assert [event["order"] for event in reader.search(tx_hash="0xabc")] == orders


def test_what_an_update_says_comes_after_it(logger: EventLogger) -> None:
    orders = logger.log_atomic_transaction(HOUR, "ENTRY", [DETAIL], **TRANSACTION)
    update = {"status": "submitted", "tx_hash": "0xdef", "by": "desk", "reason": "sped up"}
    logger.update_event(orders[0], update)
    assert [event["tx_hash"] for event in logger.events] == ["0xdef"] * 2
    assert [step.get("tx_hash") for step in logger.history(orders[1])] == ["0xabc", "0xdef"]
    logger.update_event(orders[0], {"status": "confirmed", "block_number": 9})
    logger.update_event(orders[0], {"status": "reorged"})
    for event in logger.events:
        assert (event["tx_hash"], event["block_number"], event["block_hash"]) == (
            "0xdef",
            None,
            None,
        )
    wrapper, detail = logger.events
    assert (wrapper["by"], wrapper["reason"]) == ("desk", "sped up")
    assert "reason" not in detail
    assert [(step.get("by"), step.get("reason")) for step in logger.history(orders[0])] == [
        *((None, None), ("desk", "sped up"), (None, None), (None, None))
    ]


def test_a_detail_far_from_its_wrapper(logger: EventLogger) -> None:
    orders = logger.log_atomic_transaction(HOUR, "ENTRY", [DETAIL] * 450, tx_hash="0xabc")
    assert [event["tx_hash"] for event in logger.events] == ["0xabc"] * len(orders)
    assert [event["tx_hash"] for event in logger.events[300:310]] == ["0xabc"] * 10
