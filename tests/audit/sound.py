"""Sound runs to plant faults in: three days of the demo's strategy, and two of a live one."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from domain.values import decode
from event_logger import EventLogger
from event_logger.demo.market import Market, load_market
from event_logger.demo.run import SHIPPED_MARKET
from event_logger.demo.strategy import Parameters, RestakingStrategy
from infrastructure.audit_logs import AuditLogs
from tests.audit.live_strategy import live_strategy
from tests.audit.planting import BACKTEST, LIVE, Run, plain

_HOURS = slice(2, 75)
"""Of the demo's month: it begins between two payments of funding, and ends after one."""


@cache
def sound_run(mode: str) -> Run:
    """The sound run of this mode; nobody changes it."""
    return {BACKTEST: _demo, LIVE: live_strategy}[mode]()


def _demo() -> Run:
    """The demo's own strategy, made to deleverage and to trade more often."""
    market = Market(load_market(SHIPPED_MARKET).hours[_HOURS], [])
    parameters = Parameters(delta_threshold=Decimal("0.0005"), margin_rebalance=Decimal("0.98"))
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'demo.db'}"
        with EventLogger(store=url) as logger:
            RestakingStrategy(logger, parameters).run(market)
        with AuditLogs(url, must_exist=True) as logs:
            rows = logs.records(logs.get("default"))
            return [plain(order, decode(state, str)) for order, state in rows]
