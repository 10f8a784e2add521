"""Gas: units, price, cost, and what that was worth."""

from __future__ import annotations

from typing import Any

import pytest

from projections.audit.gas import Gas
from projections.audit.rule import AuditOptions
from tests.audit.planting import BACKTEST, LIVE, Event
from tests.projections.audit.judging import START, d, event, judged


def fee(**data: Any) -> Event:
    told = {"gas_units": 150_000, "gas_price_gwei": d("25"), "gas_cost_eth": d("0.00375"), **data}
    return event("GAS_FEE_PAID", "ETHEREUM", "ETH", told["gas_cost_eth"]) | told


def price(usd: Any, **data: Any) -> Event:
    told = event("PRICE_UPDATE", "BINANCE", "ETH", usd, price_usd=usd, timestamp=START)
    return told | data


@pytest.mark.parametrize(
    ("gas", "field"),
    [
        (fee(), None),
        (fee(gas_cost_eth=0.00375, gas_price_gwei=25.0), None),
        (fee(gas_cost_eth=d("0.0036")), "gas_cost_eth"),
        (fee(gas_units=150_001, gas_cost_eth=d("0.003750")), None),  # cut, as chains do
        (fee(gas_cost_eth=d("0.0038")), None),  # rounded
        (fee(gas_cost_eth=d("0.0035")), "gas_cost_eth"),
        (fee(gas_cost_eth=d("0.003750000000000001")), "gas_cost_eth"),
        (fee(gas_cost_eth=0.003751, gas_price_gwei=25.0), "gas_cost_eth"),
        (fee(gas_price_gwei=d("25e9")), "gas_cost_eth"),
        (fee(gas_cost_eth=150_000), "gas_cost_eth"),
        (fee(gas_cost_eth=3_750_000_000_000_000), "gas_cost_eth"),
        (fee(amount=d("0.00376")), "amount"),
        (fee(gas_cost_eth=None, amount=d("0.00376")), "amount"),
        (fee(gas_cost_wei=3_750_000_000_000_000), None),
        (fee(gas_cost_wei=150_000), "gas_cost_wei"),
        (fee(gas_price_wei=25_000_000_000), None),
        (fee(gas_price_wei=25), "gas_price_wei"),
        (fee(gas_units=None), None),
        (event("STAKE_DEPOSIT", "LIDO", "ETH", 1, gas_units=10, gas_price_gwei=1, gas_cost_eth=1),
         "gas_cost_eth"),
        # A rollup's fee for data is beside its gas, and only ever more.
        (fee(venue="BASE", gas_cost_eth=d("0.00385")), None),
        (fee(chain_id=10, gas_cost_eth=d("0.00385")), None),
        (fee(venue="BASE", gas_cost_eth=d("0.00365")), "gas_cost_eth"),
        (fee(venue="ARBITRUM", gas_cost_eth=d("0.00385")), "gas_cost_eth"),
    ],
)  # fmt: skip
def test_units_times_price_is_the_cost(gas: Event, field: str | None) -> None:
    found = judged(Gas, gas)
    assert found.errors == ([] if field is None else [((1,), field)])
    assert found.looked_at == 1


def test_the_message_says_which_figure_stands_in_the_wrong_field() -> None:
    (units,) = judged(Gas, fee(gas_cost_eth=150_000)).findings
    (wei,) = judged(Gas, fee(gas_cost_eth=3_750_000_000_000_000)).findings
    assert "the units of gas" in units.message
    assert "the cost in wei" in wei.message


@pytest.mark.parametrize(
    ("prices", "usd", "field"),
    [
        ([price(d("2400"))], d("9.00"), None),
        ([price(d("2400"))], d("9.01"), "gas_cost_usd"),
        ([price(d("2400")), price(d("2410"), venue="BYBIT")], d("9.0375"), None),
        ([price(d("2300")), price(d("2400"), timestamp="2024-05-12T09:00:00Z")], d("9"), None),
        ([price(d("2500")), price(d("2400"), token="BTC")], d("9.00"), "gas_cost_usd"),
        # Each token has its last price, whenever another had one.
        (
            [price(d("2400")), price(d("60000"), token="BTC", timestamp="2024-05-12T08:00:07Z")],
            d("20.00"),
            "gas_cost_usd",
        ),
        (
            [price(d("2400")), price(d("60000"), token="BTC", timestamp="2024-05-12T08:00:07Z")],
            d("9.00"),
            None,
        ),
        ([price(2400.0)], 9.0, None),
    ],
)
def test_the_cost_in_usd_is_at_the_logs_own_price_of_then(
    prices: list[Event], usd: Any, field: str | None
) -> None:
    at = prices[-1]["timestamp"]
    found = judged(Gas, *prices, fee(gas_cost_usd=usd, timestamp=at))
    assert found.errors == ([] if field is None else [((len(prices) + 1,), field)])
    assert found.unjudged == []


@pytest.mark.parametrize(
    ("timestamp", "usd", "field", "is_judged"),
    [
        ("2024-05-12T08:40:00Z", d("9.3"), None, True),
        ("2024-05-12T08:40:00Z", d("90"), "gas_cost_usd", True),
        ("2024-05-12T09:40:00Z", d("90"), None, False),
    ],
)
def test_a_price_of_another_moment_judges_what_no_hour_brings(
    timestamp: str, usd: Any, field: str | None, is_judged: bool
) -> None:
    found = judged(Gas, price(d("2400")), fee(gas_cost_usd=usd, timestamp=timestamp), mode=LIVE)
    assert found.errors == ([] if field is None else [((2,), field)])
    assert [orders for orders, _ in found.unjudged] == ([] if is_judged else [(2,)])


def test_live_the_amount_is_the_estimate_and_the_receipt_may_say_otherwise() -> None:
    receipt = {"at": START, "status": "confirmed", "gas_cost_eth": d("0.003"), "gas_units": 120_000}
    assert judged(Gas, fee(updates=[receipt]), mode=LIVE).errors == []
    receipt["gas_units"] = 150_000
    assert judged(Gas, fee(updates=[receipt]), mode=LIVE).errors == [((1,), "gas_cost_eth")]


def test_events_that_cannot_be_judged_are_told_as_one() -> None:
    found = judged(Gas, *(fee(gas_cost_usd=9) for _ in range(5)))
    ((orders, why),) = found.unjudged
    assert orders == (1, 5)
    assert "5 events" in why


def test_without_tolerance_what_was_rounded_is_a_difference() -> None:
    given = fee(gas_cost_eth=d("0.0038"))
    found = judged(Gas, given, mode=BACKTEST, options=AuditOptions(tolerance=d("0")))
    assert found.errors == [((1,), "gas_cost_eth")]
