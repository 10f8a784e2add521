"""A live event as it reads now: its record, and what its transitions have changed since."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from domain.fields import TIME_FIELDS, TRANSACTION_FIELDS
from domain.lifecycle import PENDING
from projections.event_dicts import AsTime, Record

Transition = dict[str, Any]
"""What is stored of a transition; `changes` holds the values that it changed."""


def outermost(order: int, record: Record, read: Callable[[int], Record]) -> int:
    """The order of the outermost wrapper of the transaction that the event was logged in.

    An event that names a parent which was logged before it, in a transaction of its own, is no
    detail of that parent's bundle: a bundle's orders end with those of its details.
    """
    while (parent := record.get("parent_event")) is not None:
        wrapper = read(parent)
        details = wrapper.get("detail_orders")
        if not details or order > details[-1]:
            break
        order, record = parent, wrapper
    return order


def current(record: Record, transitions: Iterable[Transition], *, is_detail: bool) -> Record:
    """The record with its status and present values; the one that was given stays as it is.

    A detail shares its wrapper's status and what belongs to their transaction, not its costs.
    """
    now = dict(record)
    status = PENDING
    for transition in transitions:
        status = transition["status"]
        now.update(_carried(transition) if is_detail else transition["changes"])
    reason = now.pop("reason", None)
    if reason is not None:
        now["extra"] = now.get("extra", {}) | {"reason": reason}
    now = {name: value for name, value in now.items() if value is not None}
    now["status"] = status
    return now


def shared(changes: dict[str, Any]) -> dict[str, Any]:
    """Those of a wrapper's changes that hold for its details."""
    return {name: value for name, value in changes.items() if name in TRANSACTION_FIELDS}


def _carried(transition: Transition) -> dict[str, Any]:
    """What a wrapper's transition says of its details.

    The first one also tells what the wrapper was logged with.
    """
    return shared(transition.get("logged", {}) | transition["changes"])


def history(
    record: Record, transitions: Iterable[Transition], as_time: AsTime, *, is_detail: bool
) -> list[dict[str, Any]]:
    """The logging and every transition: `status`, `recorded_at`, and the values that it set.

    None is a value that the transition cleared.
    """
    first = {"status": PENDING, "recorded_at": record["recorded_at"]} | shared(record)
    steps = [first]
    for transition in transitions:
        steps.append(
            {"status": transition["status"], "recorded_at": transition["recorded_at"]}
            | (_carried(transition) if is_detail else transition["changes"])
        )
    return [
        {
            name: as_time(value) if name in TIME_FIELDS and value is not None else value
            for name, value in step.items()
        }
        for step in steps
    ]
