"""Whether a finding counts: it may have been repaired by a correction, or accepted before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from domain.fields import EVENT_FIELDS
from projections.audit.report import fingerprint
from projections.audit.rule import Accepted, Finding, Rule

Judge = Callable[[type[Rule], Finding], Finding]
"""Says of a rule's finding whether it counts."""


class Correction(NamedTuple):
    """That an order corrects another: which of its fields, and what is right there."""

    order: int
    changes: Mapping[str, Any]


class Judging:
    """Judges the findings of one log by its corrections and what was accepted before.

    `corrections` are by the order that is corrected; `accepted` by fingerprint.
    """

    def __init__(
        self,
        identity: str,
        corrections: Mapping[int, Sequence[Correction]],
        accepted: Mapping[str, Accepted],
    ) -> None:
        self._identity = identity
        self._corrections = corrections
        self._accepted = accepted
        self.met: set[str] = set()
        """The fingerprints of what was accepted and is there still."""

    def __call__(self, rule: type[Rule], finding: Finding) -> Finding:
        """The finding with its fingerprint, and what repaired it or who accepted it."""
        known_by = fingerprint(rule.VERSION, self._identity, finding)
        accepted = self._accepted.get(known_by)
        if accepted is not None:
            self.met.add(known_by)
        repaired_by = tuple(
            correction.order
            for order in finding.orders
            for correction in self._corrections.get(order, ())
            if _repairs(correction, finding)
        )
        return replace(finding, fingerprint=known_by, repaired_by=repaired_by, accepted=accepted)


def _repairs(correction: Correction, finding: Finding) -> bool:
    """Whether the correction changes what is wrong, to something else than what was found."""
    name = finding.field
    if name is not None and name in correction.changes:
        return bool(finding.found is None or correction.changes[name] != finding.found)
    # An account or an asset is no field that a correction could name.
    return name is None or name not in EVENT_FIELDS
