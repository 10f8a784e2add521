"""The ladder: two runs, read through and aligned, compared event by event.

Both runs are read once for their fingerprints (28 bytes an event are kept), and what does not say
the same in both a second time, a few hundred records at a time.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from projections.comparison.alignment import PARTS, Alignment
from projections.comparison.costs_split import CostSplit
from projections.comparison.divergence import Divergences
from projections.comparison.fields import FieldComparison, content_of, names_of
from projections.comparison.fingerprints import KEYS, KIND, TRADES, Fingerprints
from projections.comparison.inputs import cause_of, inputs
from projections.comparison.parts import put_together
from projections.comparison.records import Records
from projections.comparison.report import (
    AMBIGUOUS,
    DIFFERENT,
    EQUAL,
    ONLY_A,
    ONLY_B,
    VERDICTS,
    WITHIN,
    ComparedRun,
    Comparison,
)
from projections.comparison.run import in_batches
from projections.comparison.values import CONFLICTING, Judge
from projections.event_dicts import Record

HALF_AN_HOUR = 30 * 60 * 10**9
"""The window where a live run is compared, in nanoseconds."""

MOST = 1000
"""So many differences are told of one by one, the first ones, unless more are asked for."""


def compared(
    a: Fingerprints,
    b: Fingerprints,
    *,
    window: int | None = None,
    tolerance: Decimal = Decimal(0),
    most: int | None = MOST,
) -> Comparison:
    """The comparison of two runs that have the same `Keys`.

    `window` is how far partners may be apart, in nanoseconds; None: half an hour where either run
    is live, else none. `most` is how many differences are told of one by one; None: all.
    """
    return _Comparing(a, b, window, tolerance, most).comparison()


class _Comparing:
    def __init__(
        self,
        a: Fingerprints,
        b: Fingerprints,
        window: int | None,
        tolerance: Decimal,
        most: int | None,
    ) -> None:
        self._both = a, b
        self._window, self._window_why = _window(a, b, window)
        in_text = a.run.told_in_text or b.run.told_in_text
        self._judge = Judge(tolerance, in_text=in_text)
        self._records = Records(a.run, b.run, self._judge)
        self._alignment = Alignment(a, b, self._window, self._records)
        self._fields = FieldComparison(self._judge, self._partner)
        self._costs = CostSplit()
        self._counts = {verdict: [0, 0] for verdict in VERDICTS}
        self._divergences = Divergences(self._alignment, self._both, self._records, most)
        self._read: Counter[Any] = Counter()
        self._of_parts: dict[tuple[int, ...], str] = {}

    def comparison(self) -> Comparison:
        self._compare_partners()
        self._compare_groups()
        self._take_alone()
        self._count_what_was_not_read()
        a, b = self._both
        differing, same = inputs(a.run, b.run)
        first, around = self._divergences.first(self._verdict_of)
        return Comparison(
            a=_run(a),
            b=_run(b),
            inputs_differing=differing,
            inputs_same=same,
            cause=cause_of(differing, a.run, b.run),
            window=self._window,
            window_why=self._window_why,
            tolerance=self._judge.tolerance,
            kind_fields=KIND,
            counts={verdict: (one[0], one[1]) for verdict, one in self._counts.items()},
            in_parts=sum(group.kind == PARTS for group in self._alignment.groups),
            aligned_by=self._aligned_by(),
            fields=self._fields.counts,
            totals=a.totals.beside(b.totals),
            costs=self._costs.rows(a.costs, b.costs),
            differences=self._divergences.told(),
            left_out=self._divergences.left_out,
            first=first,
            around=around,
            snapshots_compared=a.has_snapshots and b.has_snapshots,
        )

    def _compare_partners(self) -> None:
        a, b = self._both
        partners = self._alignment.partners[0]
        unlike = []
        for order, partner in enumerate(partners, 1):
            if partner:
                if a.digest_of(order) == b.digest_of(partner):
                    self._count(EQUAL, 1, 1)
                    if a.times[order - 1] != b.times[partner - 1]:
                        self._fields.count_shifted((order, partner))
                else:
                    unlike.append(order)
        for orders in in_batches(unlike):
            self._records.sides[0].fetch(orders)
            self._records.sides[1].fetch(partners[order - 1] for order in orders)
            for order in orders:
                self._compare_pair(order, partners[order - 1])

    def _compare_pair(self, order: int, partner: int) -> None:
        record, other = self._records.record(0, order), self._records.record(1, partner)
        self._note_read(record)
        self._costs.add_partner(0, record)
        self._costs.add_partner(1, other)
        key = KEYS[self._alignment.levels[order - 1]]
        self._judge_partners(record, other, (order,), (partner,), key)

    def _judge_partners(
        self,
        record: Record,
        other: Record,
        orders: tuple[int, ...],
        others: tuple[int, ...],
        key: str,
    ) -> str:
        changes = content_of(self._fields.compare(record, other, (orders[0], others[0])))
        verdict = _worst(changes)
        self._count(verdict, len(orders), len(others))
        if verdict == DIFFERENT:
            self._divergences.add(DIFFERENT, orders, others, changes, key)
        return verdict

    def _compare_groups(self) -> None:
        for kind, orders, others, level in self._alignment.groups:
            add = self._costs.add_partner if kind == PARTS else self._costs.add_ambiguous
            for side, of_side in enumerate((orders, others)):
                for some in in_batches(of_side):
                    self._records.sides[side].fetch(some)
                    for order in some:
                        record = self._records.record(side, order)
                        add(side, record)
                        if side == 0:
                            self._note_read(record)
            if kind == PARTS:
                whole, of_parts = (
                    put_together([self._records.record(side, order) for order in of_side])
                    for side, of_side in enumerate((orders, others))
                )
                self._of_parts[orders] = self._judge_partners(
                    whole, of_parts, orders, others, KEYS[level]
                )
            else:
                self._count(AMBIGUOUS, len(orders), len(others))
                self._divergences.add(AMBIGUOUS, orders, others, (), KEYS[level])

    def _take_alone(self) -> None:
        for side, verdict in enumerate((ONLY_A, ONLY_B)):
            for orders in in_batches(self._alignment.alone(side)):
                self._records.sides[side].fetch(orders)
                for order in orders:
                    record = self._records.record(side, order)
                    if side == 0:
                        self._note_read(record)
                    self._costs.add_alone(side, record)
                    self._count(verdict, side == 0, side == 1)
                    self._divergences.add_alone(verdict, side, order)

    def _count_what_was_not_read(self) -> None:
        """Of pairs that say the same, each field is equal."""
        names: Counter[str] = Counter()
        for shape, count in (self._both[0].shapes - self._read).items():
            for name in names_of(shape):
                names[name] += count
        self._fields.count_equal(names)

    def _verdict_of(self, orders: tuple[int, ...], others: tuple[int, ...]) -> str:
        """The verdict on partners or on a group, without counting it."""
        a, b = self._both
        order, partner = orders[0], others[0]
        if not self._alignment.partners[0][order - 1]:
            return self._of_parts.get(orders, AMBIGUOUS)
        if a.digest_of(order) == b.digest_of(partner):
            return EQUAL
        record, other = self._records.record(0, order), self._records.record(1, partner)
        changes = FieldComparison(self._judge, self._partner).compare(
            record, other, (order, partner)
        )
        return _worst(content_of(changes))

    def _partner(self, order: int) -> int:
        partners = self._alignment.partners[0]
        return partners[order - 1] if 0 < order <= len(partners) else 0

    def _note_read(self, record: Record) -> None:
        is_trade = record["event_type"] in TRADES
        self._read[is_trade, tuple(record), tuple(record.get("extra") or ())] += 1

    def _count(self, verdict: str, of_a: int, of_b: int) -> None:
        self._counts[verdict][0] += of_a
        self._counts[verdict][1] += of_b

    def _aligned_by(self) -> dict[str, int]:
        levels = Counter(
            level
            for level, partner in zip(
                self._alignment.levels, self._alignment.partners[0], strict=True
            )
            if partner
        )
        levels.update(group.level for group in self._alignment.groups if group.kind == PARTS)
        return {KEYS[level]: count for level, count in sorted(levels.items())}


def _worst(changes: Any) -> str:
    worst = max((change.verdict for change in changes), default=0)
    return DIFFERENT if worst == CONFLICTING else WITHIN if worst else EQUAL


def _window(a: Fingerprints, b: Fingerprints, given: int | None) -> tuple[int, str]:
    if given is not None:
        return given, "as asked for"
    for one in (a, b):
        if one.run.mode == "live":
            return HALF_AN_HOUR, f"{one.run.name} is live"
        if one.run.told_in_text and not (one.is_on_the_hour and one.statuses <= {"completed"}):
            return HALF_AN_HOUR, f"{one.run.name} may be live"
    return 0, "neither is live"


def _run(fingerprints: Fingerprints) -> ComparedRun:
    run = fingerprints.run
    return ComparedRun(
        name=run.name,
        log=run.log,
        mode=run.mode or None,
        events=len(fingerprints),
        horizon=run.horizon,
        identity=run.identity,
        digest=fingerprints.digest,
    )
