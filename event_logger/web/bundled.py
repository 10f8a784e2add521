"""Bundles: their trees, what each step moved, and what that comes to against what was claimed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from domain.effects import movements, untold_legs
from domain.event_values import EXACT
from event_logger.paging import Asked as PageAsked
from event_logger.web.asked import AS_OF, LOG, Asked, Param
from event_logger.web.one_event import ORDER, differences, order_of
from event_logger.web.trees import depth_of, nested, steps_of
from event_logger.web.view import Page, View
from projections.audit.claims import Leaves
from projections.audit.figures import Figure, compared
from projections.audit.rule import AuditOptions
from projections.event_dicts import EventDict

_COUNT = 30
_MOST_STEPS = 1000


def bundles(asked: Asked) -> Page:
    """The bundles of a page, the newest first unless asked otherwise."""
    last = asked.reader.global_order
    count = asked.whole("count", _COUNT, 1, 200)
    is_back = "at" not in asked.given
    start = asked.whole("before", max(last, 1)) if is_back else asked.whole("at", 1)
    found = asked.pages.bundles(PageAsked(start, count, is_back))
    rows = [_row(one) for one in reversed(found.events)]
    data = {
        "log": asked.reader.log_name,
        "horizon": str(asked.reader.horizon),
        "bundles": rows,
        "looked_at": {"first": found.first, "last": found.last, "is_complete": found.is_complete},
        "last_order": last,
        "earlier": asked.here(at=None, before=found.earlier) if found.earlier else None,
        "later": asked.here(at=found.later, before=None) if found.later else None,
    }
    return Page("bundles.html", f"Bundles of {asked.reader.log_name}", data, rows)


def _row(wrapper: EventDict) -> dict[str, Any]:
    names = ("order", "timestamp", "event_type", "bundle_name", "venue", "status", "net_result")
    return {name: wrapper.get(name) for name in names} | {
        "details": len(wrapper.get("detail_orders") or ())
    }


def bundle(asked: Asked) -> Page:
    """The whole bundle that an event belongs to."""
    order = order_of(asked)
    tree = asked.reader.bundle_tree(order)
    steps = list(steps_of(tree))
    wrapper = tree["event"]
    leaves = [step["event"] for step in steps if not step["is_wrapper"]]
    data = {
        "log": asked.reader.log_name,
        "horizon": str(asked.reader.horizon),
        "bundle": wrapper,
        "steps": [_told(step) for step in steps],
        "net": list(net_of(leaves)),
        "claims": list(_claims(wrapper, leaves)),
        "snapshots": _snapshots(asked, wrapper, steps[-1]["event"], leaves),
    }
    shows = {
        "nested": nested(steps[:_MOST_STEPS]),
        "left_out": max(0, len(steps) - _MOST_STEPS),
        "asked_order": order,
        "depth": depth_of(steps),
    }
    rows = data["steps"]
    title = f"Bundle {wrapper['order']} {wrapper.get('bundle_name') or wrapper['event_type']}"
    return Page("bundle.html", title, data, rows, shows)


def _told(step: Mapping[str, Any]) -> dict[str, Any]:
    event = step["event"]
    names = ("order", "parent_event", "event_type", "venue", "token", "amount", "status")
    return {name: event.get(name) for name in names} | {
        "depth": step["depth"],
        "moved": [
            {"account": one.account, "asset": one.asset, "amount": one.amount}
            for one in step["moved"]
        ],
    }


def net_of(leaves: list[EventDict]) -> Iterator[dict[str, Any]]:
    """Per account and asset what went in, out, and what is left of it, over all leaves."""
    into: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    out: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for event in leaves:
        for one in movements(event):
            side = into if one.amount > 0 else out
            key = (one.account, one.asset)
            side[key] = EXACT.add(side[key], one.amount.copy_abs())
    for key in sorted(into.keys() | out.keys()):
        account, asset = key
        came, went = into.get(key, Decimal(0)), out.get(key, Decimal(0))
        yield {
            "account": account,
            "asset": asset,
            "in": came,
            "out": went,
            "net": EXACT.subtract(came, went),
        }


def _claims(wrapper: EventDict, leaves: list[EventDict]) -> Iterator[dict[str, Any]]:
    """What net_result claims, beside what the leaves give of it, as the audit holds them."""
    claims = wrapper.get("net_result")
    if not isinstance(claims, dict):
        return
    summed = Leaves()
    for event in leaves:
        summed.add(event)
    for name, raw in claims.items():
        found, may_be = Figure.of(raw), summed.may_be(str(name))
        verdict: str = "not judged"
        given: Decimal | None = may_be[0] if may_be else None
        if found is not None and may_be:
            terms = [Figure(amount, summed.is_float) for amount in summed.flows.values()]
            options = AuditOptions()
            agreeing = [v for v in may_be if compared(options, v, found, *terms) is None]
            verdict = "agrees" if agreeing else "differs"
            given = agreeing[0] if agreeing else given
        difference = None
        if found is not None and given is not None:
            difference = EXACT.subtract(found.value, given)
        yield {
            "claim": name,
            "says": raw,
            "leaves_give": given,
            "difference": difference,
            "verdict": verdict,
        }


def _snapshots(
    asked: Asked, wrapper: EventDict, last: EventDict, leaves: list[EventDict]
) -> dict[str, Any] | None:
    """What the snapshots around the bundle changed, beside what its leaves moved."""
    after = wrapper["wallet_balance_after"] or last["wallet_balance_after"]
    before = asked.pages.snapshot_before(wrapper["order"])
    if after is None or before is None:
        return None
    net = {f"{row['account']}.{row['asset']}": row["net"] for row in net_of(leaves)}
    changed = {
        row["balance"]: row["change"]
        for row in differences(before["wallet_balance_after"], after)
        if not row["balance"].endswith(".entry_price")
    }
    untold = {asset for event in leaves for _, asset in untold_legs(event)}
    rows = []
    for name in sorted(net.keys() | changed.keys()):
        moved, shown = net.get(name, Decimal(0)), changed.get(name, Decimal(0))
        rows.append(
            {
                "balance": name,
                "snapshots_differ": shown,
                "leaves_moved": moved,
                "difference": EXACT.subtract(shown, moved),
            }
        )
    return {"before": before["order"], "rows": rows, "untold": sorted(filter(None, untold))}


VIEWS = (
    View(
        "/bundles",
        "The bundles of a log, a page at a time.",
        (
            LOG,
            AS_OF,
            Param("at", "The page begins with this order.", is_whole=True),
            Param("before", "The page ends with this order.", is_whole=True),
            Param("count", "Bundles on a page, at most 200.", is_whole=True),
        ),
        bundles,
    ),
    View(
        "/bundle",
        "A bundle as a tree: what each step moved, the net over the leaves against net_result.",
        (LOG, AS_OF, ORDER),
        bundle,
    ),
)
