"""What `audit` prints that is no finding: its rules, and a sample of the events."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from event_logger.cli.output import counted, print_json, text_of
from event_logger.cli.tables import print_table
from event_logger.cli.terminal import say
from event_logger.reader import LogReader
from event_logger.samples import sampled

if TYPE_CHECKING:
    from projections.audit.rule import Rule


def print_rules(rules: Sequence[type[Rule]], as_json: bool) -> None:
    """What each rule checks, why, its tolerance and where that comes from, and its version."""
    if as_json:
        for rule in rules:
            print_json(
                {
                    "rule": rule.NAME,
                    "version": rule.VERSION,
                    "checks": rule.CHECKS,
                    "why": rule.WHY,
                    "tolerance": rule.TOLERANCE,
                    "is_costly": rule.IS_COSTLY,
                }
            )
        return
    print_table(("rule", "", ""), (row for rule in rules for row in _rule_rows(rule)))


def _rule_rows(rule: type[Rule]) -> Iterator[Sequence[str]]:
    yield rule.NAME, "checks", rule.CHECKS
    yield "", "why", rule.WHY
    yield "", "tolerance", rule.TOLERANCE
    yield "", "version", str(rule.VERSION)
    if rule.IS_COSTLY:
        yield "", "cost", "more than a third of the whole"


def print_sample(reader: LogReader, count: int, seed: str | None, as_json: bool) -> None:
    """Events to tick off, drawn by the seed; without one, by one that is new and said."""
    seed = secrets.token_hex(8) if seed is None else seed
    drawn = sampled(reader, count, seed)
    if as_json:
        for event in drawn:
            print_json(event | {"seed": seed})
        return
    rows = list(map(_sample_row, drawn))
    print_table(
        ("", "order", "timestamp", "event_type", "venue", "amount", "links", "sha256"), rows
    )
    say("")
    say(
        f"{counted(len(rows), 'event')} of {reader.global_order:,}, drawn by --seed {seed};"
        " sha256 is of what is stored of the event"
    )


def _sample_row(event: dict[str, Any]) -> Sequence[str]:
    links = (event["tx_hash"], event["exchange_order_id"], event["event_id"])
    amount = "" if event["amount"] is None else text_of(event["amount"])
    return (
        "[ ]",
        str(event["order"]),
        text_of(event["timestamp"]),
        event["event_type"],
        event["venue"],
        f"{amount} {event['token'] or ''}".strip(),
        ", ".join(link for link in links if link),
        event["state_sha256"],
    )
