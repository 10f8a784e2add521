"""What the rules' test tables are made of: small runs, and what a rule finds in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.event_types import TELLING_TYPES
from projections.audit import RULES
from projections.audit.rule import AuditOptions, Rule
from tests.audit.planting import BACKTEST, LIVE, Event, Run, findings

START = datetime(2024, 5, 12, tzinfo=UTC)
Found = list[tuple[str, tuple[int, ...]]]
DEFAULTS = AuditOptions()


def at(hours: float) -> str:
    """The time so many hours after the start of the day."""
    moment = (START + timedelta(hours=hours)).replace(tzinfo=None)
    return f"{moment.isoformat()}Z"


def logged(
    hours: float,
    event_type: str,
    venue: str,
    token: str | None = None,
    amount: Any = None,
    **data: Any,
) -> Event:
    """An event of an hour; its other keys are those of `tests/audit/planting.py`."""
    event = {"event_type": event_type, "venue": venue, "token": token, "amount": amount}
    return {"timestamp": at(hours), "recorded_at": at(hours)} | event | data


def trade(hours: float, side: str, amount: Any, venue: str = "BINANCE", **data: Any) -> Event:
    """A trade of a perpetual on ETH."""
    told = {"instrument": "ETHUSDT-PERP", "side": side, "entry_price": 3000}
    return logged(hours, "TRADE_EXECUTED", venue, "ETH", amount, **told | data)


def stake(hours: float, **data: Any) -> Event:
    """A transaction of the log's own account."""
    return logged(hours, "STAKE_DEPOSIT", "LIDO", "ETH", 1, **data)


def bundle(hours: float, *details: Event, **data: Any) -> Event:
    """A wrapper; what it holds follows it in the run that `run` makes."""
    wrapper = logged(hours, "ATOMIC_TRANSACTION", "INSTADAPP", "COMPOSITE", 1, **data)
    return wrapper | {"details": list(details)}


def run(*events: Event) -> Run:
    """The events in their order, each bundle with its details."""
    made: Run = []
    for event in events:
        details = event.pop("details", None)
        event["order"] = len(made) + 1
        made.append(event)
        if details is not None:
            event["detail_orders"] = [0]
            for detail in details:
                made.append(detail | {"order": len(made) + 1, "parent_event": event["order"]})
    return made


def updates(hours: float, *steps: Any) -> dict[str, Any]:
    """Updates of a live event, a second apart; each is a status, or that and more."""
    return {
        "updates": [
            {"at": at(hours + (place + 1) / 3600)}
            | (step if isinstance(step, dict) else {"status": step})
            for place, step in enumerate(steps)
        ]
    }


def found(
    name: str, events: list[Event], mode: str = BACKTEST, options: AuditOptions = DEFAULTS
) -> Found:
    """What the rule finds: the severity and the orders of each finding."""
    given = run(*(dict(one) for one in events))
    if mode == LIVE:
        for one in given:
            if one["event_type"] in TELLING_TYPES:
                one.setdefault("status", "completed")
    rules: list[type[Rule]] = [rule for rule in RULES if name == rule.NAME]
    return [
        (one.severity.value, tuple(one.orders)) for one in findings(given, mode, rules, options)
    ]
