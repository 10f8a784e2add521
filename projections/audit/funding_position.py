"""One perpetual at one venue: when it is open, by its trades, and the payments that it gets."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from domain.event_values import EXACT
from projections.audit.funding_intervals import known_interval
from projections.audit.funding_schedule import PUNCTUAL, Fault, Opened, Payment
from projections.audit.moments import DAY, HOUR

Key = tuple[str, str]
"""The venue, in lower case, and the instrument."""

_HELD = 64
_FLOATS = Decimal("1e-12")
ZERO = Decimal(0)


class Position:
    """Follows the size from what was held before the log began, in so far as that is shown."""

    def __init__(self, key: Key, size: Decimal, order: int, at: int) -> None:
        self._key = key
        self._size = size
        self._largest = size.copy_abs()
        self._opened: list[Opened] = []
        self._is_given_up = False
        self.interval: int | None = None
        self.orders: tuple[int, ...] = ()
        self.is_known = True
        """Whether the size is: who is paid before any trade holds something that nobody told."""
        self.is_untold = False
        if size:
            self._open(order, at, at)

    def is_open(self, at: int) -> bool:
        """Whether it is open by a time, or was until just before."""
        return bool(self._opened) and self._opened[-1].closed + PUNCTUAL >= at

    def give_up(self) -> None:
        """Its payments cannot be told from another's."""
        self._is_given_up = True

    def trade(
        self, order: int, change: Decimal, after: Decimal | None, at: int, settled: int
    ) -> None:
        """A trade opens it, closes it, or changes what is open; `after` is what is shown then."""
        before = self._size
        if after is not None:
            before = before if self.is_known else EXACT.subtract(after, change)
            self.is_known = True
        if not self.is_known:
            return
        self._size = EXACT.add(before, change) if after is None else after
        self._largest = max(self._largest, self._size.copy_abs(), change.copy_abs())
        if self._size.copy_abs() <= EXACT.multiply(_FLOATS, self._largest):
            self._size = ZERO
        if not before and self._size:
            self._open(order, at, settled)
        elif before and not self._size and self._opened:
            self._opened[-1].close(order, at, settled)

    def pay(self, payment: Payment, at: int) -> None:
        """A payment came in."""
        self.orders = (*self.orders[:1], payment.order)
        if not self._opened:
            self.is_known = False
            self._open(payment.order, at, at)
        of_its_time = [one for one in self._opened if one.began <= at + PUNCTUAL]
        (of_its_time or self._opened)[-1].take(payment)

    def judged(self, at: int) -> Iterator[Fault]:
        """What is wrong, as soon as it can be told."""
        while len(self._opened) > 1 and self._opened[1].began + DAY < at:
            yield from self._of(self._opened.pop(0), is_over=True)
        if self._opened and len(self._opened[0].payments) > _HELD:
            yield from self._of(self._opened[0], is_over=False)

    def rest(self, until: int) -> Iterator[Fault]:
        """What is wrong with all that is left."""
        for opened in self._opened:
            # Of what nobody told to be open, nobody knows for how long.
            ends = until if self.is_known else min(until, opened.last_payment())
            yield from self._of(opened, is_over=True, until=ends)
        self._opened = []

    def _of(self, opened: Opened, *, is_over: bool, until: int = 2**62) -> Iterator[Fault]:
        if opened.interval is None:
            opened.interval = self.interval
        is_long = bool(opened.payments) or min(opened.closed, until) - opened.began > 8 * HOUR
        for fault in opened.judged(is_over=is_over, until=until):
            self.interval = opened.interval
            if not self._is_given_up:
                yield fault
        self.interval = opened.interval
        self.is_untold |= is_long and opened.interval is None

    def _open(self, order: int, at: int, settled: int) -> None:
        self.orders = self.orders or (order,)
        if self._opened and self._opened[-1].closed_by is None:
            # Nobody told when: by now at the latest.
            self._opened[-1].close(order, at, at)
        interval = self.interval or known_interval(*self._key, at)
        self._opened.append(Opened(order, at, settled, interval))
