"""The events that every contestant logs: a mix of types, each with a position snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pandas as pd

Call = tuple[str, dict[str, Any]]
"""A typed method's name and its arguments."""

EVENTS_PER_HOUR = 100


def calls(count: int, *, decimals: bool = False) -> Iterator[Call]:
    """The calls that log `count` events; the same every time, if asked for with Decimals."""
    start = pd.Timestamp("2000-01-01", tz="UTC")
    for i in range(count):
        if i % EVENTS_PER_HOUR == 0:
            timestamp = start + pd.Timedelta(hours=i // EVENTS_PER_HOUR)
        price = 3000.0 + i % 997 * 0.37
        method, arguments = _CALLS[i % len(_CALLS)](timestamp, price, _snapshot(price))
        yield method, _exact(arguments) if decimals else arguments


def _exact(value: Any) -> Any:
    """The value with a Decimal of the same digits for every float in it."""
    if isinstance(value, dict):
        return {key: _exact(one) for key, one in value.items()}
    return Decimal(repr(value)) if isinstance(value, float) else value


def _snapshot(price: float) -> dict[str, Any]:
    eth = price / 61.7
    return {
        "wallet": {
            "ETH": eth,
            "USDT": 1250.5 + price,
            "weETH": 0.0,
            "aWeETH": eth * 1.9031,
            "variableDebtWETH": eth * 0.9017,
        },
        "cex_accounts": {
            "binance": {"USDT": 24992.5 + price, "ETH": 0.0},
            "bybit": {"USDT": 24871.25 - price, "ETH": 0.0},
        },
        "perp_positions": {
            venue: {"ETHUSDT-PERP": {"size": -eth / 2, "entry_price": 2920.5, "mark": price}}
            for venue in ("binance", "bybit")
        },
    }


def _gas(timestamp: Any, price: float, snapshot: dict[str, Any]) -> Call:
    return "log_gas_fee", {
        "timestamp": timestamp,
        "gas_cost_eth": 150000 * 25.5e-9,
        "gas_cost_usd": 150000 * 25.5e-9 * price,
        "operation_type": "STAKE_DEPOSIT",
        "gas_units": 150000,
        "gas_price_gwei": 25.5,
        "position_snapshot": snapshot,
    }


def _stake(timestamp: Any, price: float, snapshot: dict[str, Any]) -> Call:
    return "log_stake", {
        "timestamp": timestamp,
        "venue": "ETHERFI",
        "eth_in": price / 61.7,
        "lst_out": price / 64.1,
        "oracle_price": 1.0381,
        "position_snapshot": snapshot,
    }


def _supply(timestamp: Any, price: float, snapshot: dict[str, Any]) -> Call:
    return "log_aave_supply", {
        "timestamp": timestamp,
        "token": "weETH",
        "amount_supplied": price / 64.1,
        "atoken_received": price / 64.2,
        "liquidity_index": 1.0017,
        "position_snapshot": snapshot,
    }


def _perp(timestamp: Any, price: float, snapshot: dict[str, Any]) -> Call:
    return "log_perp_trade", {
        "timestamp": timestamp,
        "venue": "binance",
        "instrument": "ETHUSDT-PERP",
        "side": "SHORT",
        "size_eth": -8.562,
        "entry_price": price,
        "notional_usd": 8.562 * price,
        "execution_cost_usd": 8.562 * price * 0.0005,
        "position_snapshot": snapshot,
    }


def _funding(timestamp: Any, price: float, snapshot: dict[str, Any]) -> Call:
    return "log_funding_payment", {
        "timestamp": timestamp,
        "venue": "bybit",
        "funding_rate": 0.0001,
        "notional_usd": 8.562 * price,
        "pnl_usd": 8.562 * price * 0.0001,
        "position_snapshot": snapshot,
    }


_CALLS = (_gas, _stake, _supply, _perp, _funding)
