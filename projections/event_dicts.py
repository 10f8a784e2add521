"""Records as the event dicts that people read: every declared field, then the extras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain.lifecycle import COMPLETED

Record = dict[str, Any]
AsTime = Callable[[str], Any]

DECLARED_FIELDS: tuple[str, ...] = (
    "timestamp",
    "order",
    "status",
    "event_type",
    "event_id",
    "venue",
    "token",
    "amount",
    "wallet_balance_after",
    "cex_balance_after",
    "aave_position_after",
    "gas_cost_eth",
    "gas_cost_usd",
    "gas_units",
    "gas_price_gwei",
    "execution_cost_usd",
    "execution_cost_bps",
    "purpose",
    "transaction_type",
    "related_events",
    "iteration",
    "parent_event",
    "trigger_timestamp",
    "completion_timestamp",
    "tx_hash",
    "confirmation_blocks",
)
"""The specification's fields in the specification's order."""

CHAIN_FIELDS: tuple[str, ...] = ("nonce", "block_number", "block_hash")
"""Where a transaction ended up; after the specification's fields."""

TIME_FIELDS: tuple[str, ...] = ("timestamp", "trigger_timestamp", "completion_timestamp")

EVENT_FIELDS: tuple[str, ...] = (*DECLARED_FIELDS, "recorded_at", *CHAIN_FIELDS)
"""What every event dict has, in this order; the extras follow."""

_EMPTY: dict[str, Any] = dict.fromkeys(EVENT_FIELDS) | {"status": COMPLETED}


def event_dict(order: int, record: Record, as_time: AsTime) -> dict[str, Any]:
    """The event as a dict: None where a field is unset, times made by `as_time` of ISO 8601 text.

    Records of a live log bring their status; what a backtest logged is completed.
    The CEX and AAVE balances are the specification's views of the position snapshot.
    """
    event = _EMPTY.copy()
    event.update(record)
    extra = event.pop("extra", None)
    snapshot = event.pop("position_snapshot", None)
    details = event.pop("detail_orders", None)
    event["order"] = order
    event["timestamp"] = as_time(event["timestamp"])
    event["recorded_at"] = as_time(event["recorded_at"])
    if event["trigger_timestamp"] is not None:
        event["trigger_timestamp"] = as_time(event["trigger_timestamp"])
    if event["completion_timestamp"] is not None:
        event["completion_timestamp"] = as_time(event["completion_timestamp"])
    if snapshot is not None:
        event["wallet_balance_after"] = snapshot
        event["cex_balance_after"] = snapshot.get("cex_accounts")
        event["aave_position_after"] = {
            "wallet": snapshot.get("wallet"),
            "perp_positions": snapshot.get("perp_positions"),
        }
    if extra is not None:
        event.update(extra)
    if details is not None:
        event["detail_orders"] = details
        event["detail_count"] = len(details)
    return event
