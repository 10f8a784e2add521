"""The payments of funding while one position was open, held against those that were due.

Payments fall on full hours of UTC, on the multiples of an interval of 1, 2, 4 or 8 hours. An
interval changes where three gaps in a row say so.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from enum import Enum, auto
from itertools import pairwise
from typing import NamedTuple

from projections.audit.funding_intervals import LEGAL
from projections.audit.moments import HOUR, MINUTE

PUNCTUAL = 15 * MINUTE
"""How far from its hour a payment may be logged."""
_MARGIN = MINUTE
"""An exchange takes so long to settle: who was open for less of it may be paid or not."""
_AHEAD = 3


class What(Enum):
    """What is wrong with payments."""

    MISSING = auto()
    DOUBLED = auto()
    OFF_TIME = auto()
    NOT_OPEN = auto()
    CHANGED = auto()


class Fault(NamedTuple):
    """What is wrong, at which orders; the hours (since 1970) that were due, and one that was."""

    what: What
    orders: tuple[int, ...]
    due: tuple[int, ...]
    found: int | None = None


class Payment(NamedTuple):
    """A payment: the full hour next to it, its order, and how far off the hour it is."""

    hour: int
    order: int
    off: int

    @classmethod
    def at(cls, moment: int, order: int) -> Payment:
        """The payment of this moment, in microseconds since 1970."""
        hour = (moment + HOUR // 2) // HOUR
        return cls(hour, order, abs(moment - hour * HOUR))


class Opened:
    """One position from its opening to its close.

    It was opened between two times, when the order was placed and when it was filled; so was it
    closed. What was due in between may be paid or not.
    """

    def __init__(self, order: int, began: int, opened: int, interval: int | None) -> None:
        self.interval = interval
        self.began = began
        self.closing = self.closed = 2**62
        self._until = 2**62
        self.closed_by: int | None = None
        self.payments: list[Payment] = []
        self._paid_by = order
        """The order of the last payment that was on its time, or of the opening."""
        self._paid = (opened + _MARGIN - 1) // HOUR
        """The last hour for which nothing more is due."""
        self._has_paid = False

    def close(self, order: int, closing: int, closed: int) -> None:
        """It was closed between these two times."""
        self.closed_by, self.closing, self.closed = order, closing, closed

    def take(self, payment: Payment) -> None:
        """A payment came in, in any order."""
        insort(self.payments, payment)

    def last_payment(self) -> int:
        """When the last payment came, in microseconds since 1970; all before it was due."""
        return (self.payments[-1].hour if self.payments else self._paid) * HOUR + _MARGIN

    def judged(self, *, is_over: bool, until: int = 2**62) -> Iterator[Fault]:
        """What is wrong by now; until it is over, the last few payments are held back.

        `until` is when the log ends: what is due later may yet come.
        """
        self._until = min(self.closing, until)
        if self.interval is None:
            self.interval = _inferred(self.payments)
        while self.payments and self.interval is not None:
            payment = self.payments[0]
            if payment.hour * HOUR > self.closed + PUNCTUAL:
                break
            if not is_over and len(self.payments) <= _AHEAD:
                return
            del self.payments[0]
            yield from self._next(payment, self.interval)
        if is_over:
            yield from self._end(self._until)

    def _next(self, payment: Payment, interval: int) -> Iterator[Fault]:
        due, hour = self._due(interval), payment.hour
        changed = self._changed(payment, interval)
        if changed is not None:
            self.interval = changed
            yield Fault(What.CHANGED, (payment.order,), (due,), hour)
            yield from self._accept(payment, hour)
        elif hour == due:
            yield from self._accept(payment, hour)
        elif hour <= self._paid and not self._has_paid:
            # Of what was opened just then: it may be paid, and when is not clear yet.
            self._settle(payment.order, self._paid)
        elif hour > due:
            yield from self._late(payment, due, interval)
        elif self._is_needed(due) and not self._is_paid(due):
            yield Fault(What.OFF_TIME, (payment.order,), (due,), hour)
            self._settle(payment.order, due)
        elif hour == self._paid:
            yield Fault(What.DOUBLED, (self._paid_by, payment.order), (hour,), hour)
        else:
            yield Fault(What.OFF_TIME, (payment.order,), (due,), hour)

    def _late(self, payment: Payment, due: int, interval: int) -> Iterator[Fault]:
        """Something is missing before it, unless it is that itself."""
        hour = payment.hour
        bucket = hour // interval * interval
        is_moved = bucket < hour or (bucket == due + interval and self._is_paid(hour))
        if bucket == hour and is_moved:
            bucket = due
        missing = tuple(range(due, bucket, interval))
        if missing:
            yield Fault(What.MISSING, (self._paid_by, payment.order), missing)
        if is_moved:
            yield Fault(What.OFF_TIME, (payment.order,), (bucket,), hour)
            self._settle(payment.order, bucket)
        else:
            yield from self._accept(payment, bucket)

    def _end(self, until: int) -> Iterator[Fault]:
        """What was due after the last payment, and what was paid after the close."""
        interval = self.interval
        missing: list[int] = []
        if interval is not None:
            # The first hour that is no more needed.
            end = -((_MARGIN - until) // HOUR)
            missing = list(range(self._due(interval), end, interval))
        for payment in self.payments if interval is not None else ():
            if missing and payment.hour - missing[-1] <= (interval or 0):
                yield Fault(What.OFF_TIME, (payment.order,), (missing.pop(),), payment.hour)
            else:
                yield Fault(What.NOT_OPEN, (payment.order,), (), payment.hour)
        self.payments = []
        if missing:
            after = () if self.closed_by is None else (self.closed_by,)
            yield Fault(What.MISSING, (self._paid_by, *after), tuple(missing))

    def _accept(self, payment: Payment, hour: int) -> Iterator[Fault]:
        if payment.off > PUNCTUAL:
            yield Fault(What.OFF_TIME, (payment.order,), (hour,), payment.hour)
        self._settle(payment.order, hour)

    def _settle(self, order: int, hour: int) -> None:
        self._paid, self._paid_by, self._has_paid = hour, order, True

    def _due(self, interval: int) -> int:
        return (self._paid // interval + 1) * interval

    def _is_paid(self, due: int) -> bool:
        return any(one.hour == due for one in self.payments[: _AHEAD + 1])

    def _is_needed(self, due: int) -> bool:
        return due * HOUR < self._until - _MARGIN

    def _changed(self, payment: Payment, interval: int) -> int | None:
        """The interval that this payment begins, told by the gap before it and the next two."""
        following = [one.hour for one in self.payments[:2]]
        if len(following) < 2:
            return None
        gaps = {following[0] - payment.hour, following[1] - following[0]}
        if self._has_paid:
            gaps.add(payment.hour - self._paid)
        (gap, *others) = gaps
        is_another = not others and gap != interval and gap in LEGAL
        return gap if is_another and payment.hour % gap == 0 else None


def _inferred(payments: list[Payment]) -> int | None:
    """The interval of the first payments: the first gap that comes twice in a row, else twice."""
    hours = [one.hour for one in payments[:8]]
    gaps = [later - earlier for earlier, later in pairwise(hours)]
    legal = [gap for gap in gaps if gap in LEGAL]
    in_a_row = [one for one, other in pairwise(gaps) if one == other and one in LEGAL]
    return next(iter(in_a_row), next((gap for gap in legal if legal.count(gap) > 1), None))
