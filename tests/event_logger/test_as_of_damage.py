"""As of a moment before the damage a log reads as ever; as of one after it, the damage is loud."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from domain.audit_log import log_id
from event_logger import CorruptLogError, EventLogger, Horizon, LogReader, open_log
from infrastructure.stores.sqlite import clock
from tests.support import HOUR, NOON, StepClock, url_of

LOG = log_id("default").hex


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten events, each followed by a transition of it; one commit a second."""
    path = tmp_path / "live.db"
    monkeypatch.setattr(clock, "time", StepClock())
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        for order in range(1, 11):
            logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", order, bundle_name="B")
            logger.update_event(order, {"status": "submitted", "tx_hash": f"0x{order}"})
    return path


def everything(reader: LogReader) -> list[object]:
    orders = range(1, reader.global_order + 1)
    board = reader.live_status()
    return [
        reader.get_all_events(),
        [reader.history(order) for order in orders],
        [reader.committed(order) for order in orders],
        [[e["order"] for e in reader.search(tx_hash=f"0x{order}")] for order in range(1, 11)],
        reader.get_summary_stats(),
        board,
    ]


DAMAGE = {
    "an event is missing": "DELETE FROM stored_events WHERE originator_version=6"
    f" AND originator_id='{LOG}'",
    "an event is no record": 'UPDATE stored_events SET state=\'{"recorded_at":"x\''
    f" WHERE originator_version=6 AND originator_id='{LOG}'",
    "an event is of another type": "UPDATE stored_events SET state=5, topic='x'"
    f" WHERE originator_version=6 AND originator_id='{LOG}'",
    "a transition is missing": "DELETE FROM stored_events WHERE number=6",
    "a transition is no record": "UPDATE stored_events SET state='x' WHERE number=6",
    "a transition has no number": "DELETE FROM transitions WHERE number=6",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_there_from_when_it_is_reached(path: Path, damage: str) -> None:
    with open_log(url_of(path)) as reader:
        before = {order: everything(reader.as_of(order)) for order in range(6)}
        at = {n: reader.as_of(NOON + timedelta(seconds=n)).horizon for n in range(1, 22)}
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(DAMAGE[damage])
        # So that it is folded anew.
        connection.execute("DELETE FROM follower_positions")
    connection.close()
    with open_log(url_of(path)) as reader:
        for order, shown in before.items():
            assert everything(reader.as_of(order)) == shown
        for seconds, horizon in at.items():
            # Of what is missing nobody knows when it came, or even that it was there.
            unknown = {"an event is missing": [12], "a transition is missing": [13]}
            if seconds not in unknown.get(damage, [13, 14] if "number" in damage else []):
                found = reader.as_of(NOON + timedelta(seconds=seconds)).horizon
                assert found == horizon, seconds
        with pytest.raises(CorruptLogError):
            everything(reader.as_of(Horizon(7, 7)))


def test_an_opening_that_is_gone_is_damage(path: Path) -> None:
    with open_log(url_of(path)) as reader:
        connection = sqlite3.connect(path)
        with connection:
            connection.execute("DELETE FROM audit_logs")
        connection.close()
        assert reader.as_of(NOON + timedelta(seconds=3)).horizon == Horizon(1, 1)
