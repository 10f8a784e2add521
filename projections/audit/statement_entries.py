"""What the log tells of the things that a statement tells of."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from domain.effects import ENDED_EARLY, UNDONE
from domain.event_values import EventValues, decimal_of
from domain.statuses import OPEN_STATUSES
from projections.audit.moments import microseconds
from projections.audit.statement import Statement, Told, same_symbol
from projections.event_dicts import Record

_TYPES = {
    Told.FILLS: ("SPOT_TRADE", "TRADE_EXECUTED"),
    Told.FUNDING: ("FUNDING_PAYMENT",),
}
_NAMES = ("instrument", "pair", "symbol")
_IDS = ("exchange_order_id", "trade_id", "fill_id", "event_id")
_SIDES = {"BUY": "BUY", "LONG": "BUY", "SELL": "SELL", "SHORT": "SELL"}


class Entry(NamedTuple):
    """What one event tells: its times, the names of what it is about (none: of anything)."""

    order: int
    times: tuple[int, ...]
    symbols: frozenset[str]
    amount: Decimal | None
    fee: Decimal | None
    side: str | None
    ids: frozenset[str]
    is_rounded: bool

    @property
    def time(self) -> int | None:
        """The last of its times, which is when it came about."""
        return max(self.times, default=None)


def side_of(text: object) -> str | None:
    """BUY or SELL, of a perpetual's LONG and SHORT too; None of anything else."""
    return _SIDES.get(text.strip().upper()) if isinstance(text, str) else None


def entry_of(statement: Statement, order: int, now: Record) -> Entry | None:
    """What the event tells of fills or funding at the statement's venue; None where nothing."""
    if now.get("event_type") not in _TYPES.get(statement.told, ()):
        return None
    if str(now.get("venue", "")).upper() != statement.venue.upper():
        return None
    values = EventValues(now)
    amount = _filled(now, values) if statement.told is Told.FILLS else _funding(values)
    if amount is None:
        return None
    times = (microseconds(now.get(name)) for name in ("timestamp", "completion_timestamp"))
    names = [values.given_text(name) for name in _NAMES]
    named = [name for name in names if name is not None]
    if statement.told is Told.FILLS and now.get("token"):
        named.append(now["token"])
    ids = (values.get(name) for name in _IDS)
    fee = values.given_number("fee")
    return Entry(
        order,
        tuple(time for time in times if time is not None),
        frozenset(map(same_symbol, named)),
        amount,
        values.given_number("execution_cost_usd") if fee is None else fee,
        side_of(values.get("side")),
        frozenset(str(one) for one in ids if one is not None),
        isinstance(now.get("amount"), float),
    )


def _filled(now: Record, values: EventValues) -> Decimal | None:
    """How much the order has moved; None where that is nothing."""
    status = now.get("status")
    if status in UNDONE:
        return None
    filled = values.given_number("filled_amount")
    if filled is None and status not in OPEN_STATUSES and status not in ENDED_EARLY:
        filled = values.given_number("amount")
    return None if not filled else filled.copy_abs()


def _funding(values: EventValues) -> Decimal | None:
    pnl = values.given_number("pnl_usd")
    if pnl is not None:
        return pnl
    amount = values.given_number("amount")
    if amount is None:
        return None
    return amount.copy_negate() if values.get("pnl_type") == "PAID" else amount


def balances_of(statement: Statement, now: Record) -> Iterator[tuple[str, Decimal]]:
    """The balances at the statement's venue that the event tells, by asset."""
    venue = statement.venue.casefold()
    if now.get("event_type") == "HOURLY_RECONCILIATION" and now.get("token"):
        actual = EventValues(now).given_number("actual")
        if actual is not None and str(now.get("venue", "")).casefold() == venue:
            yield now["token"], actual
    snapshot = now.get("position_snapshot")
    if not isinstance(snapshot, dict):
        return
    accounts: Any = snapshot.get("cex_accounts")
    held: list[Any] = [snapshot.get("wallet")] if venue == "wallet" else []
    if isinstance(accounts, dict):
        held += [held for name, held in accounts.items() if str(name).casefold() == venue]
    for balances in held:
        if isinstance(balances, dict):
            for asset, amount in balances.items():
                exact = decimal_of(amount)
                if exact is not None:
                    yield str(asset), exact
