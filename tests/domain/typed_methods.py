"""What each typed method logs, as a table, and the sinks that they are called on."""

from __future__ import annotations

from typing import Any

import pandas as pd

from domain.audit_log import AuditLog
from domain.values import decode
from event_logger import EventLogger
from projections.event_dicts import event_dict

NOON = pd.Timestamp("2024-05-12 12:00", tz="UTC")

# method, its own arguments, event_type, venue, token, amount, transaction_type, purpose
TABLE: list[tuple[str, dict[str, Any], str, str, str, Any, str, str]] = [
    (
        "log_gas_fee",
        {
            "gas_cost_eth": 0.0035,
            "gas_cost_usd": 8.75,
            "operation_type": "STAKE_DEPOSIT",
            "gas_units": 150000,
            "gas_price_gwei": 25.0,
        },
        "GAS_FEE_PAID", "ETHEREUM", "ETH", 0.0035, "GAS_FEE", "Gas fee for STAKE_DEPOSIT",
    ),
    (
        "log_stake",
        {"venue": "ETHERFI", "eth_in": 50.0, "lst_out": 49.8, "oracle_price": 1.004},
        "STAKE_DEPOSIT", "ETHERFI", "ETH", 50.0, "STAKE", "Stake 50.0 ETH to ETHERFI",
    ),
    (
        "log_unstake",
        {"venue": "LIDO", "lst_in": 2, "eth_out": 2.3, "oracle_price": 1.15, "iteration": 1},
        "STAKE_WITHDRAWAL", "LIDO", "wstETH", 2, "UNSTAKE", "Unstake 2 wstETH from LIDO",
    ),
    (
        "log_aave_supply",
        {
            "token": "weETH",
            "amount_supplied": 49.8,
            "atoken_received": 47.43,
            "liquidity_index": 1.05,
        },
        "COLLATERAL_SUPPLIED", "AAVE", "weETH", 49.8, "AAVE_SUPPLY", "Supply 49.8 weETH to AAVE",
    ),
    (
        "log_aave_withdraw",
        {"token": "weETH", "amount_withdrawn": 1, "atoken_burned": 0.9, "liquidity_index": 1.05},
        "COLLATERAL_WITHDRAWN", "AAVE", "weETH", 1, "AAVE_WITHDRAW", "Withdraw 1 weETH from AAVE",
    ),
    (
        "log_aave_borrow",
        {
            "token": "WETH",
            "amount_borrowed": 40,
            "debt_token_received": 38.1,
            "liquidity_index": 1.05,
        },
        "LOAN_CREATED", "AAVE", "WETH", 40, "AAVE_BORROW", "Borrow 40 WETH from AAVE",
    ),
    (
        "log_aave_repay",
        {"token": "WETH", "amount_repaid": 4, "debt_token_burned": 3.8, "borrow_index": 1.05},
        "LOAN_REPAID", "AAVE", "WETH", 4, "AAVE_REPAY", "Repay 4 WETH to AAVE",
    ),
    (
        "log_perp_trade",
        {
            "venue": "binance",
            "instrument": "ETHUSDT-PERP",
            "side": "SHORT",
            "size_eth": -8.562,
            "entry_price": 2920.0,
            "notional_usd": 25000.0,
            "execution_cost_usd": 7.5,
        },
        "TRADE_EXECUTED", "BINANCE", "ETH", 8.562, "PERP_TRADE",
        "SHORT 8.562 ETH on binance at 2920.0",
    ),
    (
        "log_spot_trade",
        {"venue": "BINANCE", "pair": "ETH/USDT", "side": "BUY", "amount": 2, "price": 3000},
        "SPOT_TRADE", "BINANCE", "ETH", 2, "SPOT_TRADE", "BUY 2 ETH on BINANCE at 3000",
    ),
    (
        "log_funding_payment",
        {"venue": "binance", "funding_rate": 0.0001, "notional_usd": 25000.0, "pnl_usd": -2.5},
        "FUNDING_PAYMENT", "BINANCE", "USDT", 2.5, "FUNDING", "Funding payment: PAID 2.5 USDT",
    ),
    (
        "log_venue_transfer",
        {"from_venue": "WALLET", "to_venue": "binance", "token": "USDT", "amount": 50000},
        "VENUE_TRANSFER", "WALLET→binance", "USDT", 50000, "TRANSFER",
        "Transfer 50000 USDT from WALLET to binance",
    ),
    (
        "log_rebalance",
        {"rebalance_type": "DELTA_HEDGE", "delta_exposure": -0.05, "actions_taken": ["SHORT"]},
        "REBALANCE_EXECUTED", "STRATEGY", "COMPOSITE", 0.05, "REBALANCE",
        "Rebalance: DELTA_HEDGE (delta: -0.05)",
    ),
    (
        "log_risk_alert",
        {"risk_type": "HEALTH_FACTOR", "current_value": 1.15, "threshold": 1.2},
        "RISK_ALERT", "RISK_MONITOR", "COMPOSITE", 1.15, "RISK_ALERT",
        "Risk alert: HEALTH_FACTOR = 1.15 (threshold: 1.2)",
    ),
    (
        "log_rebalance_trigger",
        {"trigger": "NET_DELTA", "current_value": 0.03, "threshold": 0.02},
        "REBALANCE_TRIGGER", "STRATEGY", "COMPOSITE", 0.03, "REBALANCE",
        "Rebalance trigger: NET_DELTA = 0.03 (threshold: 0.02)",
    ),
    (
        "log_liquidation_risk",
        {"risk_type": "LTV", "current_value": 0.92, "threshold": 0.9},
        "LIQUIDATION_RISK", "RISK_MONITOR", "COMPOSITE", 0.92, "RISK_ALERT",
        "Liquidation risk: LTV = 0.92 (threshold: 0.9)",
    ),
    (
        "log_margin_warning",
        {"venue": "BYBIT", "current_value": 0.2, "threshold": 0.25},
        "MARGIN_WARNING", "BYBIT", "COMPOSITE", 0.2, "RISK_ALERT",
        "Margin at BYBIT: 0.2 (threshold: 0.25)",
    ),
    (
        "log_seasonal_reward_distribution",
        {
            "reward_type": "KING",
            "amount": 3,
            "weeth_balance_avg": 95.2,
            "period_start": NOON,
            "period_end": NOON,
        },
        "SEASONAL_REWARD_DISTRIBUTION", "ETHERFI_KING_PROTOCOL", "KING", 3, "REWARD_DISTRIBUTION",
        "Seasonal reward: 3 KING",
    ),
    (
        "log_flash_borrow",
        {"venue": "BALANCER", "token": "WETH", "amount": 100, "fee_bps": 9},
        "FLASH_BORROW", "BALANCER", "WETH", 100, "FLASH_LOAN",
        "Flash borrow 100 WETH from BALANCER",
    ),
    (
        "log_flash_repay",
        {"venue": "BALANCER", "token": "WETH", "amount": 100, "fee_paid": 0.09},
        "FLASH_REPAID", "BALANCER", "WETH", 100, "FLASH_LOAN",
        "Repay flash loan of 100 WETH to BALANCER",
    ),
    (
        "log_leverage_loop_iteration",
        {"iteration": 2, "token": "weETH", "supplied": 10, "borrowed": 9, "health_factor": 1.4},
        "LEVERAGE_LOOP_ITERATION", "AAVE", "weETH", 10, "LEVERAGE_LOOP",
        "Leverage loop 2: supply 10 weETH, borrow 9",
    ),
    (
        "log_reconciliation",
        {"venue": "BYBIT", "token": "USDT", "expected": 10, "actual": 11},
        "HOURLY_RECONCILIATION", "BYBIT", "USDT", 11, "RECONCILIATION",
        "Reconcile USDT at BYBIT: expected 10, found 11",
    ),
    (
        "log_price_update",
        {"venue": "BINANCE", "token": "ETH", "price_usd": 3000.5},
        "PRICE_UPDATE", "BINANCE", "ETH", 3000.5, "PRICE_UPDATE",
        "Price of ETH at BINANCE: 3000.5 USD",
    ),
]  # fmt: skip


def on_the_logger(method: str, arguments: dict[str, Any]) -> dict[str, Any]:
    with EventLogger() as logger:
        assert getattr(logger, method)(NOON, **arguments) == 1
        return logger.events[0]


def on_the_aggregate(method: str, arguments: dict[str, Any]) -> dict[str, Any]:
    log = AuditLog.open("run")
    assert getattr(log, method)(NOON, **arguments) == 1
    (event,) = log.logged_after(0)
    return event_dict(1, decode(event.record, pd.Timestamp), pd.Timestamp)


def in_a_bundle(method: str, arguments: dict[str, Any]) -> dict[str, Any]:
    with EventLogger() as logger:
        with logger.bundle(NOON, "BUNDLE") as bundle:
            step = getattr(bundle, method)(NOON, **arguments)
        assert bundle.orders is not None
        event: dict[str, Any] = logger.events[bundle.orders[step] - 1]
        assert event["parent_event"] == 1
        return event


def arguments_of(method: str) -> dict[str, Any]:
    return next(row[1] for row in TABLE if row[0] == method)
