"""How rules end: each by itself, with exact counts, whatever becomes of the others."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.horizon import Horizon
from event_logger import EventLogger
from infrastructure.audit_logs import AuditLogs
from infrastructure.auditing import audit
from projections.audit import RULES, Finding, Rule, Severity
from projections.audit.report import AuditReport, Outcome
from projections.audit.rule import Accepted, AuditedEvent, AuditedLog
from projections.audit.running import MOST_HELD
from projections.entries import LogEntry
from tests.support import HOUR, url_of

ODD = Severity.ERROR


class Amounts(Rule):
    """Amounts above 2 are errors, even orders are noted."""

    NAME = "amounts"
    CHECKS = "amounts"

    def event(self, event: AuditedEvent) -> Iterator[Finding]:
        self.looked_at += 1
        assert event.record is not None
        if event.record["amount"] > 2:
            yield self.error([event.order], "much", 2, event.record["amount"], field="amount")
        if event.order % 2 == 0:
            yield self.note([event.order], "even")


class Raising(Rule):
    NAME = "raising"
    CHECKS = "nothing"

    def event(self, event: AuditedEvent) -> Iterator[Finding]:
        if event.order == 2:
            raise ZeroDivisionError("by nothing")
        yield self.warning([event.order], "seen")


class NoIterator(Rule):
    NAME = "none"
    CHECKS = "nothing"

    def event(self, event: AuditedEvent) -> Any:
        return None


class NoFinding(Rule):
    NAME = "text"
    CHECKS = "nothing"

    def entry(self, entry: LogEntry) -> Any:
        yield "wrong"


class NotMade(Rule):
    NAME = "unmade"
    CHECKS = "nothing"

    def __init__(self, log: AuditedLog) -> None:
        raise KeyError("rate")


class AtTheEnd(Rule):
    NAME = "at the end"
    CHECKS = "nothing"

    def end(self) -> Iterator[Finding]:
        self.log.record(4711)
        yield from ()


class Unable(Rule):
    NAME = "unable"
    CHECKS = "nothing"

    def event(self, event: AuditedEvent) -> Iterator[Finding]:
        self.looked_at += 1
        self.could_not([event.order], "no index")
        yield from ()


class Unmoved(Rule):
    NAME = "unmoved"
    CHECKS = "nothing"


def reported(path: Path, *rules: type[Rule], **options: Any) -> AuditReport:
    with AuditLogs(url_of(path), must_exist=True) as logs:
        return audit(logs.store, logs.get("default"), rules or RULES, **options)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "runs.db"
    with EventLogger(store=url_of(path)) as logger:
        for amount in (1, 2, 3, 4):
            logger.log_event(HOUR, "LOAN_CREATED", "BINANCE", "ETH", amount)
    return path


def test_every_rule_ends_as_one_of_four(path: Path) -> None:
    kinds = (Amounts, Raising, NoIterator, NoFinding, NotMade, AtTheEnd, Unable, Unmoved)
    report = reported(path, *kinds)
    assert [(one.rule, one.outcome.value, one.looked_at, one.why) for one in report.results] == [
        ("amounts", "failed", 4, None),
        (
            "raising",
            "could not run",
            0,
            "the rule raising raised ZeroDivisionError at order 2: by nothing",
        ),
        (
            "none",
            "could not run",
            0,
            "the rule none raised TypeError at order 1: 'NoneType' object is not iterable",
        ),
        (
            "text",
            "could not run",
            0,
            "the rule text raised TypeError at order 1: it gave str, which is no finding",
        ),
        ("unmade", "could not run", 0, "the rule unmade raised KeyError: 'rate'"),
        (
            "at the end",
            "could not run",
            0,
            "log 'default' is damaged at order 4711: its record is missing, or"
            " is no logged event; the orders before and after it can be read by range",
        ),
        ("unable", "could not run", 4, None),
        ("unmoved", "not applicable", 0, None),
    ]
    assert not report.is_sound
    assert [(one.severity.value, one.orders) for one in report] == [
        ("error", (3,)),
        ("error", (4,)),
        ("warning", (1,)),
        ("note", (2,)),
        ("note", (4,)),
    ]
    assert report.results[6].unjudged_count == 4
    assert report.results[6].unjudged[3] == ((4,), "no index")


def test_what_cannot_be_judged_alone_is_no_fault(path: Path) -> None:
    report = reported(path, Unable, Unmoved)
    assert report.is_sound
    assert list(report) == []


def test_counts_are_exact_where_lists_are_not(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with EventLogger(store=url_of(path)) as logger:
        for _ in range(MOST_HELD + 200):
            logger.log_event(HOUR, "LOAN_CREATED", "BINANCE", "ETH", 9)
    amounts, unable = reported(path, Amounts, Unable).results
    assert (amounts.errors, amounts.notes, amounts.left_out) == (1200, 600, 200)
    assert (unable.unjudged_count, len(unable.unjudged)) == (1200, MOST_HELD)


def test_a_correction_repairs_what_it_changes(path: Path) -> None:
    with EventLogger(store=url_of(path)) as logger:
        logger.log_correction(HOUR, 3, {"amount": 2}, "a digit", amount=0)
        logger.log_correction(HOUR, 4, {"purpose": "other"}, "not what is wrong", amount=0)
        logger.log_correction(HOUR, 4, {"amount": Decimal("4.0")}, "as wrong as before", amount=0)
    report = reported(path, Amounts)
    assert [(one.orders, one.repaired_by) for one in report if one.severity == Severity.ERROR] == [
        ((4,), ()),
        ((3,), (5,)),
    ]
    (result,) = report.results
    # What is noted at order 4 is of no field, and every correction is one of it.
    assert (result.errors, result.repaired, result.notes) == (1, 2, 2)
    assert not report.is_sound
    earlier = reported(path, Amounts, end=Horizon(4))
    assert (earlier.horizon, earlier.results[0].repaired) == (Horizon(4), 0)


def test_what_was_accepted_is_marked_and_what_disappeared_is_said(path: Path) -> None:
    before = reported(path, Amounts)
    accepted = {
        one.fingerprint: Accepted(one.fingerprint, "Ann", "known", rule=one.rule) for one in before
    }
    gone = Accepted("f" * 64, "Ann", "known", rule="amounts", orders=(9,))
    not_run = Accepted("e" * 64, "Ann", "known", rule="gas", orders=(9,))
    report = reported(path, Amounts, accepted=accepted | {"f" * 64: gone, "e" * 64: not_run})
    assert report.is_sound
    assert {one.accepted.by for one in report if one.accepted} == {"Ann"}
    assert (report.results[0].accepted, report.results[0].outcome) == (4, Outcome.PASSED)
    assert report.disappeared == (gone,)


def test_a_fingerprint_is_of_rule_version_log_orders_and_field(path: Path, tmp_path: Path) -> None:
    first = {one.orders: one.fingerprint for one in reported(path, Amounts)}
    again = {one.orders: one.fingerprint for one in reported(path, Amounts)}
    assert first == again

    class Worded(Amounts):
        def error(self, orders: Any, message: str, *further: Any, **named: Any) -> Finding:
            return super().error(orders, "otherwise", **named)

    class Newer(Amounts):
        VERSION = 2

    other = tmp_path / "other.db"
    with EventLogger(store=url_of(other)) as logger:
        for amount in (1, 2, 3, 4):
            logger.log_event(HOUR, "LOAN_CREATED", "BINANCE", "ETH", amount)
    assert {one.orders: one.fingerprint for one in reported(path, Worded)} == first
    for differs in (reported(path, Newer), reported(other, Amounts)):
        assert set(first.values()).isdisjoint(one.fingerprint for one in differs)


def test_entries_that_cannot_be_followed_are_said(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        for _ in range(4):
            logger.log_event(HOUR, "LOAN_CREATED", "BINANCE", "ETH", 1)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "UPDATE stored_events SET state=x'00'"
            " WHERE originator_version=2 AND topic LIKE '%-logged'"
        )
    connection.close()
    results = {one.rule: one for one in reported(path).results}
    assert results["schema"].errors == 1
    assert results["times"].unjudged == (((2,), "from order 2 on the entries cannot be followed"),)
    assert results["times"].outcome == Outcome.COULD_NOT_RUN
