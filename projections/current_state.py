"""A live event as it reads now: its record, and what its transitions have changed since."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from domain.fields import TIME_FIELDS, TRANSACTION_FIELDS
from domain.lifecycle import LOGGED_VALUES, PENDING
from domain.sharing import shared, shared_of
from projections.event_dicts import AsTime, Record

_LOGGED = frozenset((*TRANSACTION_FIELDS, *LOGGED_VALUES))

Transition = dict[str, Any]
"""What is stored of a transition; `changes` holds the values that it changed."""


def current(
    record: Record,
    transitions: Iterable[Transition],
    *,
    is_detail: bool,
    wrapper: Record | None = None,
) -> Record:
    """The record with its status and present values; the one that was given stays as it is.

    A detail shares its wrapper's status and what belongs to their transaction, not its costs: what
    the transitions say of it, and before any what the `wrapper` was logged with, where it is given.
    """
    now = dict(record) if wrapper is None else record | shared(wrapper)
    status = record.get("status", PENDING)
    for transition in transitions:
        status = transition["status"]
        now.update(shared_of(transition) if is_detail else transition["changes"])
    reason = now.pop("reason", None)
    if reason is not None:
        now["extra"] = now.get("extra", {}) | {"reason": reason}
    now = {name: value for name, value in now.items() if value is not None}
    now["status"] = status
    return now


def history(
    record: Record,
    transitions: Iterable[Transition],
    as_time: AsTime,
    *,
    wrapper: Record | None = None,
) -> list[dict[str, Any]]:
    """The logging and every transition: `status`, `recorded_at`, and the values that it set.

    The logging sets what updates may replace and what is of the transaction, the position snapshot
    apart. None is a value that the transition cleared. A detail's are those of its `wrapper`.
    """
    logged = record if wrapper is None else record | shared(wrapper)
    first = {
        "status": record.get("status", PENDING),
        "recorded_at": record["recorded_at"],
    } | {name: value for name, value in logged.items() if name in _LOGGED}
    steps = [first]
    for transition in transitions:
        steps.append(
            {"status": transition["status"], "recorded_at": transition["recorded_at"]}
            | (transition["changes"] if wrapper is None else shared_of(transition))
        )
    return [
        {
            name: as_time(value) if name in TIME_FIELDS and value is not None else value
            for name, value in step.items()
        }
        for step in steps
    ]
