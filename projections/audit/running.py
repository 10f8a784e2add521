"""Rules at work on one log: each ends with a result of its own, whatever becomes of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol

from domain.errors import EventLoggerError
from projections.audit.judging import Judge
from projections.audit.report import Outcome, RuleResult
from projections.audit.rule import (
    NOTHING,
    AuditedEvent,
    AuditedLog,
    Finding,
    Rule,
    Severity,
    Unjudged,
)
from projections.audit.seeing import See, Seeing
from projections.entries import LogEntry

MOST_HELD = 1000
"""Findings of one severity, and reasons not to judge, that are held of one rule."""


class Walked(AuditedLog, Protocol):
    """A log that is walked through once."""

    unreadable: int | None
    """The order whose entry is no record; from it on none is given."""

    def walk(self) -> Iterator[tuple[AuditedEvent | None, LogEntry | None]]:
        """The events and entries in the order of commit; an event comes with its own entry.

        Either is None where there is none that can be read.
        """


class AtWork:
    """One rule at work, and what it has found so far."""

    def __init__(self, kind: type[Rule], log: AuditedLog, judge: Judge) -> None:
        self.kind = kind
        self.why: str | None = None
        self.held: list[Finding] = []
        self._judge = judge
        self._found: Counter[Severity] = Counter()
        self._counts: Counter[Severity] = Counter()
        self._repaired = self._accepted = self._left_out = self._unjudged_count = 0
        self._unjudged: list[Unjudged] = []
        try:
            self.rule: Rule | None = kind(log)
        except Exception as error:
            self.rule = None
            self.stop(error, None)

    def take(self, finding: Finding) -> None:
        """One thing that the rule found."""
        if not isinstance(finding, Finding):
            raise TypeError(f"it gave {type(finding).__name__}, which is no finding")
        finding = self._judge(self.kind, finding)
        if finding.stands:
            self._counts[finding.severity] += 1
        elif finding.repaired_by:
            self._repaired += 1
        else:
            self._accepted += 1
        self._found[finding.severity] += 1
        if self._found[finding.severity] <= MOST_HELD:
            self.held.append(finding)
        else:
            self._left_out += 1

    def stop(self, error: Exception, order: int | None) -> None:
        """The rule cannot go on."""
        if isinstance(error, EventLoggerError):
            self.why = str(error)
            return
        at = "" if order is None else f" at order {order}"
        self.why = f"the rule {self.kind.NAME} raised {type(error).__name__}{at}: {error}"

    def end(self) -> None:
        """Nothing comes any more."""
        if self.rule is None or self.why is not None:
            return
        try:
            for finding in self.rule.end():
                self.take(finding)
        except Exception as error:
            self.stop(error, None)

    def could_not(self, orders: Sequence[int], why: str) -> None:
        """The rule was not shown all that there is."""
        if self.rule is not None:
            self.rule.could_not(orders, why)

    def settle(self) -> None:
        """Take over what the rule could not judge, so that it is bounded."""
        if self.rule is None or not self.rule.unjudged:
            return
        self._unjudged_count += len(self.rule.unjudged)
        room = MOST_HELD - len(self._unjudged)
        self._unjudged += self.rule.unjudged[:room]
        self.rule.unjudged.clear()

    def result(self) -> RuleResult:
        """How it ended."""
        self.settle()
        looked_at = 0 if self.rule is None else self.rule.looked_at
        return RuleResult(
            rule=self.kind.NAME,
            version=self.kind.VERSION,
            outcome=self._outcome(looked_at),
            looked_at=looked_at,
            counts=self._counts,
            repaired=self._repaired,
            accepted=self._accepted,
            left_out=self._left_out,
            unjudged=tuple(self._unjudged),
            unjudged_count=self._unjudged_count,
            why=self.why,
        )

    def _outcome(self, looked_at: int) -> Outcome:
        if self.why is not None:
            return Outcome.COULD_NOT_RUN
        if self._counts[Severity.ERROR]:
            return Outcome.FAILED
        if self._unjudged_count:
            return Outcome.COULD_NOT_RUN
        if looked_at or self._found:
            return Outcome.PASSED
        return Outcome.NOT_APPLICABLE


_SETTLED_EVERY = 1000


def run_rules(at_work: Sequence[AtWork], log: Walked) -> None:
    """Have the rules see the log, once."""
    seeing = _seeing(at_work, log.mode)
    for place, (event, entry) in enumerate(log.walk()):
        if event is not None and not _show(seeing.of_event(event), event):
            seeing = _seeing(at_work, log.mode)
        if entry is not None and not _show(seeing.entries, entry):
            seeing = _seeing(at_work, log.mode)
        if place % _SETTLED_EVERY == 0:
            for one in at_work:
                one.settle()
    if log.unreadable is not None:
        why = f"from order {log.unreadable} on the entries cannot be followed"
        for one in at_work:
            if one.why is None and one.kind.entry is not Rule.entry:
                one.could_not((log.unreadable,), why)
    for one in at_work:
        one.end()


def _seeing(at_work: Sequence[AtWork], mode: str) -> Seeing[AtWork]:
    """The rules that go on."""
    rules = ((one, one.rule) for one in at_work if one.why is None)
    return Seeing(((one, rule) for one, rule in rules if rule is not None), mode)


def _show(seeing: Sequence[tuple[AtWork, See]], seen: AuditedEvent | LogEntry) -> bool:
    """Have the rules see one thing; whether all of them go on."""
    go_on = True
    for one, see in seeing:
        try:
            found = see(seen)
            if found is not NOTHING:
                for finding in found:
                    one.take(finding)
        except Exception as error:
            one.stop(error, seen.order)
            go_on = False
    return go_on
