"""The differences one by one, by time, and where two runs part first, with what stands around."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from projections.comparison.alignment import Alignment
from projections.comparison.fields import Change
from projections.comparison.fingerprints import Fingerprints
from projections.comparison.records import Records
from projections.comparison.report import ONLY_A, ONLY_B, Difference, Row
from projections.comparison.values import CONFLICTING

AROUND = 5
"""So many events are shown before the first divergence, and after it."""

_LOOKED_BACK = 1000


Orders = tuple[int, ...]
VerdictOf = Callable[[Orders, Orders], str]
"""Gives the verdict on partners, or on a group."""


class _Found(NamedTuple):
    """A difference as it is kept: by time, then by where it stands in the first run."""

    time: int
    place: float
    verdict: str
    a: tuple[int, ...]
    b: tuple[int, ...]
    changes: tuple[Change, ...]
    key: str | None


class Divergences:
    """Collects differences, of which the first `most` are told of one by one (None: all)."""

    def __init__(
        self,
        alignment: Alignment,
        both: tuple[Fingerprints, Fingerprints],
        records: Records,
        most: int | None,
    ) -> None:
        self._alignment = alignment
        self._both = both
        self._records = records
        self._most = most
        self._found: list[_Found] = []
        self._count = 0
        self._likes: dict[int, dict[int, list[tuple[int, int]]]] = {}

    @property
    def left_out(self) -> int:
        """How many differences are not told of."""
        return self._count - len(self._found)

    def add(
        self,
        verdict: str,
        a: Sequence[int],
        b: Sequence[int],
        changes: Iterable[Change],
        key: str | None,
    ) -> None:
        """Add what differs, or is ambiguous."""
        time = min(
            self._both[side].times[order - 1]
            for side, orders in enumerate((a, b))
            for order in orders
        )
        place = float(min(a)) if a else self._place_in_a(b[0])
        self._count += 1
        self._found.append(_Found(time, place, verdict, tuple(a), tuple(b), tuple(changes), key))
        if self._most is not None and len(self._found) >= 2 * max(self._most, 1):
            self._prune()

    def add_alone(self, verdict: str, side: int, order: int) -> None:
        """Add what one side alone has."""
        self.add(verdict, (order,) if side == 0 else (), (order,) if side else (), (), None)

    def told(self) -> list[Difference]:
        """The differences that are told of, by time."""
        self._prune()
        return [self._difference(one) for one in self._found]

    def first(self, verdict_of: VerdictOf) -> tuple[Difference | None, list[Row]]:
        """The first difference, and the rows around it; `verdict_of` judges partners."""
        if not self._found:
            return None, []
        first = min(self._found, key=_order)
        return self._difference(first), self._around(first, verdict_of)

    def _prune(self) -> None:
        self._found.sort(key=_order)
        if self._most is not None:
            del self._found[max(self._most, 1) :]

    def _place_in_a(self, order: int) -> float:
        """Where an event of B would stand in A: behind the partner of the one before it."""
        partners = self._alignment.partners[1]
        for before in range(order - 1, max(order - _LOOKED_BACK, 0), -1):
            if partners[before - 1]:
                return partners[before - 1] + 0.5
        # Nothing that is near has a partner: by its time.
        return bisect_left(self._both[0].times, self._both[1].times[order - 1]) + 0.5

    def _difference(self, found: _Found) -> Difference:
        side, order = (0, found.a[0]) if found.a else (1, found.b[0])
        record = self._records.record(side, order)
        like = None
        if found.verdict in (ONLY_A, ONLY_B):
            like = self._like(side, order)
        return Difference(
            verdict=found.verdict,
            a=found.a,
            b=found.b,
            timestamp=record["timestamp"],
            event_type=record["event_type"],
            venue=record["venue"],
            token=record.get("token"),
            changes=tuple(_told(change) for change in found.changes),
            aligned_by=found.key,
            like=like,
            like_timestamp=None
            if like is None
            else self._records.record(1 - side, like)["timestamp"],
        )

    def _like(self, side: int, order: int) -> int | None:
        """The nearest of the other side that is of the same kind, and has no partner either."""
        other = 1 - side
        keys = self._both[side].keys.of_level[_OF_A_KIND]
        if other not in self._likes:
            of_key: dict[int, list[tuple[int, int]]] = {}
            numbers, times = self._both[other].numbers, self._both[other].times
            for one in self._alignment.alone(other):
                of_key.setdefault(keys[numbers[one - 1]], []).append((times[one - 1], one))
            for alike in of_key.values():
                alike.sort()
            self._likes[other] = of_key
        alike = self._likes[other].get(keys[self._both[side].numbers[order - 1]], [])
        time = self._both[side].times[order - 1]
        place = bisect_left(alike, (time, 0))
        near = alike[max(place - 1, 0) : place + 1]
        return min(near, key=lambda one: abs(one[0] - time))[1] if near else None

    def _around(self, first: _Found, verdict_of: VerdictOf) -> list[Row]:
        near = AROUND + 1
        a = int(first.place)
        if first.b:
            b = first.b[0]
        else:
            b = next(
                (
                    partner
                    for order in range(min(a, len(self._both[0])), max(a - _LOOKED_BACK, 0), -1)
                    if (partner := self._alignment.partners[0][order - 1])
                ),
                0,
            )
        rows: dict[tuple[tuple[int, ...], tuple[int, ...]], float] = {}
        for order in range(max(a - near, 1), min(a + near, len(self._both[0])) + 1):
            rows[self._row_of(0, order)] = order
        for order in range(max(b - near, 1), min(b + near, len(self._both[1])) + 1):
            row = self._row_of(1, order)
            rows[row] = row[0][0] if row[0] else self._place_in_a(order)
        ordered = sorted(rows, key=lambda row: (rows[row], row))
        mine = ordered.index((first.a, first.b))
        shown = ordered[max(mine - AROUND, 0) : mine + AROUND + 1]
        return [self._row(a, b, first, verdict_of) for a, b in shown]

    def _row_of(self, side: int, order: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """What stands on a line with an event: its partner, its group, or nothing."""
        partner = self._alignment.partners[side][order - 1]
        if partner:
            return ((order,), (partner,)) if side == 0 else ((partner,), (order,))
        group = self._alignment.group_of(side, order)
        if group is not None:
            return group.a, group.b
        return ((order,), ()) if side == 0 else ((), (order,))

    def _row(
        self,
        a: tuple[int, ...],
        b: tuple[int, ...],
        first: _Found,
        verdict_of: VerdictOf,
    ) -> Row:
        if (a, b) == (first.a, first.b):
            verdict = first.verdict
        elif not a or not b:
            verdict = ONLY_A if a else ONLY_B
        else:
            verdict = verdict_of(a, b)
        return Row(verdict, self._line(0, a), self._line(1, b))

    def _line(self, side: int, orders: tuple[int, ...]) -> dict[str, Any] | None:
        if not orders:
            return None
        record = self._records.record(side, orders[0])
        return {
            "orders": list(orders),
            "timestamp": record["timestamp"],
            "event_type": record["event_type"],
            "venue": record["venue"],
            "token": record.get("token"),
            "amount": record.get("amount") if len(orders) == 1 else None,
        }


_OF_A_KIND = 2
"""The level of keys without bundle and step."""


def _order(found: _Found) -> tuple[int, float, tuple[int, ...]]:
    return found.time, found.place, found.b


def _told(change: Change) -> tuple[str, Any, Any, str]:
    if change.verdict != CONFLICTING:
        verdict = "within tolerance"
    elif change.a is None or change.b is None:
        verdict = f"missing in {'A' if change.a is None else 'B'}"
    else:
        verdict = "conflicting"
    return change.field, change.a, change.b, verdict
