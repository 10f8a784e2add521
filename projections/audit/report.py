"""What an audit has found: the findings, and how each rule ended."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

import orjson

from domain.horizon import Horizon
from projections.audit.rule import Accepted, Finding, Severity, Unjudged


class Outcome(StrEnum):
    """How a rule ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"
    COULD_NOT_RUN = "could not run"


@dataclass(frozen=True, slots=True)
class RuleResult:
    """How one rule ended; counts are exact, however many findings a report holds.

    `counts` are the findings that stand, by severity; those that a correction repaired and those
    that a baseline accepts are counted apart. `unjudged` is what it could not judge, the first of
    them; `unjudged_count` how often there was something. `why` is the sentence of a rule that did
    not come to its end.
    """

    rule: str
    version: int
    outcome: Outcome
    looked_at: int
    counts: Counter[Severity] = field(default_factory=Counter)
    repaired: int = 0
    accepted: int = 0
    left_out: int = 0
    unjudged: tuple[Unjudged, ...] = ()
    unjudged_count: int = 0
    why: str | None = None

    @property
    def errors(self) -> int:
        """The errors that stand."""
        return self.counts[Severity.ERROR]

    @property
    def warnings(self) -> int:
        """The warnings that stand."""
        return self.counts[Severity.WARNING]

    @property
    def notes(self) -> int:
        """The notes that stand."""
        return self.counts[Severity.NOTE]


_WORST_FIRST = {severity: place for place, severity in enumerate(Severity)}


@dataclass(frozen=True)
class AuditReport:
    """An audit of one log up to a horizon: its findings, worst first, and each rule's result.

    Of a rule that finds very much the first findings of each severity are held, and its result
    counts what was left out. `disappeared` are findings of the baseline that are there no more,
    `expired` what it accepted until a day that is over.
    """

    log: str
    identity: str
    horizon: Horizon
    findings: tuple[Finding, ...]
    results: tuple[RuleResult, ...]
    disappeared: tuple[Accepted, ...] = ()
    expired: tuple[Accepted, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether every rule came to its end, and no error stands."""
        return all(one.why is None and not one.errors for one in self.results)

    @property
    def counts(self) -> Counter[Severity]:
        """How many findings of each severity stand."""
        return sum((one.counts for one in self.results), Counter[Severity]())

    def __iter__(self) -> Iterator[Finding]:
        """The findings, worst first."""
        return iter(self.findings)


def worst_first(finding: Finding) -> tuple[bool, int, tuple[int, ...]]:
    """The key by which findings are sorted: what stands before what does not, then by severity."""
    return not finding.stands, _WORST_FIRST[finding.severity], finding.orders


def fingerprint(version: int, identity: str, finding: Finding) -> str:
    """What a finding is known by in a baseline: never its message, nor how many there are."""
    known_by = [finding.rule, version, identity, list(finding.orders), finding.field]
    return hashlib.sha256(orjson.dumps(known_by)).hexdigest()
