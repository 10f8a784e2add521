"""Statements of a venue beside a log that agrees with them, for the tests to change."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from event_logger import EventLogger
from tests.commands import run
from tests.support import HOUR

STORE = ("--store", "sqlite:///venue.db")
FILLS = """
kind = "fills"
venue = "BINANCE"
[columns]
time = "date"
symbol = "symbol"
side = "side"
amount = "qty"
fee = "commission"
id = "orderId"
"""
FUNDING = """
kind = "funding"
venue = "BYBIT"
time_unit = "ms"
[columns]
time = "ts"
amount = "income"
[only]
type = "FUNDING_FEE"
"""
BALANCES = """
kind = "balances"
venue = "BINANCE"
[columns]
time = "date"
symbol = "asset"
amount = "free"
[symbols]
XBT = "BTC"
"""
RECEIPTS = """
kind = "receipts"
[columns]
time = "time"
tx_hash = "hash"
gas_units = "gasUsed"
gas_price_gwei = "gwei"
block_number = "block"
status = "status"
"""
MAPS = {"fills": FILLS, "funding": FUNDING, "balances": BALANCES, "receipts": RECEIPTS}

HEADER = "date,symbol,side,qty,commission,orderId\n"
FILL_LINES = [
    "2024-05-12T14:00:03Z,ETHUSDT,BUY,1.5,0.75,\n",
    "2024-05-12T15:00:10Z,ETHUSDT,SELL,0.4,0.1,\n",
    "2024-05-12T15:00:11Z,ETHUSDT,SELL,0.6,0.2,\n",
    "2024-05-12T16:00:00Z,BTCUSDT,SELL,2,1,77\n",
]
"""What BINANCE tells of orders 1, 2 (in two parts) and 3 (by its id)."""


def hours(count: float) -> Any:
    return HOUR + timedelta(hours=count)


def written_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log that a venue's statement, written beside it, agrees with."""
    monkeypatch.chdir(tmp_path)
    with EventLogger(store="sqlite:///venue.db") as logger:
        logger.log_spot_trade(HOUR, "BINANCE", "ETH/USDT", "BUY", Decimal("1.5"), 3000, 0.75)
        logger.log_perp_trade(
            hours(1), "binance", "ETHUSDT-PERP", "SHORT", Decimal(1), 3000, 3000, Decimal("0.3")
        )
        logger.log_spot_trade(
            hours(2), "BINANCE", "BTC/USDT", "SELL", 2, 60000, 1, exchange_order_id="77"
        )
        logger.log_spot_trade(hours(2), "KRAKEN", "BTC/USDT", "SELL", 2, 60000, 1)
        for hour, pnl in ((0, 2.5), (8, -1.25)):
            logger.log_funding_payment(hours(hour), "BYBIT", 0.0001, 25000, pnl)
        logger.log_gas_fee(
            hours(9), Decimal("0.0042"), 12, "TRANSFER", 21000, 200, tx_hash="0xAb", block_number=9
        )
        logger.log_event(
            hours(10),
            "BALANCE_CHANGE",
            "WALLET",
            position_snapshot={"cex_accounts": {"binance": {"USDT": Decimal(500), "BTC": 2}}},
        )
        logger.log_reconciliation(hours(11), "BINANCE", "USDT", 400, 400)
    for name, text in MAPS.items():
        (tmp_path / f"{name}.toml").write_text(text)
    (tmp_path / "fills.csv").write_text(HEADER + "".join(FILL_LINES))
    (tmp_path / "funding.csv").write_text(
        f"ts,type,income\n{ms(0)},FUNDING_FEE,2.5\n{ms(1)},REBATE,7\n{ms(8)},FUNDING_FEE,-1.25\n"
    )
    balances = [("11", "USDT", 500), ("11", "XBT", 2), ("12", "USDT", 400), ("12", "XBT", 2)]
    (tmp_path / "balances.json").write_text(
        json.dumps(
            [
                {"date": hours(int(at) - 0.5).isoformat(), "asset": asset, "free": str(free)}
                for at, asset, free in balances
            ]
        )
    )
    (tmp_path / "receipts.csv").write_text(
        "time,hash,gasUsed,gwei,block,status\n2024-05-12T23:00:05Z,0xab,21000,200,9,1\n"
    )
    return tmp_path


def ms(hour: int) -> int:
    return int(hours(hour).timestamp() * 1000)


SUFFIX = {"balances": "json"}


def against(*kinds: str, code: int = 0, further: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    pairs = [
        word
        for kind in kinds
        for word in (
            "--against", f"{kind}.{SUFFIX.get(kind, 'csv')}", "--map", f"{kind}.toml",
        )
    ]  # fmt: skip
    out = run("audit", *STORE, *pairs, *further, "--json", code=code).stdout
    return [json.loads(line) for line in out.splitlines()]


def differences(*kinds: str, further: tuple[str, ...] = ()) -> list[tuple[str, list[int], str]]:
    found = against(*kinds, code=1, further=further)
    return [
        (one["message"].partition(":")[0], one["orders"], one["field"])
        for one in found
        if one.get("severity") == "error"
    ]
