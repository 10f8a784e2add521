"""Every nonce of a sending account is in the log, or was given to what the log does not hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from projections.audit.rule import NOTHING, AuditedEvent, AuditedLog, Finding, Rule
from projections.audit.senders import Account, is_inbound, nonces_of, sender_of
from projections.event_dicts import Record

_HELD = 10_000


class Nonces(Rule):
    """The nonces of each account and chain leave no hole."""

    NAME = "nonces"
    CHECKS = "by sender and chain, the nonces of what was sent follow one another (a warning)"
    WHY = "a hole is a transaction that nobody logged, or one that was cancelled by another"

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._accounts: dict[Account, _Nonces] = {}

    def event(self, event: AuditedEvent) -> Iterable[Finding]:
        """Its nonces, every one that it was ever sent with."""
        now = event.now
        if now is None or now.get("nonce") is None or event.root != event.order or is_inbound(now):
            return NOTHING
        return self._taken(event, now)

    def _taken(self, event: AuditedEvent, now: Record) -> Iterator[Finding]:
        for nonce in nonces_of(event):
            self.looked_at += 1
            account = sender_of(now)
            seen = self._accounts.setdefault(account, _Nonces())
            seen.take(nonce, event.order)
            if len(seen.holes) > _HELD:
                yield from self._said(account, seen)

    def end(self) -> Iterator[Finding]:
        """What nobody has filled."""
        for account, seen in self._accounts.items():
            yield from self._said(account, seen)

    def _said(self, account: Account, seen: _Nonces) -> Iterator[Finding]:
        for (first, last), orders in sorted(seen.holes.items()):
            which = f"nonce {first}" if first == last else f"nonces {first} to {last}"
            yield self.warning(
                orders,
                f"{which} of {account} {'is' if first == last else 'are'} not in the log: not"
                " logged, or cancelled",
                expected=first,
                found=last + 1,
                field="nonce",
                last_good=orders[0],
            )
        seen.holes.clear()


class _Nonces:
    """The nonces of one account: the highest, and the holes below it."""

    def __init__(self) -> None:
        self.holes: dict[tuple[int, int], tuple[int, int]] = {}
        """From the first missing to the last, between which orders."""
        self._first: tuple[int, int] | None = None
        self._last = (0, 0)

    def take(self, nonce: int, order: int) -> None:
        """It is there."""
        if self._first is None:
            self._first = self._last = (nonce, order)
            return
        if nonce > self._last[0]:
            if nonce > self._last[0] + 1:
                self.holes[self._last[0] + 1, nonce - 1] = self._last[1], order
            self._last = (nonce, order)
        elif nonce < self._first[0]:
            if nonce + 1 < self._first[0]:
                self.holes[nonce + 1, self._first[0] - 1] = order, self._first[1]
            self._first = (nonce, order)
        else:
            self._fill(nonce, order)

    def _fill(self, nonce: int, order: int) -> None:
        for first, last in self.holes:
            if first <= nonce <= last:
                before, after = self.holes.pop((first, last))
                if first < nonce:
                    self.holes[first, nonce - 1] = before, order
                if nonce < last:
                    self.holes[nonce + 1, last] = order, after
                return
