"""A log as the former logger wrote it: its true faults, and no others."""

from __future__ import annotations

from projections.audit import RULES
from projections.audit.bundles import Bundles
from projections.audit.funding_amounts import FundingAmounts
from projections.audit.gas import Gas
from projections.audit.staking import Staking
from tests.audit.planting import Event
from tests.projections.audit.judging import d, event, judged

AT = "2025-10-05T14:17:10.705759Z"
SOUND = [
    event("COLLATERAL_SUPPLIED", "AAVE", "weETH", d("49.8"), atoken_received=d("47.43"),
          liquidity_index=d("1.05")),
    event("LOAN_CREATED", "AAVE", "WETH", d("40.0"), debt_token_received=d("38.1"),
          liquidity_index=d("1.05")),
    event("TRADE_EXECUTED", "BINANCE", "ETH", d("8.562"), instrument="ETHUSDT-PERP", side="SHORT",
          entry_price=d("2920.0"), notional_usd=d("25000.0"), execution_cost_usd=d("7.5")),
    event("VENUE_TRANSFER", "WALLET→binance", "USDT", d("50000.0"), from_venue="WALLET",
          to_venue="binance"),
    event("RISK_ALERT", "RISK_MONITOR", "COMPOSITE", d("1.15"), current_value=d("1.15"),
          threshold=d("1.2"), severity="WARNING"),
    event("REBALANCE_EXECUTED", "STRATEGY", "COMPOSITE", d("0.05"), delta_exposure=d("-0.05")),
]  # fmt: skip
"""What its figures, rounded as they are, allow: a size cut to the lot, aTokens to two decimals."""

GAS = event("GAS_FEE_PAID", "ETHEREUM", "ETH", d("0.0035"), gas_cost_eth=d("0.0035"),
            gas_cost_usd=d("8.75"), gas_units=150_000, gas_price_gwei=d("25.0"))  # fmt: skip
STAKE = event("STAKE_DEPOSIT", "ETHERFI", "ETH", d("50.0"), input_token="ETH",
              output_token="weETH", amount_out=d("49.8"), oracle_price=d("3000.0"))  # fmt: skip
FUNDING = event("FUNDING_PAYMENT", "BINANCE", "USDT", d("2.5"), funding_rate=d("0.0001"),
                notional_usd=d("25000.0"), pnl_usd=d("-2.5"), pnl_type="PAID")  # fmt: skip
NET = {"collateral_added": d("47.43"), "debt_added": d("38.1"), "net_leverage": d("1.8")}
BUNDLE = [
    event("ATOMIC_TRANSACTION", "INSTADAPP", "COMPOSITE", 1, net_result=NET, detail_orders=[0]),
    event("FLASH_BORROW", "BALANCER", "WETH", d("100.0")),
    event("STAKE_DEPOSIT", "ETHERFI", "ETH", d("100.0")),
    event("COLLATERAL_SUPPLIED", "AAVE", "weETH", d("99.5")),
    event("LOAN_CREATED", "AAVE", "WETH", d("80.0")),
    event("FLASH_REPAID", "BALANCER", "WETH", d("100.0")),
]


def of_then(*events: Event) -> list[Event]:
    return [one | {"timestamp": AT} for one in events]


def bundle_at(order: int) -> list[Event]:
    return [BUNDLE[0], *(one | {"parent_event": order} for one in BUNDLE[1:])]


def test_what_its_own_figures_contradict_is_found() -> None:
    gas, units = judged(Gas, *of_then(GAS)), "gas_cost_eth"
    assert gas.errors == [((1,), units)]
    assert (gas.findings[0].expected, gas.findings[0].found) == (d("0.00375"), d("0.0035"))
    stake = judged(Staking, *of_then(STAKE))
    assert stake.errors == [((1,), "oracle_price")]
    assert "USD" in stake.findings[0].message
    # A short is paid at a rate above zero.
    funding = judged(FundingAmounts, *of_then(SOUND[2], FUNDING))
    assert funding.errors == [((2,), "pnl_usd")]
    net = judged(Bundles, *of_then(*bundle_at(1)))
    assert net.errors == [((1,), "collateral_added, debt_added")]
    assert net.findings[0].expected == {"collateral_added": d("99.5"), "debt_added": d("80")}


def test_nothing_else_of_it_is() -> None:
    ours = [rule for rule in RULES if rule.__module__.rpartition(".")[2] in _OURS]
    assert len(ours) == len(_OURS)
    for rule in ours:
        events = of_then(*SOUND, *bundle_at(len(SOUND) + 1))
        expected = [len(SOUND) + 1] if rule is Bundles else []
        assert [order for (order, *_), _ in judged(rule, *events).errors] == expected


_OURS = {
    "balances", "bundles", "gas", "trades", "funding_amounts", "lending", "staking", "reconciled",
    "fills",
}  # fmt: skip
