"""Damage that a writer comes upon is said as reading says it, and refuses that one call."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from event_logger import AsyncEventLogger, CorruptLogError, EventLogger, open_log
from tests.faults.test_damage import DAMAGES, damaged
from tests.support import HOUR, url_of

# What nobody who writes needs is looked at by those who read.
UNSOUND = sorted(set(DAMAGES) - {"without its venue", "a time that is none"})


def log(logger: Any, amount: int) -> Any:
    return logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", amount, event_id=f"id-{amount}")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


def made(path: Path, mode: str) -> None:
    with EventLogger(mode, store=url_of(path), redis=False) as logger:
        for amount in range(1, 6):
            log(logger, amount)


@pytest.mark.parametrize("mode", ["backtest", "live"])
@pytest.mark.parametrize("damage", UNSOUND)
def test_an_event_id_whose_event_is_damaged(path: Path, mode: str, damage: str) -> None:
    made(path, mode)
    damaged(path, DAMAGES[damage])
    with EventLogger(mode, store=url_of(path), redis=False) as logger:
        with pytest.raises(CorruptLogError, match="is damaged at order 3"):
            log(logger, 3)
        assert [log(logger, amount) for amount in (1, 5)] == [1, 5]
        last = logger.global_order
        assert log(logger, 99) == last + 1


@pytest.mark.parametrize("mode", ["backtest", "live"])
def test_an_event_id_whose_event_was_lost_with_the_logs_tail(path: Path, mode: str) -> None:
    made(path, mode)
    damaged(path, "DELETE FROM stored_events WHERE originator_version=5")
    with EventLogger(mode, store=url_of(path), redis=False) as logger:
        with pytest.raises(CorruptLogError, match=r"is damaged at order 5: .* the log ends at 4"):
            log(logger, 5)


@pytest.mark.parametrize("damage", UNSOUND)
def test_an_update_of_a_damaged_event_refuses_itself_alone(path: Path, damage: str) -> None:
    made(path, "live")
    damaged(path, DAMAGES[damage])

    async def work() -> list[Any]:
        async with AsyncEventLogger("live", store=url_of(path), redis=False) as logger:
            return list(
                await asyncio.gather(
                    logger.update_event(2, {"status": "submitted"}),
                    logger.update_event(3, {"status": "submitted"}),
                    log(logger, 3),
                    log(logger, 5),
                    return_exceptions=True,
                )
            )

    before, updated, logged, after = asyncio.run(work())
    assert (before, after) == (2, 5)
    for error in (updated, logged):
        assert isinstance(error, CorruptLogError)
        assert error.order == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stored_events SET state=x'00' WHERE number=1",
        "UPDATE stored_events SET topic='nonsense' WHERE number=1",
        "UPDATE stored_events SET state=CAST('{}' AS BLOB) WHERE number=1",
        "DELETE FROM stored_events WHERE number=1",
    ],
)
def test_an_update_after_a_damaged_transition(path: Path, statement: str) -> None:
    made(path, "live")
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        logger.update_event(3, {"status": "submitted"})
        logger.update_event(3, {"status": "confirmed"})
    damaged(path, statement)
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        with pytest.raises(CorruptLogError, match="order 3: its transition 1 is"):
            logger.update_event(3, {"status": "finalized"})
        assert logger.update_event(4, {"status": "submitted"}) == 4


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("parent_event", "'x'"),
        ("parent_event", "json('[1]')"),
        ("parent_event", "json('{\"a\": 1}')"),
        ("parent_event", "99"),
        ("parent_event", "3"),
        ("parent_event", "-1"),
        ("status", "7"),
        ("status", "json('[1]')"),
        ("status", "'nope'"),
    ],
)
def test_an_update_of_an_event_whose_link_or_status_cannot_be(
    path: Path, field: str, value: str
) -> None:
    made(path, "live")
    damaged(
        path,
        f"UPDATE stored_events SET state=CAST(json_set(CAST(state AS TEXT), '$.{field}', {value})"
        " AS BLOB) WHERE originator_version=3",
    )
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        with pytest.raises(CorruptLogError, match=f"order 3: .*its {field} is "):
            logger.update_event(3, {"status": "submitted"})
        assert logger.update_event(4, {"status": "submitted"}) == 4
        if field == "parent_event":
            with pytest.raises(CorruptLogError, match="order 3"):
                list(logger.events)


OF_THE_OPENING = "WHERE topic='audit-log.opened'"


@pytest.mark.parametrize("mode", ["backtest", "live"])
@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE stored_events SET state=x'00' {OF_THE_OPENING}",
        f"UPDATE stored_events SET state=CAST('{{}}' AS BLOB) {OF_THE_OPENING}",
        f"UPDATE stored_events SET topic='antigravity:open' {OF_THE_OPENING}",
        f"DELETE FROM stored_events {OF_THE_OPENING}",
        "DELETE FROM audit_logs",
    ],
)
def test_a_log_whose_opening_is_damaged_is_not_opened(
    path: Path, mode: str, statement: str
) -> None:
    made(path, mode)
    damaged(path, statement)
    found = "log 'default' is damaged at order 0: its opening is"
    with pytest.raises(CorruptLogError, match=found):
        EventLogger(mode, store=url_of(path), redis=False)
    with pytest.raises(CorruptLogError, match=found):
        open_log(url_of(path))
    assert "antigravity" not in sys.modules
