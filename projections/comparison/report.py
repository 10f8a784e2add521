"""What a comparison found, rung by rung."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from projections.comparison.fields import NOT_CONTENT, SNAPSHOT, FieldCounts
from projections.comparison.inputs import Input

EQUAL, WITHIN, DIFFERENT = "equal", "within tolerance", "different"
ONLY_A, ONLY_B, AMBIGUOUS = "only in A", "only in B", "ambiguous"
VERDICTS = (EQUAL, WITHIN, DIFFERENT, ONLY_A, ONLY_B, AMBIGUOUS)


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """One of the two; what it does not say (as a CSV file its log and mode) is None."""

    name: str
    log: str | None
    mode: str | None
    events: int
    horizon: str | None
    identity: str | None
    digest: str
    """The SHA-256 over all that its events say but for when they were recorded."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Partners that differ, what one side alone has, or what is ambiguous.

    `changes` are (field, A's value, B's value, verdict) of content. `like` is the order of the
    nearest event of the other side that is of the same kind and has no partner either. `aligned_by`
    is the key under which they are partners, or ambiguous.
    """

    verdict: str
    a: tuple[int, ...]
    b: tuple[int, ...]
    timestamp: str
    event_type: str
    venue: str
    token: str | None
    changes: tuple[tuple[str, Any, Any, str], ...] = ()
    aligned_by: str | None = None
    like: int | None = None
    like_timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line around the first divergence: both partners, or what one side alone has."""

    verdict: str
    a: dict[str, Any] | None
    b: dict[str, Any] | None


@dataclass
class Comparison:
    """Two runs compared. Counts of verdicts are (events of A, events of B) and add up to both."""

    a: ComparedRun
    b: ComparedRun
    inputs_differing: list[Input]
    inputs_same: list[Input]
    cause: str
    window: int
    """In nanoseconds."""
    window_why: str
    tolerance: Decimal
    kind_fields: tuple[str, ...]
    counts: dict[str, tuple[int, int]]
    in_parts: int
    """How many trades one side has in several parts."""
    aligned_by: dict[str, int]
    fields: dict[str, FieldCounts]
    totals: list[dict[str, Any]]
    costs: list[dict[str, Any]]
    differences: list[Difference]
    left_out: int
    """How many further differences there are."""
    first: Difference | None = None
    around: list[Row] = field(default_factory=list)
    snapshots_compared: bool = True

    @property
    def is_identical(self) -> bool:
        """Whether every event says the same in both, written the same, in the same order."""
        return self.a.digest == self.b.digest and self.a.events == self.b.events

    @property
    def is_same(self) -> bool:
        """Whether the same happened in both, as far as both tell."""
        if any(sum(self.counts[one]) for one in (DIFFERENT, ONLY_A, ONLY_B, AMBIGUOUS)):
            return False
        snapshots = self.fields.get(SNAPSHOT)
        if snapshots is None or not self.snapshots_compared:
            return True
        return not (snapshots.conflicting or snapshots.missing_a or snapshots.missing_b)

    def as_dict(self, *, with_all: bool = False) -> dict[str, Any]:
        """The comparison for a program to read; of what is the same only with `with_all`."""
        return {
            "same": self.is_same,
            "a": _run(self.a),
            "b": _run(self.b),
            "inputs": [
                one._asdict()
                for one in self.inputs_differing + (self.inputs_same if with_all else [])
            ],
            "cause": self.cause,
            "identical": self.is_identical,
            "alignment": {
                "window_seconds": _seconds(self.window),
                "window_why": self.window_why,
                "tolerance": self.tolerance,
                "kind": list(self.kind_fields),
                "keys": [{"key": key, "pairs": pairs} for key, pairs in self.aligned_by.items()],
            },
            "counts": [
                {"verdict": verdict, "a": self.counts[verdict][0], "b": self.counts[verdict][1]}
                for verdict in VERDICTS
            ],
            "in_parts": self.in_parts,
            "fields": [_field(name, one) for name, one in self.shown_fields(with_all=with_all)],
            "first_divergence": None
            if self.first is None
            else {
                "difference": _difference(self.first),
                "around": [{"verdict": row.verdict, "a": row.a, "b": row.b} for row in self.around],
            },
            "totals": self.shown_totals(with_all=with_all),
            "costs": self.shown_costs(with_all=with_all),
            "differences": [_difference(one) for one in self.differences],
            "differences_left_out": self.left_out,
        }

    def shown_fields(self, *, with_all: bool) -> list[tuple[str, FieldCounts]]:
        """The fields that differ somewhere, content first; all with `with_all`."""
        found = [
            (name, one)
            for name, one in self.fields.items()
            if with_all or one.within or one.missing_a or one.missing_b or one.conflicting
        ]
        return sorted(found, key=lambda one: (one[0] in NOT_CONTENT, one[0]))

    def shown_totals(self, *, with_all: bool) -> list[dict[str, Any]]:
        """The totals that differ; all with `with_all`."""
        return [
            one
            for one in self.totals
            if with_all or one["difference"] or one["events_a"] != one["events_b"]
        ]

    def shown_costs(self, *, with_all: bool) -> list[dict[str, Any]]:
        """The units in which costs and income differ; all with `with_all`."""
        return [
            one
            for one in self.costs
            if with_all or one["difference"] or any(one["of_which"].values())
        ]


def _seconds(nanoseconds: int) -> int | Decimal:
    whole, rest = divmod(nanoseconds, 10**9)
    return whole if not rest else Decimal(nanoseconds).scaleb(-9).normalize()


def _run(run: ComparedRun) -> dict[str, Any]:
    return {
        "name": run.name,
        "log": run.log,
        "mode": run.mode,
        "events": run.events,
        "horizon": run.horizon,
        "identity": run.identity,
        "digest": run.digest,
    }


def _field(name: str, counts: FieldCounts) -> dict[str, Any]:
    return {
        "field": name,
        "content": name not in NOT_CONTENT,
        "equal": counts.equal,
        "within_tolerance": counts.within,
        "missing_in_a": counts.missing_a,
        "missing_in_b": counts.missing_b,
        "conflicting": counts.conflicting,
        "first": None if counts.first is None else {"a": counts.first[0], "b": counts.first[1]},
    }


def _difference(one: Difference) -> dict[str, Any]:
    return {
        "verdict": one.verdict,
        "a": list(one.a),
        "b": list(one.b),
        "timestamp": one.timestamp,
        "event_type": one.event_type,
        "venue": one.venue,
        "token": one.token,
        "changes": [
            {"field": name, "a": a, "b": b, "verdict": verdict}
            for name, a, b, verdict in one.changes
        ],
        "aligned_by": one.aligned_by,
        "like": None if one.like is None else {"order": one.like, "timestamp": one.like_timestamp},
    }
