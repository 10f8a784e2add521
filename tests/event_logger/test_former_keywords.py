"""Callers of the former logger name some arguments otherwise."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from event_logger import AsyncEventLogger, EventLogger
from tests.support import HOUR, log_amounts, url_of

RANGES: list[dict[str, Any]] = [
    {"start": 2, "end": 3},
    {"start_order": 2, "end_order": 3},
    {"start": 2, "end_order": 3},
]


@pytest.mark.parametrize("keywords", RANGES)
def test_a_range_of_orders(keywords: dict[str, Any]) -> None:
    with EventLogger() as logger:
        log_amounts(logger, 1, 2, 3, 4)
        assert [e["order"] for e in logger.get_events_by_order_range(**keywords)] == [2, 3]


@pytest.mark.parametrize("keyword", ["changes", "updates"])
def test_an_update(tmp_path: Path, keyword: str) -> None:
    update: dict[str, Any] = {keyword: {"status": "submitted", "tx_hash": "0x1"}}
    with EventLogger("live", store=url_of(tmp_path / "live.db"), redis=False) as logger:
        order = logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO")
        assert logger.update_event(order, **update) == order
        assert logger.events[0]["status"] == "submitted"


def test_in_asynchronous_code(tmp_path: Path) -> None:
    async def log() -> list[Any]:
        store = url_of(tmp_path / "live.db")
        async with AsyncEventLogger("live", store=store, redis=False) as logger:
            order = await logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO")
            former: Any = logger
            await former.update_event(order, updates={"status": "submitted", "tx_hash": "0x1"})
            return await former.get_events_by_order_range(start_order=1, end_order=1)  # type: ignore[no-any-return]

    assert [event["status"] for event in asyncio.run(log())] == ["submitted"]


def test_given_by_both_it_is_refused() -> None:
    with EventLogger() as logger, pytest.raises(TypeError, match="is given updates as changes"):
        logger.update_event(1, **{"updates": {}, "changes": {}})
