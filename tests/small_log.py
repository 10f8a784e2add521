"""A small log with a bundle, a late detail, an id, hashes, and live a few updates."""

from __future__ import annotations

from event_logger import EventLogger
from tests.support import HOUR

STAKE = {"event_type": "STAKE_DEPOSIT", "venue": "LIDO", "token": "ETH", "amount": 1}


def fill(logger: EventLogger) -> None:
    """Log ten events, and of a live log five transitions."""
    logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 1, event_id="first")
    logger.log_atomic_transaction(
        HOUR, "ENTRY", [STAKE, STAKE | {"detail_events": [STAKE, STAKE]}, STAKE]
    )  # 2: 3, 4: (5, 6), 7
    logger.log_event(HOUR, "GAS_FEE_PAID", "ETHEREUM", "ETH", 1, parent_event=2, related_events=[1])
    logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 1, tx_hash="0x9")
    if logger.execution_mode == "live":
        logger.update_event(1, {"status": "submitted", "tx_hash": "0xa"})
        logger.update_event(2, {"status": "submitted", "tx_hash": "0xb"})
        logger.update_event(1, {"status": "submitted", "tx_hash": "0xc"})
        logger.update_event(1, {"status": "confirmed", "confirmation_blocks": 1, "block_number": 7})
        logger.update_event(1, {"status": "reorged"})
    logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 1)
