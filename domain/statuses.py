"""Which status may follow which: a table for transactions, and one for orders on an exchange."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from domain.errors.base import shown

PENDING = "pending"
SUBMITTED = "submitted"
PARTIALLY_FILLED = "partially_filled"
FILLED = "filled"
CONFIRMED = "confirmed"
FINALIZED = "finalized"
REORGED = "reorged"
FAILED = "failed"
DROPPED = "dropped"
REPLACED = "replaced"
CANCELLED = "cancelled"
REJECTED = "rejected"
EXPIRED = "expired"
COMPLETED = "completed"

Table = dict[str, tuple[str, ...]]

TRANSITIONS: Table = {
    PENDING: (SUBMITTED, CONFIRMED, FAILED, DROPPED),
    SUBMITTED: (SUBMITTED, CONFIRMED, FAILED, DROPPED, REPLACED),
    CONFIRMED: (CONFIRMED, FINALIZED, REORGED),
    REORGED: (SUBMITTED, CONFIRMED, FAILED, DROPPED),
    # A node that dropped it did not stop it from being mined.
    DROPPED: (SUBMITTED, CONFIRMED, FAILED, REPLACED),
    FAILED: (),
    REPLACED: (),
    FINALIZED: (),
    COMPLETED: (),
}
"""Of a transaction, from each status to those that may follow; one that nothing follows is final.
"""

ORDER_TRANSITIONS: Table = {
    PENDING: (SUBMITTED, PARTIALLY_FILLED, FILLED, CONFIRMED, CANCELLED, REJECTED, EXPIRED, FAILED),
    SUBMITTED: (
        SUBMITTED,
        PARTIALLY_FILLED,
        FILLED,
        CONFIRMED,
        CANCELLED,
        REJECTED,
        EXPIRED,
        FAILED,
    ),
    PARTIALLY_FILLED: (PARTIALLY_FILLED, FILLED, CONFIRMED, CANCELLED, EXPIRED),
    # A fill that is reported late.
    CANCELLED: (PARTIALLY_FILLED, FILLED),
    EXPIRED: (PARTIALLY_FILLED, FILLED),
    FILLED: (),
    CONFIRMED: (),
    REJECTED: (),
    FAILED: (),
    COMPLETED: (),
}
"""The same of an order on an exchange."""

STATUSES: tuple[str, ...] = tuple(dict.fromkeys((*TRANSITIONS, *ORDER_TRANSITIONS)))
"""Every status that there is."""

OPEN_STATUSES = frozenset({PENDING, SUBMITTED, PARTIALLY_FILLED, REORGED})
"""Statuses in which somebody waits for the chain or the exchange."""

LOGGED_STATUSES = (PENDING, SUBMITTED, CONFIRMED, FILLED, COMPLETED)
"""What an event's status may be when it is logged."""

_TRADES = frozenset({"SPOT_TRADE", "TRADE_EXECUTED"})


def is_exchange_order(record: dict[str, Any], update: Container[str] = ()) -> bool:
    """Whether an event is an order on an exchange, and not a transaction.

    It is where it was logged with an `exchange_order_id`, or as filled; a trade is as long as
    neither it nor its first `update` names a transaction: a swap on chain does.
    """
    if "exchange_order_id" in record or record.get("status") == FILLED:
        return True
    return record["event_type"] in _TRADES and not any(
        name in record or name in update for name in ("tx_hash", "nonce")
    )


def table_of(*, is_order: bool) -> Table:
    """The table of an exchange's orders, or of transactions."""
    return ORDER_TRANSITIONS if is_order else TRANSITIONS


def check_status(status: object) -> None:
    """Raises `ValueError` for what is no status."""
    if not isinstance(status, str) or status not in _KNOWN:
        raise ValueError(f"its status is {shown(status)}")


_KNOWN = frozenset(STATUSES)
