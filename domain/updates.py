"""What an update of a live event may say, checked before anything is known of the event."""

from __future__ import annotations

from typing import Any

from domain.errors import InvalidUpdateError, shown
from domain.fields import UPDATE_CHECKS
from domain.judging import Changes
from domain.statuses import COMPLETED, STATUSES


def checked_update(order: int, update: Any) -> Changes:
    """The fields of an update, checked; those that are None are taken as not given.

    Raises `InvalidUpdateError` when it is no dict, empty, or has a field that cannot be updated.
    """
    if not isinstance(update, dict):
        raise InvalidUpdateError("updates", update, f"must be a dict, not {shown(update)}")
    given = {name: value for name, value in update.items() if value is not None}
    if not given:
        raise InvalidUpdateError(
            "updates", update, f"of order {order} are empty; give a status or a value"
        )
    checked = {}
    for name, value in given.items():
        if name == "status":
            checked[name] = _checked_status(value)
            continue
        check = UPDATE_CHECKS.get(name)
        if check is None:
            known = ", ".join(UPDATE_CHECKS)
            raise InvalidUpdateError(
                str(name), value, f"cannot be updated; what can is status, {known}"
            )
        checked[name] = check(name, value)
    return checked


def _checked_status(value: Any) -> str:
    if isinstance(value, str) and value in STATUSES:
        # Of an Enum's member, `str` gives the name.
        return str.__str__(value)
    known = ", ".join(name for name in STATUSES if name != COMPLETED)
    raise InvalidUpdateError("status", value, f"must be one of {known}, not {shown(value)}")
