"""Records that were damaged: what is odd in one event keeps no rule from judging the others."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from infrastructure.audited_log import StoredLog
from projections.audit import RULES
from projections.audit.running import AtWork, run_rules
from tests.audit.planting import BACKTEST, LIVE, Event, logged
from tests.projections.audit.judging import at, d, event


def shown(usdt: str, size: str) -> Event:
    position = {"ETHUSDT": {"size": d(size), "entry_price": 3000}}
    told = {"cex_accounts": {"x": {"USDT": d(usdt)}}, "perp_positions": {"x": position}}
    return {"position_snapshot": told | {"wallet": {"ETH": d("1")}}}


TRADE = event("TRADE_EXECUTED", "X", "ETH", 1, instrument="ETHUSDT", side="LONG", entry_price=3000)
GAS = event("GAS_FEE_PAID", "ETHEREUM", "ETH", d("0.1"), gas_units=1, gas_price_gwei=1)
ODD: list[Any] = [5, "text", [1], Decimal("sNaN")]


@pytest.mark.parametrize("mode", [BACKTEST, LIVE])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize(
    "name", ["extra", "event_type", "status", "timestamp", "recorded_at", "completion_timestamp"]
)
def test_no_rule_stops_at_what_is_odd(mode: str, place: int, name: str) -> None:
    for odd in ODD:
        run = [GAS, TRADE | shown("9", "1"), TRADE | shown("9", "2"), GAS | shown("9", "2")]
        run = [at(order, dict(one)) for order, one in enumerate(run, 1)]
        run[place]["stored"] = {name: odd}
        with logged(run, mode) as (logs, log):
            seen = StoredLog(logs.store, log)
            at_work = [AtWork(rule, seen, lambda rule, finding: finding) for rule in RULES]
            run_rules(at_work, seen)
        assert [one.why for one in at_work if one.why is not None] == []
        schema, gas = (
            next(one for one in at_work if rule == one.kind.NAME) for rule in ("schema", "gas")
        )
        assert [one.orders for one in schema.held] == [(place + 1,)]
        assert (4,) in [one.orders for one in gas.held]
