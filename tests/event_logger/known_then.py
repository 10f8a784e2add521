"""A live log whose moments the tests ask for: it was opened at 12:00:01."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from event_logger import EventLogger
from tests.support import HOUR, NOON, url_of


def live_log(folder: Path) -> str:
    """The store of the log; each line of it is committed a second later, if `StepClock` is used."""
    store = url_of(folder / "live.db")
    with EventLogger("live", store=store, redis=False) as logger:
        logger.log_stake(HOUR, "LIDO", 1, 1, 1, event_id="stake-1", tx_hash="0x1")  # 1
        logger.update_event(1, {"status": "submitted", "tx_hash": "0x2"})  # 1+1
        logger.log_atomic_transaction(HOUR, "ENTRY", [{"event_type": "SUPPLY", "venue": "AAVE"}])
        logger.update_event(2, {"status": "submitted", "tx_hash": "0x3"})  # 3+2
        logger.update_event(1, {"status": "confirmed"})  # 3+3
        logger.log_event(HOUR, "GAS_FEE_PAID", "ETHEREUM", parent_event=2)  # 4+3
        logger.update_event(2, {"status": "confirmed", "gas_cost_eth": Decimal("0.1")})  # 4+4
    return store


def at(seconds: float) -> datetime:
    """So many seconds after 12:00."""
    return NOON + timedelta(seconds=seconds)
