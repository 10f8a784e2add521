"""What is moved is looked at afterwards: each account has an observed balance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from domain.accounts import WALLET, account_of, perp_account
from domain.effects import MOVING_TYPES, UNDONE, movements
from domain.event_values import EventValues
from projections.audit.moments import DAY, iso, microseconds, told
from projections.audit.rule import NOTHING, AuditedEvent, AuditedLog, Finding, Rule
from projections.event_dicts import Record

_RECONCILED = "HOURLY_RECONCILIATION"
_WITHIN = DAY
_LOOKS = 20
"""An account that was never observed is left out where so many snapshots do not show it."""
_CACHED = 10_000
_PARTS = ("cex_accounts", "perp_positions")
_KINDS = ("wallet", *_PARTS)
_TELLING = ("event_type", "venue", "token", "from_venue", "to_venue", "instrument", "pair")


class Coverage(Rule):
    """After its last movement each account's balance is observed, within a day."""

    NAME = "coverage"
    CHECKS = (
        "every account that events move something in has an observed balance, in a snapshot or a"
        " reconciliation, within a day of its last movement; one that was never observed, within"
        f" {_LOOKS} snapshots"
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
        self._kinds: set[str] = set()
        """What is observed at all: who keeps no positions in snapshots leaves out none."""
        self._last: Record = {}
        self._looks = 0

    def event(self, event: AuditedEvent) -> Iterable[Finding]:
        """It moves something, or shows balances, or both."""
        now = event.now
        if now is None:
            return NOTHING
        self._last = now
        event_type = now.get("event_type")
        is_moving = event_type in MOVING_TYPES
        self.looked_at += is_moving
        if "position_snapshot" in now:
            self._looks += 1
            if len(self._kinds) < len(_KINDS):
                self._kinds.update(_shown(now["position_snapshot"]))
        is_observing = event_type == _RECONCILED or not event.is_alike
        if not is_moving and not (self._unseen and is_observing):
            return NOTHING
        at = microseconds(now.get("timestamp"))
        if at is None:
            return NOTHING
        for account in self._moved(now) if is_moving else ():
            self._accounts[account] = _Account(event.order, at, self._looks)
            self._unseen.add(account)
        snapshot = now.get("position_snapshot")
        if isinstance(snapshot, dict):
            self._observe(snapshot, event.order, at)
        if event_type == _RECONCILED:
            self._observed(account_of(str(now.get("venue"))), event.order, at)
        return NOTHING

    def end(self) -> Iterator[Finding]:
        """Those that were not looked at in time."""
        ends = microseconds(self._last.get("timestamp")) or 0
        for account, one in sorted(self._accounts.items()):
            if one.is_observed:
                continue
            if _kind(account) not in self._kinds:
                self.could_not([one.order], f"no event tells a balance like that of {account}")
                continue
            waited = ends - one.at if one.observed is None else one.observed[1] - one.at
            is_left_out = account not in self._seen and self._looks - one.looks >= _LOOKS
            if waited > _WITHIN or is_left_out:
                yield self._finding(account, one)
            elif self.log.mode == "backtest":
                yield self.warning(
                    [one.order],
                    f"the run ends {told(waited)} after the last movement of {account}, at order"
                    f" {one.order}, and has not looked at it since",
                    field=account,
                )

    def _finding(self, account: str, one: _Account) -> Finding:
        return self.error(
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
            if isinstance(snapshot.get(_kind(account)), dict):
                self._observed(account, order, at)

    def _observed(self, account: str, order: int, at: int) -> None:
        self._seen.add(account)
        self._kinds.add(_kind(account))
        if account in self._unseen:
            self._unseen.remove(account)
            self._accounts[account].observed = (order, at)


def _shown(snapshot: Any) -> Iterator[str]:
    if isinstance(snapshot, dict):
        yield from (kind for kind in _KINDS if isinstance(snapshot.get(kind), dict))


def _kind(account: str) -> str:
    """The part of a snapshot that the account belongs to."""
    return "wallet" if account == WALLET else _PARTS["." in account]


class _Account:
    """An account's last movement, and when it was first observed from then on."""

    __slots__ = ("at", "looks", "observed", "order")

    def __init__(self, order: int, at: int, looks: int) -> None:
        self.order = order
        self.at = at
        self.looks = looks
        self.observed: tuple[int, int] | None = None

    @property
    def is_observed(self) -> bool:
        """Whether it was, in time."""
        return self.observed is not None and self.observed[1] - self.at <= _WITHIN
