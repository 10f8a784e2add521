"""Balances are reconciled as often as they usually are."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

from projections.audit.moments import iso, microseconds, told
from projections.audit.rule import AuditedEvent, AuditedLog, Finding, Rule

_TYPE = "HOURLY_RECONCILIATION"
_KNOWN = 8
"""Gaps from which a rhythm is told."""
_LONG = 1.5
_ALIKE = 0.2
_HELD = 1000


class _Hole(NamedTuple):
    orders: tuple[int, int]
    began: int
    ended: int
    rhythm: int
    what: tuple[str, ...]


class Reconciliation(Rule):
    """Each account's reconciliations follow one another at their own rhythm, without holes."""

    NAME = "reconciliation"
    TYPES = frozenset((_TYPE,))
    CHECKS = "by venue and token, reconciliations keep the rhythm that they have had so far"
    WHY = "while nobody compares, a balance may be anything"
    TOLERANCE = "half of the rhythm, which is the median of the gaps before"

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._rhythms: dict[tuple[str, str], _Rhythm] = {}
        self._holes: list[_Hole] = []

    def event(self, event: AuditedEvent) -> Iterator[Finding]:
        """The next of its account."""
        now = event.now
        if now is None or now.get("event_type") != _TYPE:
            return
        at = microseconds(now.get("timestamp"))
        if at is None:
            return
        self.looked_at += 1
        key = (str(now.get("venue")).upper(), str(now.get("token")))
        rhythm = self._rhythms.get(key)
        if rhythm is None:
            rhythm = self._rhythms[key] = _Rhythm()
        for orders, began, ended, usual in rhythm.next(event.order, at):
            self._holes.append(_Hole(orders, began, ended, usual, (" ".join(key),)))
        if len(self._holes) > _HELD:
            yield from self._said()

    def end(self) -> Iterator[Finding]:
        """The holes; where several accounts were left alone at once, they are one."""
        for key, rhythm in self._rhythms.items():
            for orders, began, ended, usual in rhythm.rest():
                self._holes.append(_Hole(orders, began, ended, usual, (" ".join(key),)))
            if not rhythm.is_known:
                self.could_not(
                    rhythm.seen, f"{' '.join(key)} keeps no rhythm that could be told from so few"
                )
        yield from self._said()

    def _said(self) -> Iterator[Finding]:
        holes, self._holes = sorted(self._holes, key=lambda one: (one.began, one.orders)), []
        while holes:
            hole = holes.pop(0)
            for other in list(holes):
                apart = abs(other.began - hole.began) + abs(other.ended - hole.ended)
                if apart < hole.rhythm * _ALIKE:
                    holes.remove(other)
                    hole = hole._replace(
                        what=hole.what + other.what,
                        orders=(
                            max(hole.orders[0], other.orders[0]),
                            min(hole.orders[1], other.orders[1]),
                        ),
                    )
            missing = max(1, round((hole.ended - hole.began) / hole.rhythm) - 1)
            yield self.error(
                hole.orders,
                f"{', '.join(hole.what)}: no reconciliation between {iso(hole.began)} and"
                f" {iso(hole.ended)}, where {missing} {'was' if missing == 1 else 'were'} due",
                expected=f"one every {told(hole.rhythm)}",
                found=told(hole.ended - hole.began),
                field=hole.what[0],
                tolerance=told(hole.rhythm // 2),
                last_good=hole.orders[0],
            )


Gap = tuple[tuple[int, int], int, int, int]
"""Between which orders, from when to when, and how long it usually is."""


class _Rhythm:
    """The gaps of one account, the last ones held back until it is clear what they are.

    A gap that is far longer than usual is a hole; where those that follow are as long, the rhythm
    has changed.
    """

    def __init__(self) -> None:
        self.seen: tuple[int, ...] = ()
        self._last: tuple[int, int] | None = None
        self._usual: deque[int] = deque(maxlen=25)
        self._waiting: list[tuple[tuple[int, int], int, int]] = []
        self._rhythm = 0

    @property
    def is_known(self) -> bool:
        """Whether there were gaps enough to tell."""
        return self._rhythm > 0

    def next(self, order: int, at: int) -> Iterator[Gap]:
        """The holes that are clear by now."""
        self.seen = (*self.seen[:1], order)
        last, self._last = self._last, (order, at)
        if last is None or at <= last[1]:
            # Twice at one time, or out of order: no gap.
            if last is not None and at < last[1]:
                self._last = last
            return
        self._waiting.append(((last[0], order), last[1], at))
        if not self._rhythm:
            self._begin()
        if self._rhythm:
            yield from self._judged(2)

    def _begin(self) -> None:
        """Tell the rhythm from the first gaps, once most of them are alike."""
        if len(self._waiting) < _KNOWN:
            return
        gaps = [ended - began for _, began, ended in self._waiting]
        usual = int(median(gaps))
        if sum(2 * abs(gap - usual) <= usual for gap in gaps) * 4 >= len(gaps) * 3:
            self._rhythm = usual
        else:
            self._waiting.pop(0)

    def rest(self) -> Iterator[Gap]:
        """The holes among what was held back."""
        if self._rhythm:
            yield from self._judged(0)

    def _judged(self, ahead: int) -> Iterator[Gap]:
        while len(self._waiting) > ahead:
            orders, began, ended = self._waiting.pop(0)
            gap, rhythm = ended - began, self._rhythm
            if gap > _LONG * rhythm:
                if self._has_changed(gap):
                    self._usual.clear()
                    self._rhythm = gap
                else:
                    yield orders, began, ended, rhythm
                continue
            self._usual.append(gap)
            if gap != rhythm and len(self._usual) >= _KNOWN:
                self._rhythm = int(median(self._usual))

    def _has_changed(self, gap: int) -> bool:
        ahead = [ended - began for _, began, ended in self._waiting[:2]]
        return len(ahead) == 2 and all(abs(one - gap) <= gap * _ALIKE for one in ahead)
