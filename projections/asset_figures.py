"""What flowed of each asset; and apart from that what only tells: prices, and balances found."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Self

from domain.accounts import SIZE
from domain.effects import movements
from domain.event_values import EXACT, EventValues
from projections.event_dicts import Record

_ZERO = Decimal(0)

_PRICE, _FOUND = "PRICE_UPDATE", "HOURLY_RECONCILIATION"


class AssetFigures:
    """Flows as `domain.effects` knows them, prices, and balances as reconciliations found them."""

    def __init__(self) -> None:
        self._flows: dict[str, tuple[Decimal, Decimal]] = {}
        self._prices: dict[str, dict[str, Any]] = {}
        self._balances: dict[tuple[str, str], dict[str, Any]] = {}

    def fold(self, events: Iterable[tuple[int, Record]]) -> Self:
        """Fold in further events, in rising order."""
        for order, record in events:
            event_type = record["event_type"]
            if event_type == _PRICE:
                self._note_price(order, EventValues(record))
            elif event_type == _FOUND:
                self._note_balance(order, EventValues(record))
            for one in movements(record):
                # A position is of an instrument, and none of its token.
                is_position = one.asset == SIZE
                asset = one.account.partition(".")[2] if is_position else one.asset
                into, out = self._flows.get(asset, (_ZERO, _ZERO))
                if one.amount > 0:
                    into = EXACT.add(into, one.amount)
                else:
                    out = EXACT.subtract(out, one.amount)
                self._flows[asset] = into, out
        return self

    def as_dict(self) -> dict[str, Any]:
        """`flows`, `prices` and `balances`, each by what it is of, first seen first."""
        return {
            "flows": {
                asset: {"in": into, "out": out, "net": EXACT.subtract(into, out)}
                for asset, (into, out) in self._flows.items()
            },
            "prices": self._prices,
            "balances": list(self._balances.values()),
        }

    def _note_price(self, order: int, values: EventValues) -> None:
        price = values.number("price_usd", "amount")
        token = values.given_text("token")
        if price is None or token is None:
            return
        known = self._prices.setdefault(token, {"updates": 0, "low": price, "high": price})
        known["updates"] += 1
        known["low"], known["high"] = min(known["low"], price), max(known["high"], price)
        known["last"], known["order"] = price, order

    def _note_balance(self, order: int, values: EventValues) -> None:
        found, token = values.number("actual", "amount"), values.given_text("token")
        venue = values.given_text("venue")
        if found is None or token is None or venue is None:
            return
        key = (venue, token)
        known = self._balances.setdefault(key, {"venue": venue, "token": token, "found": 0})
        known["found"] += 1
        known["last"], known["order"] = found, order
