"""What each type of event moves, as a table, and what it costs in gas."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.effects import (
    GAS_TOLERANCE,
    MOVING_TYPES,
    Movement,
    gas_cost_eth,
    gas_cost_mismatch,
    movements,
    untold_fields,
    untold_legs,
)
from domain.event_types import EVENT_TYPES

Event = dict[str, Any]
Legs = list[tuple[str, str, str]]

STAKE = {"event_type": "STAKE_DEPOSIT", "venue": "LIDO", "token": "ETH", "amount": 2}
SPOT = {
    "event_type": "SPOT_TRADE", "venue": "BINANCE", "token": "ETH", "amount": 2, "pair": "ETH/USDT",
    "side": "BUY", "price": 3000.5,
}  # fmt: skip
PERP = {
    "event_type": "TRADE_EXECUTED", "venue": "BYBIT", "token": "ETH", "amount": 8.562,
    "instrument": "ETHUSDT-PERP", "side": "SHORT", "entry_price": 2920,
}  # fmt: skip
FUNDING = {"event_type": "FUNDING_PAYMENT", "venue": "BINANCE", "token": "USDT", "amount": 2.5}
TRANSFER = {
    "event_type": "VENUE_TRANSFER", "venue": "WALLET→binance", "from_venue": "WALLET",
    "to_venue": "binance", "token": "USDT", "amount": 50,
}  # fmt: skip
SUPPLY = {"event_type": "COLLATERAL_SUPPLIED", "venue": "AAVE", "token": "weETH", "amount": 49.8}

TABLE: list[tuple[Event, Legs]] = [
    (TRANSFER, [("WALLET", "USDT", "-50"), ("binance", "USDT", "50")]),
    (
        TRANSFER | {"from_venue": None, "to_venue": None, "venue": "BINANCE→Bybit"},
        [("binance", "USDT", "-50"), ("bybit", "USDT", "50")],
    ),
    (TRANSFER | {"from_venue": "ETHEREUM", "to_venue": "ARBITRUM"}, []),
    (SPOT, [("binance", "ETH", "2"), ("binance", "USDT", "-6001.0")]),
    (
        SPOT | {"side": "sell", "quote_amount": 6000, "execution_cost_usd": 6},
        [("binance", "ETH", "-2"), ("binance", "USDT", "6000"), ("binance", "USDT", "-6")],
    ),
    (
        SPOT | {"fee": Decimal("0.002"), "fee_token": "BNB", "execution_cost_usd": 1},
        [("binance", "ETH", "2"), ("binance", "USDT", "-6001.0"), ("binance", "BNB", "-0.002")],
    ),
    (
        SPOT | {"status": "partially_filled", "filled_amount": 1, "average_price": 3000},
        [("binance", "ETH", "1"), ("binance", "USDT", "-3000")],
    ),
    (SPOT | {"status": "cancelled"}, []),
    (
        SPOT | {"venue": "UNISWAP", "execution_cost_usd": 3},
        [("WALLET", "ETH", "2"), ("WALLET", "USDT", "-6001.0")],
    ),
    (SPOT | {"tx_hash": "0x1"}, [("WALLET", "ETH", "2"), ("WALLET", "USDT", "-6001.0")]),
    (SPOT | {"pair": "weETH_ETH"}, [("binance", "ETH", "2"), ("binance", "ETH", "-6001.0")]),
    (PERP, [("bybit.ETHUSDT-PERP", "size", "-8.562")]),
    (
        PERP | {"side": "LONG", "execution_cost_usd": 7.5},
        [("bybit.ETHUSDT-PERP", "size", "8.562"), ("bybit", "USDT", "-7.5")],
    ),
    (
        PERP | {"instrument": "BTC-USDC-SWAP", "fee": -1},
        [("bybit.BTC-USDC-SWAP", "size", "-8.562"), ("bybit", "USDC", "1")],
    ),
    (PERP | {"status": "rejected"}, []),
    (FUNDING | {"pnl_usd": -2.5}, [("binance", "USDT", "-2.5")]),
    (FUNDING | {"pnl_type": "RECEIVED"}, [("binance", "USDT", "2.5")]),
    (
        STAKE | {"input_token": "ETH", "output_token": "wstETH", "amount_out": 1.7},
        [("WALLET", "ETH", "-2"), ("WALLET", "wstETH", "1.7")],
    ),
    (
        STAKE
        | {"event_type": "STAKE_WITHDRAWAL", "token": "wstETH", "output_token": "ETH"}
        | {"amount_out": 2.3},
        [("WALLET", "wstETH", "-2"), ("WALLET", "ETH", "2.3")],
    ),
    (
        SUPPLY | {"atoken_received": 47.43},
        [("WALLET", "weETH", "-49.8"), ("WALLET", "aWeETH", "47.43")],
    ),
    (
        SUPPLY | {"event_type": "COLLATERAL_WITHDRAWN", "token": "USDT", "atoken_burned": 40},
        [("WALLET", "USDT", "49.8"), ("WALLET", "aUSDT", "-40")],
    ),
    (
        SUPPLY | {"event_type": "LOAN_CREATED", "token": "WETH", "debt_token_received": 38.1},
        [("WALLET", "WETH", "49.8"), ("WALLET", "variableDebtWETH", "38.1")],
    ),
    (
        SUPPLY | {"event_type": "LOAN_REPAID", "token": "WETH", "debt_token_burned": 38.1},
        [("WALLET", "WETH", "-49.8"), ("WALLET", "variableDebtWETH", "-38.1")],
    ),
    (
        {"event_type": "FLASH_BORROW", "venue": "BALANCER", "token": "WETH", "amount": 100},
        [("WALLET", "WETH", "100")],
    ),
    (
        {"event_type": "FLASH_REPAID", "venue": "AAVE", "token": "WETH", "amount": 100}
        | {"fee_paid": 0.05},
        [("WALLET", "WETH", "-100"), ("WALLET", "WETH", "-0.05")],
    ),
    (
        {"event_type": "GAS_FEE_PAID", "venue": "ARBITRUM", "token": "ETH", "amount": 0.0035},
        [("WALLET", "ETH", "-0.0035")],
    ),
    (
        {"event_type": "GAS_FEE_PAID", "venue": "ETHEREUM", "gas_cost_eth": 0.0035},
        [("WALLET", "ETH", "-0.0035")],
    ),
    (
        {"event_type": "SEASONAL_REWARD_DISTRIBUTION", "venue": "ETHERFI_KING_PROTOCOL"}
        | {"token": "KING", "amount": 3},
        [("WALLET", "KING", "3")],
    ),
    (
        {"event_type": "BALANCE_CHANGE", "venue": "ETHEREUM", "token": "USDT", "amount": 5}
        | {"changes": {"USDT": 5, "ETH": Decimal("-1.5"), "note": "text"}},
        [("WALLET", "USDT", "5"), ("WALLET", "ETH", "-1.5")],
    ),
    ({"event_type": "BALANCE_CHANGE", "venue": "BYBIT", "token": "USDT", "amount": 5}, []),
]

MOVES_NOTHING = {
    "ATOMIC_TRANSACTION", "LEVERAGE_LOOP_ITERATION", "TRANSACTION_FAILED", "HOURLY_RECONCILIATION",
    "PRICE_UPDATE", "RISK_ALERT", "REBALANCE_EXECUTED", "REBALANCE_TRIGGER", "LIQUIDATION_RISK",
    "MARGIN_WARNING", "EXPOSURE_UPDATE", "PNL_SNAPSHOT", "CORRECTION",
    "LOG_CONTINUED", "KEY_ROTATED", "LOG_CLOSED",
}  # fmt: skip


def as_record(event: Event) -> Event:
    """The event as it is stored: beyond a few fields everything stands in `extra`."""
    declared = {"event_type", "venue", "token", "amount", "execution_cost_usd", "gas_cost_eth"}
    apart = {name: value for name, value in event.items() if name not in declared | {"status"}}
    return {name: value for name, value in event.items() if name not in apart} | {"extra": apart}


@pytest.mark.parametrize("form", [dict, as_record])
@pytest.mark.parametrize(("event", "legs"), TABLE)
def test_each_type_moves_what_the_table_says(event: Event, legs: Legs, form: Any) -> None:
    moved = movements(form(event))
    assert [(one.account, one.asset, str(one.amount)) for one in moved] == legs
    assert untold_fields(form(event)) == ()


def test_every_type_of_the_catalogue_is_in_the_table_or_moves_nothing() -> None:
    shown = {event["event_type"] for event, legs in TABLE if legs}
    assert shown == MOVING_TYPES
    assert EVENT_TYPES - shown <= MOVES_NOTHING


@pytest.mark.parametrize("event_type", sorted(MOVES_NOTHING | {"OUR_OWN_TYPE"}))
def test_an_event_that_only_tells_moves_nothing(event_type: str) -> None:
    event = SPOT | {"event_type": event_type}
    assert (movements(event), untold_fields(event)) == ((), ())


@pytest.mark.parametrize(
    ("event", "told", "untold"),
    [
        (STAKE, [Movement("WALLET", "ETH", Decimal(-2))], ("output_token", "amount_out")),
        (SUPPLY, [Movement("WALLET", "weETH", Decimal("-49.8"))], ("atoken_received",)),
        (SPOT | {"side": "SHARE"}, [], ("side",)),
        (SPOT | {"pair": "WBTC"}, [Movement("binance", "ETH", Decimal(2))], ("pair",)),
        (PERP | {"instrument": None}, [], ("instrument",)),
        (PERP | {"amount": "8.5"}, [], ("amount",)),
        (FUNDING, [], ("pnl_type",)),
        (
            SPOT | {"pair": "ETH/BTC", "price": 0.05, "execution_cost_usd": 6},
            [
                Movement("binance", "ETH", Decimal(2)),
                Movement("binance", "BTC", Decimal("-0.10")),
            ],
            ("fee",),
        ),
    ],
)
def test_what_an_event_does_not_tell_is_named_and_left_out(
    event: Event, told: list[Movement], untold: tuple[str, ...]
) -> None:
    assert list(movements(event)) == told
    assert untold_fields(event) == untold


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=30).filter(bool),
    st.decimals(allow_nan=False, allow_infinity=False, places=30).filter(bool),
)
def test_amounts_keep_every_digit(amount: Decimal, price: Decimal) -> None:
    bought, paid = movements(SPOT | {"amount": amount, "price": price})
    assert str(bought.amount) == str(amount)
    numerator, denominator = amount.as_integer_ratio()
    other, divisor = price.as_integer_ratio()
    moved, unit = paid.amount.as_integer_ratio()
    assert moved * denominator * divisor == -numerator * other * unit


@pytest.mark.parametrize("amount", [float("nan"), Decimal("Infinity"), True, "5", None])
def test_what_is_no_finite_number_moves_nothing(amount: Any) -> None:
    event = {"event_type": "FLASH_BORROW", "venue": "AAVE", "token": "WETH", "amount": amount}
    assert movements(event) == ()
    assert untold_fields(event) == ("amount",)


@pytest.mark.parametrize(
    ("units", "gwei", "cost"),
    [
        (150_000, 25.0, "0.00375"),
        (21_000, Decimal("0.000000001"), "2.1E-14"),
        (10**30, Decimal("1.00000000000000000000000000001"), "1000000000000000000000.00000001"),
    ],
)
def test_gas_costs_units_times_price(units: int, gwei: Any, cost: str) -> None:
    assert gas_cost_eth(units, gwei).compare(Decimal(cost)) == 0


@pytest.mark.parametrize(
    ("cost", "mismatch"),
    [
        (0.00375, None),
        (Decimal("0.00375") * (1 + GAS_TOLERANCE), None),
        (Decimal("0.00375") * (1 + 2 * GAS_TOLERANCE), Decimal("0.00375")),
        (0.0035, Decimal("0.00375")),
        (-0.00375, Decimal("0.00375")),
        (None, None),
    ],
)
def test_a_gas_cost_that_units_and_price_do_not_give_is_seen(cost: Any, mismatch: Any) -> None:
    event = {"gas_cost_eth": cost, "gas_units": 150_000, "gas_price_gwei": 25.0}
    assert gas_cost_mismatch(event) == mismatch


@pytest.mark.parametrize(
    ("event", "legs"),
    [
        (STAKE | {"output_token": "wstETH"}, [("WALLET", "wstETH")]),
        (STAKE, [("WALLET", None)]),
        (STAKE | {"output_token": "wstETH", "amount_out": 1.7}, []),
        (SUPPLY, [("WALLET", "aWeETH")]),
        (PERP | {"side": "MIDDLE"}, [("bybit.ETHUSDT-PERP", "size")]),
        (
            {"event_type": "BALANCE_CHANGE", "venue": "X", "token": "ETH", "amount": 1},
            [("x", "ETH")],
        ),
        ({"event_type": "BALANCE_CHANGE", "venue": "X", "amount": 1, "changes": {}}, []),
        ({"event_type": "FLASH_REPAID", "venue": "X", "token": "ETH", "amount": 1}, []),
        ({"event_type": "RISK_ALERT", "venue": "X", "amount": 1}, []),
        (STAKE | {"status": "failed"}, []),
    ],
)
def test_what_moved_by_an_amount_that_is_not_told_is_named(
    event: Event, legs: list[tuple[str | None, str | None]]
) -> None:
    assert list(untold_legs(event)) == legs
