"""The status that an event has when it is logged, which is stored where it is not pending."""

from __future__ import annotations

from typing import Any

from domain.errors import InvalidEventError, ReservedFieldError, shown
from domain.event_types import TELLING_TYPES
from domain.statuses import (
    COMPLETED,
    FILLED,
    LOGGED_STATUSES,
    PENDING,
    SUBMITTED,
    is_exchange_order,
)

_NAMES_WHAT_WAS_SENT = ("tx_hash", "exchange_order_id", "event_id")


def logged_status(record: dict[str, Any], given: Any, *, is_live: bool) -> str | None:
    """The status to store with a record, `given` or what its type begins with; None for pending.

    In a backtest everything is completed, which may be said and is not stored. Raises
    `InvalidEventError` for a status that the event cannot begin with.
    """
    if given is None:
        return COMPLETED if is_live and record["event_type"] in TELLING_TYPES else None
    # Only text is compared: some arrays and missing values are neither equal nor unequal to it.
    text = str.__str__(given) if isinstance(given, str) else None
    if not is_live:
        if text == COMPLETED:
            return None
        raise InvalidEventError(
            "status",
            given,
            f"cannot be {shown(given)} in a backtest, whose events are completed when logged;"
            " leave it out",
        )
    is_order = is_exchange_order(record)
    legal = [one for one in LOGGED_STATUSES if is_order or one != FILLED]
    if text not in legal:
        kind = "" if is_order or text != FILLED else " (filled is for orders on an exchange)"
        raise InvalidEventError(
            "status",
            given,
            f"of an event when logged must be one of {', '.join(legal)}, not {shown(given)}{kind}",
        )
    if text == SUBMITTED and not any(name in record for name in _NAMES_WHAT_WAS_SENT):
        raise InvalidEventError(
            "status",
            given,
            "of what is submitted needs a tx_hash, an exchange_order_id or an event_id with it",
        )
    return None if text == PENDING else text


def refuse_status_of_detail(path: str, given: Any) -> None:
    """Raises `ReservedFieldError` for the status of a bundle's detail, which is its wrapper's."""
    if given is not None:
        raise ReservedFieldError(
            path, given, "of a detail is its wrapper's; give it to the bundle, or leave it out"
        )
