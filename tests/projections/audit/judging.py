"""One rule at work on a few plain events."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from infrastructure.auditing import audited
from projections.audit import Finding, Rule, Severity
from projections.audit.rule import AuditedLog, AuditOptions
from tests.audit.planting import BACKTEST, Event, later, logged

START = "2024-05-12T08:00:00Z"


class Judged(NamedTuple):
    """What a rule said: its errors as (orders, field), what it could not judge, how much it saw."""

    errors: list[tuple[tuple[int, ...], str | None]]
    unjudged: list[tuple[tuple[int, ...], str]]
    looked_at: int
    findings: list[Finding]


def judged(
    rule: type[Rule],
    *events: Event,
    mode: str = BACKTEST,
    options: AuditOptions = AuditOptions(),  # noqa: B008
) -> Judged:
    """What the rule says of a log of these events, an hour or what they say apart."""
    made: list[Rule] = []

    def noted(log: AuditedLog) -> Rule:
        made.append(rule(log))
        return made[0]

    run = [at(place, event) for place, event in enumerate(events, 1)]
    with logged(run, mode) as (logs, log):
        found = list(audited(logs.store, log, [noted], options))  # type: ignore[list-item]
    return Judged(
        [(one.orders, one.field) for one in found if one.severity is Severity.ERROR],
        [(one.orders, one.why) for one in made[0].unjudged],
        made[0].looked_at,
        found,
    )


def at(place: int, event: Event) -> Event:
    """The event as one of a run, at a time of its own."""
    time = event.get("timestamp") or later(START, hours=place)
    return {"order": place, "recorded_at": time, "timestamp": time} | event


def event(event_type: str, venue: str, token: str, amount: Any, **data: Any) -> Event:
    """An event with these fields and extras."""
    return {"event_type": event_type, "venue": venue, "token": token, "amount": amount} | data


def snapshot(**wallet: Any) -> dict[str, Any]:
    """A snapshot of a wallet alone."""
    return {"wallet": wallet}


def d(text: str) -> Decimal:
    """The Decimal with these digits."""
    return Decimal(text)
