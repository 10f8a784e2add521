"""Backtests and a live log in a folder, with what is exported of them, for tests of comparisons."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from event_logger import EventLogger
from tests.support import NOON, url_of

HOUR = timedelta(hours=1)
HOSTILE = "\x1b[31m\u202eX [bold]|`\n,\"'=1+1 \U0001f4b0"


def trade(logger: EventLogger, *, late: timedelta = timedelta(0), price: Any = 3000) -> None:
    """What a strategy does in five hours."""
    for hour in range(5):
        now = NOON + hour * HOUR + late
        logger.log_gas_fee(now, Decimal("0.0042"), 12.6, "TRANSFER", 21_000, 200)
        logger.log_funding_payment(now, "BINANCE", 0.0001, 30_000, Decimal("3.0"))
        logger.log_spot_trade(now, "BINANCE", "ETH/USDT", "BUY", Decimal("1.5"), price, 1.5)
        with logger.bundle(now, "ENTRY", net_result={"debt": 88.7, "n": [1, None]}) as bundle:
            loan = bundle.log_flash_borrow(now, "BALANCER", "WETH", 100)
            bundle.log_flash_repay(now, "BALANCER", "WETH", 100, related_events=[loan])
    logger.log_event(NOON + 5 * HOUR + late, "REBALANCE_NOTE", "V", note=HOSTILE, when=NOON, f=1e-7)


def made_in(folder: Path) -> Path:
    """A store of backtests, one of a live log, their exports, and files that are none."""
    store = url_of(folder / "runs.db")
    for name, price in (("base", 3000), ("again", 3000), ("dear", 3001), ("a#b", 3000)):
        with EventLogger(store=store, log=name, metadata={"price": price}) as logger:
            trade(logger, price=price)
            logger.export_to_csv(str(folder / f"{name}.csv"))
            logger.export_to_jsonl(str(folder / f"{name}.jsonl"))
    live = url_of(folder / "live.db")
    with EventLogger("live", store=live, log="live", redis=False) as logger:
        trade(logger, late=timedelta(seconds=7))
        logger.update_event(3, {"status": "filled", "filled_amount": Decimal("1.5")})
        logger.export_to_csv(str(folder / "live.csv"))
        logger.export_to_jsonl(str(folder / "live.jsonl"))
    (folder / "empty.csv").write_text("")
    (folder / "no.csv").write_bytes(b"\x00\xff")
    (folder / "no.jsonl").write_text('{"format": 1}\n')
    return folder
