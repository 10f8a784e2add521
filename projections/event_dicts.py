"""Records as the event dicts that people read: every declared field, then the extras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain.fields import EVENT_FIELDS
from domain.lifecycle import COMPLETED

EventDict = dict[str, Any]
"""An event as readers have it: its fields by name."""
Record = dict[str, Any]
AsTime = Callable[[str], Any]

_EMPTY: dict[str, Any] = dict.fromkeys(EVENT_FIELDS) | {"status": COMPLETED}


def event_dict(
    order: int, record: Record, as_time: AsTime, as_recorded_at: AsTime | None = None
) -> dict[str, Any]:
    """The event as a dict: None where a field is unset, times made by `as_time` of ISO 8601 text.

    `as_recorded_at` makes the time that hardly two events share, where that is known beforehand.
    Records of a live log bring their status; what a backtest logged is completed. The record is
    taken apart: whoever needs it still gives a copy.
    """
    # Out of the record, not out of the event: a dict has no room again for what was in it once, and
    # grows to twice its size for the extras.
    extra = record.pop("extra", None)
    snapshot = record.pop("position_snapshot", None)
    details = record.pop("detail_orders", None) if "detail_orders" in record else None
    event = _EMPTY.copy()
    event |= record
    event["order"] = order
    event["timestamp"] = as_time(record["timestamp"])
    event["recorded_at"] = (as_recorded_at or as_time)(record["recorded_at"])
    if event["trigger_timestamp"] is not None:
        event["trigger_timestamp"] = as_time(event["trigger_timestamp"])
    if event["completion_timestamp"] is not None:
        event["completion_timestamp"] = as_time(event["completion_timestamp"])
    if snapshot is not None:
        _put_views(event, snapshot)
    if extra is not None:
        event |= extra
    if details is not None:
        event["detail_orders"] = details
        event["detail_count"] = len(details)
    return event


def snapshot_views(snapshot: dict[str, Any]) -> dict[str, Any]:
    """The specification's three balances after the event: views of the position snapshot."""
    views: dict[str, Any] = {}
    _put_views(views, snapshot)
    return views


def _put_views(event: dict[str, Any], snapshot: dict[str, Any]) -> None:
    given = snapshot.get
    event["wallet_balance_after"] = snapshot
    event["cex_balance_after"] = given("cex_accounts")
    event["aave_position_after"] = {
        "wallet": given("wallet"),
        "perp_positions": given("perp_positions"),
    }
