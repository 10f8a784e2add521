"""One event: its fields with their units, how it came to be as it is, and what belongs to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from domain.corrections import CORRECTED_BY
from domain.effects import movements
from domain.errors import CorruptLogError, UnknownOrderError
from domain.event_values import EXACT, decimal_of
from domain.fields import MEANINGS
from event_logger.web.asked import AS_OF, LOG, Asked, Param
from event_logger.web.errors import PageError
from event_logger.web.trees import depth_of, nested, steps_of
from event_logger.web.view import Page, View
from projections.balances import flat_numbers
from projections.event_dicts import EventDict

_SNAPSHOTS = ("wallet_balance_after", "cex_balance_after", "aave_position_after")
_STEP = ("status", "recorded_at")
_LINKS = frozenset(("tx_hash", "block_hash", "exchange_order_id"))
_RAW = 20_000
_MOST_STEPS = 100
"""Steps of a bundle that stand beside an event; a larger one has its own page."""


def event(asked: Asked) -> Page:
    """An event, whole."""
    order = order_of(asked)
    reader = asked.reader
    found = reader.get_events_by_order_range(order, order)
    if not found:
        raise UnknownOrderError(order, reader.global_order)
    one = found[0]
    ladder = list(_ladder(asked, order))
    changes = snapshot_changes(asked, one)
    moved = [{"account": m.account, "asset": m.asset, "amount": m.amount} for m in movements(one)]
    raw = asked.pages.raw(order)
    data = {
        "log": reader.log_name,
        "horizon": str(reader.horizon),
        "event": one,
        "moved": moved,
        "snapshot_changes": changes,
        "ladder": ladder,
        "raw": raw,
    }
    is_bundled = one["parent_event"] is not None or bool(one.get("detail_orders"))
    size = asked.pages.bundle_size(order) if is_bundled else 0
    steps = list(steps_of(reader.bundle_tree(order))) if 0 < size <= _MOST_STEPS else []
    shows = {
        "nested": nested(steps),
        "depth": depth_of(steps),
        "bundle_size": size,
        "fields": list(_fields(one)),
        "related": list(_related(one)),
        "is_bundled": is_bundled,
        "raw_cut": raw[:_RAW],
        "raw_left": max(0, len(raw) - _RAW),
        "last_order": reader.global_order,
    }
    title = f"{order} {one['event_type']}"
    return Page("event.html", title, data, [one], shows)


def raw(asked: Asked) -> Page:
    """The record of an event as it is stored, and nothing else."""
    order = order_of(asked)
    record = asked.pages.raw(order)
    return Page("raw.html", f"Record {order}", {"order": order, "record": record}, [])


def order_of(asked: Asked) -> int:
    """The order that is asked for; raises `PageError` where none is."""
    if "order" not in asked.given:
        raise PageError(400, "the parameter order is missing: which event is meant")
    return asked.whole("order", 1, 0)


def _fields(one: EventDict) -> Iterator[dict[str, Any]]:
    for name, value in one.items():
        if value is not None and name not in (*_SNAPSHOTS, CORRECTED_BY):
            yield {"name": name, "value": value, "about": MEANINGS.get(name, "Given beside.")}


def _related(one: EventDict) -> Iterator[tuple[str, int]]:
    """The events that this one names, and why."""
    if one["parent_event"] is not None:
        yield "wrapper", one["parent_event"]
    for name, what in (
        ("related_events", "related"),
        ("detail_orders", "detail"),
        (CORRECTED_BY, "corrected by"),
        ("corrects", "corrects"),
    ):
        orders = one.get(name)
        for order in orders if isinstance(orders, list) else [orders]:
            if type(order) is int and order > 0:
                yield what, order


def _ladder(asked: Asked, order: int) -> Iterator[dict[str, Any]]:
    """The statuses, oldest first: elapsed times by the store's clock, hashes that took turns."""
    steps, commits = asked.reader.history(order), asked.reader.committed(order)
    former: dict[str, Any] = {}
    began = None
    for step, commit in zip(steps, commits, strict=True):
        committed_at = commit["committed_at"]
        at = committed_at or step["recorded_at"]
        elapsed = None if began is None else at - began
        changed = {name: value for name, value in step.items() if name not in _STEP}
        replaced = {
            name: former[name]
            for name in _LINKS & changed.keys()
            if former.get(name) not in (None, changed[name])
        }
        former |= {name: value for name, value in changed.items() if value is not None}
        began = at
        yield {
            "status": step["status"],
            "recorded_at": step["recorded_at"],
            "committed_at": committed_at,
            "after": None if elapsed is None else str(elapsed.to_pytimedelta()),
            "changed": changed,
            "replaced": replaced,
            "writer": commit["writer"],
            "transition": commit["transition"],
        }


def snapshot_changes(asked: Asked, one: EventDict) -> dict[str, Any] | None:
    """What the snapshot says otherwise than the one before it; None where there is no snapshot."""
    snapshot = one["wallet_balance_after"]
    if snapshot is None:
        return None
    before, problem = None, None
    try:
        before = asked.pages.snapshot_before(one["order"])
    except CorruptLogError as error:
        # Of another event: this one is read all the same.
        problem = str(error)
    former = {} if before is None else before["wallet_balance_after"]
    return {
        "problem": problem,
        "since": None if before is None else before["order"],
        "changes": list(differences(former, snapshot)),
        "all": snapshot,
    }


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The balances that differ between two snapshots: before, after and change, exactly."""
    then, now = dict(flat_numbers(before, _same)), dict(flat_numbers(after, _same))
    for name in sorted(then.keys() | now.keys()):
        one, other = decimal_of(then.get(name)), decimal_of(now.get(name))
        if one != other:
            change = EXACT.subtract(other or Decimal(0), one or Decimal(0))
            yield {
                "balance": name,
                "before": then.get(name),
                "after": now.get(name),
                "change": change,
            }


def _same(raw: Any) -> Any:
    return raw if decimal_of(raw) is not None else None


ORDER = Param("order", "The event's order.", is_whole=True, is_required=True)

VIEWS = (
    View(
        "/event",
        "An event: every field, its statuses, what it moved and changed, its record.",
        (LOG, AS_OF, ORDER),
        event,
    ),
    View("/raw", "An event's record as it is stored.", (LOG, AS_OF, ORDER), raw, has_rows=False),
)
