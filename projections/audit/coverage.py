"""What is moved is looked at afterwards: each account has an observed balance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.accounts import WALLET, account_of, perp_account
from domain.effects import MOVING_TYPES, UNDONE, movements
from domain.event_values import EventValues
from projections.audit.moments import DAY, iso, microseconds, told
from projections.audit.rule import AuditedEvent, AuditedLog, Finding, Rule
from projections.event_dicts import Record

_WITHIN = DAY
_CACHED = 10_000
_PARTS = ("cex_accounts", "perp_positions")
_TELLING = ("event_type", "venue", "token", "from_venue", "to_venue", "instrument", "pair")


class Coverage(Rule):
    """After its last movement each account's balance is observed, within a day."""

    NAME = "coverage"
    CHECKS = (
        "every account that events move something in has an observed balance, in a snapshot or a"
        " reconciliation, within a day of its last movement"
    )
    WHY = "a balance that nobody has looked at since is only what the log itself claims"
    TOLERANCE = "one day"

    def __init__(self, log: AuditedLog) -> None:
        super().__init__(log)
        self._accounts: dict[str, _Account] = {}
        self._known: dict[tuple[object, ...], frozenset[str]] = {}
        self._unseen: set[str] = set()
        self._seen: set[str] = set()
        """Accounts that a snapshot has named: one that does not name them shows that they are
        empty."""
        self._last: Record = {}

    def event(self, event: AuditedEvent) -> Iterator[Finding]:
        """It moves something, or shows balances, or both."""
        now = event.now
        if now is None:
            return
        self._last = now
        event_type = now.get("event_type")
        is_moving = event_type in MOVING_TYPES
        self.looked_at += is_moving
        if not is_moving and not self._unseen:
            return
        at = microseconds(now.get("timestamp"))
        if at is None:
            return
        for account in self._moved(now) if is_moving else ():
            self._accounts[account] = _Account(event.order, at)
            self._unseen.add(account)
        snapshot = now.get("position_snapshot")
        if isinstance(snapshot, dict):
            self._observe(snapshot, event.order, at)
        if event_type == "HOURLY_RECONCILIATION":
            self._observed(account_of(str(now.get("venue"))), event.order, at)
        yield from ()

    def end(self) -> Iterator[Finding]:
        """Those that were not looked at in time."""
        if not self._seen:
            moved = [one.order for one in self._accounts.values()]
            if moved:
                self.could_not([max(moved)], "no event tells a balance")
            return
        ends = microseconds(self._last.get("timestamp")) or 0
        for account, one in sorted(self._accounts.items()):
            if one.is_observed:
                continue
            waited = ends - one.at if one.observed is None else one.observed[1] - one.at
            if one.observed is None and waited <= _WITHIN:
                self.could_not(
                    [one.order], f"the log ends {told(waited)} after the last movement of {account}"
                )
                continue
            yield self.error(
                [one.order],
                f"{account} is not observed within {told(_WITHIN)} of its last movement, at order"
                f" {one.order}",
                expected=f"a balance by {iso(one.at + _WITHIN)}",
                found=None if one.observed is None else iso(one.observed[1]),
                field=account,
                tolerance=told(_WITHIN),
            )

    def _moved(self, now: Record) -> frozenset[str]:
        """The accounts in which it moves something, found once for what is alike."""
        values = EventValues(now)
        changes = values.get("changes")
        key = (
            now.get("status") in UNDONE,
            now.get("tx_hash") is None and now.get("nonce") is None,
            tuple(changes) if isinstance(changes, Mapping) else None,
            *map(values.given_text, _TELLING),
        )
        accounts = self._known.get(key)
        if accounts is None:
            if len(self._known) >= _CACHED:
                self._known.clear()
            accounts = frozenset(one.account for one in movements(now))
            if accounts:
                # Those of an amount of zero are as many as those of another, and are not told here.
                self._known[key] = accounts
        return accounts

    def _observe(self, snapshot: Mapping[str, Any], order: int, at: int) -> None:
        named: set[str] = set()
        wallet, venues, positions = map(snapshot.get, ("wallet", *_PARTS))
        if isinstance(wallet, dict):
            named.add(WALLET)
        if isinstance(venues, dict):
            named.update(map(account_of, venues))
        for venue, held in positions.items() if isinstance(positions, dict) else ():
            named.update(perp_account(venue, one) for one in held if isinstance(held, dict))
        for account in named:
            self._observed(account, order, at)
        for account in self._unseen & self._seen - named - {WALLET}:
            if isinstance(snapshot.get(_PARTS["." in account]), dict):
                self._observed(account, order, at)

    def _observed(self, account: str, order: int, at: int) -> None:
        self._seen.add(account)
        if account in self._unseen:
            self._unseen.remove(account)
            self._accounts[account].observed = (order, at)


class _Account:
    """An account's last movement, and when it was first observed from then on."""

    __slots__ = ("at", "observed", "order")

    def __init__(self, order: int, at: int) -> None:
        self.order = order
        self.at = at
        self.observed: tuple[int, int] | None = None

    @property
    def is_observed(self) -> bool:
        """Whether it was, in time."""
        return self.observed is not None and self.observed[1] - self.at <= _WITHIN
