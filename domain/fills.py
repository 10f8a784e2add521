"""What of an order on an exchange can be filled."""

from __future__ import annotations

from typing import Any

from domain.errors import InvalidEventError, InvalidUpdateError, shown
from domain.event_values import decimal_of

Values = dict[str, Any]


def refuse_logged_fill(record: Values) -> None:
    """Raises `InvalidEventError` where an event is logged with more filled than its amount."""
    given = record["filled_amount"]
    filled, amount = decimal_of(given), decimal_of(record.get("amount"))
    if filled is None:
        return
    if filled < 0:
        problem = f"must not be negative, not {shown(given)}: of a sale, too, it says how much"
        raise InvalidEventError("filled_amount", given, problem)
    if amount is not None and filled > amount.copy_abs():
        raise InvalidEventError(
            "filled_amount",
            given,
            f"never exceeds the amount, which is {shown(record['amount'])}, not {shown(given)}; log"
            " what is beyond it as an event of its own",
        )


def refuse_fills(order: int, values: Values, changes: Values) -> None:
    """Raises `InvalidUpdateError` where fills are taken back, or go beyond the order's amount."""
    filled = decimal_of(changes.get("filled_amount"))
    if filled is None:
        return
    had, amount = decimal_of(values.get("filled_amount")), decimal_of(values.get("amount"))
    given = changes["filled_amount"]
    if filled < (had or 0):
        raise InvalidUpdateError(
            "filled_amount",
            given,
            f"never decreases: order {order} has {shown(values.get('filled_amount', 0))} filled"
            f" already, not {shown(given)}",
        )
    if amount is not None and filled > amount.copy_abs():
        raise InvalidUpdateError(
            "filled_amount",
            given,
            f"never exceeds the amount: order {order} is of {shown(values['amount'])}, not"
            f" {shown(given)}; log what is beyond it as an event of its own",
        )
