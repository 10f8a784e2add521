"""The typed sentences as a table: what each logs, whoever speaks it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from domain.audit_log import AuditLog
from domain.errors import InvalidAmountError, InvalidEventError
from domain.values import decode
from event_logger import EventLogger
from projections.event_dicts import event_dict

NOON = pd.Timestamp("2024-05-12 12:00", tz="UTC")
Speak = Callable[[str, dict[str, Any]], dict[str, Any]]

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


@pytest.fixture(params=[on_the_logger, on_the_aggregate, in_a_bundle])
def speak(request: pytest.FixtureRequest) -> Speak:
    result: Speak = request.param
    return result


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_each_sentence_logs_what_the_table_says(speak: Speak, row: tuple[Any, ...]) -> None:
    method, arguments, event_type, venue, token, amount, transaction_type, purpose = row
    event = speak(method, {**arguments, "note": "extra", "position_snapshot": {"wallet": {}}})
    assert event["event_type"] == event_type
    assert event["venue"] == venue
    assert event["token"] == token
    assert event["amount"] == amount
    assert event["transaction_type"] == transaction_type
    assert event["purpose"] == purpose
    assert event["note"] == "extra"
    assert event["wallet_balance_after"] == {"wallet": {}}
    for name in arguments.keys() & event.keys() - {"venue", "token", "amount"}:
        assert event[name] == arguments[name]


def test_purpose_and_transaction_type_can_be_replaced(speak: Speak) -> None:
    replaced = {"purpose": "First entry", "transaction_type": "ENTRY"}
    event = speak("log_price_update", {"venue": "V", "token": "T", "price_usd": 1} | replaced)
    assert (event["purpose"], event["transaction_type"]) == ("First entry", "ENTRY")


def test_a_decimal_keeps_every_digit_when_its_sign_is_dropped(speak: Speak) -> None:
    pnl = Decimal("-1234567890123456789012345678.901234567890123456789")
    event = speak(
        "log_funding_payment",
        {"venue": "bybit", "funding_rate": 0, "notional_usd": 0, "pnl_usd": pnl},
    )
    assert str(event["amount"]) == str(pnl)[1:]
    assert event["pnl_usd"] == pnl


@pytest.mark.parametrize(
    ("method", "argument", "value", "error"),
    [
        ("log_perp_trade", "size_eth", "8", InvalidAmountError),
        ("log_perp_trade", "venue", None, InvalidEventError),
        ("log_funding_payment", "pnl_usd", None, InvalidAmountError),
        ("log_rebalance", "delta_exposure", float("nan"), InvalidAmountError),
        ("log_spot_trade", "pair", "?", InvalidEventError),
        ("log_venue_transfer", "to_venue", "", InvalidEventError),
    ],
)
def test_an_argument_that_a_sentence_works_on_is_checked_first(
    method: str, argument: str, value: Any, error: type[Exception]
) -> None:
    arguments = next(row[1] for row in TABLE if row[0] == method)
    with EventLogger() as logger:
        with pytest.raises(error, match=f"^{argument} "):
            getattr(logger, method)(NOON, **arguments | {argument: value})
        assert logger.global_order == 0


@pytest.mark.parametrize(
    ("pair", "base"),
    [("ETH/USDT", "ETH"), ("ETH-USDT", "ETH"), ("ETHUSDT", "ETH"), ("weETH_ETH", "weETH")],
)
def test_the_token_of_a_spot_trade_is_the_base_of_its_pair(pair: str, base: str) -> None:
    with EventLogger() as logger:
        logger.log_spot_trade(NOON, "BINANCE", pair, "BUY", 1, 2)
        assert logger.events[0]["token"] == base
