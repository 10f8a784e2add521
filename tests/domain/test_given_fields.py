"""What the caller gives in place of what a typed method fills in, and what names stand for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from event_logger import EventLogger
from tests.domain.typed_methods import (
    NOON,
    TABLE,
    arguments_of,
    in_a_bundle,
    on_the_aggregate,
    on_the_logger,
)

Speak = Callable[[str, dict[str, Any]], dict[str, Any]]


@pytest.fixture(params=[on_the_logger, on_the_aggregate, in_a_bundle])
def speak(request: pytest.FixtureRequest) -> Speak:
    result: Speak = request.param
    return result


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_whatever_a_method_fills_in_may_be_given_and_wins(
    speak: Speak, row: tuple[Any, ...]
) -> None:
    method, arguments = row[0], row[1]
    filled = speak(method, dict(arguments))
    own = arguments.keys() | {"purpose", "transaction_type"} & arguments.keys()
    unset = {"order", "status", "recorded_at", "timestamp", "parent_event"}
    given: dict[str, Any] = {
        name: "OTHER_NAME" if isinstance(value, str) else {} if isinstance(value, dict) else 77
        for name, value in filled.items()
        if value is not None and name not in own | unset
    }
    assert {"event_type", "purpose", "transaction_type"} <= given.keys()
    event = speak(method, arguments | given)
    assert {name: event[name] for name in given} == given
    assert event.keys() == filled.keys()


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_none_counts_as_not_given(row: tuple[Any, ...]) -> None:
    nothing = dict.fromkeys(
        ["event_type", "venue", "token", "amount", "purpose", "transaction_type"]
    )
    event = on_the_logger(row[0], nothing | row[1])
    assert (event["event_type"], event["venue"], event["token"], event["amount"]) == row[2:6]
    assert (event["transaction_type"], event["purpose"]) == row[6:]


OTHER_TOKENS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("log_stake", {"venue": "EtherFi"}, {"venue": "EtherFi", "output_token": "weETH"}),
    ("log_stake", {"venue": "ROCKETPOOL", "output_token": "rETH"}, {"output_token": "rETH"}),
    (
        "log_unstake",
        {"venue": "ROCKETPOOL", "input_token": "rETH"},
        {"token": "rETH", "input_token": "rETH", "purpose": "Unstake 2 rETH from ROCKETPOOL"},
    ),
    ("log_perp_trade", {"side": "short"}, {"side": "SHORT"}),
    (
        "log_perp_trade",
        {"instrument": "BTCUSDT", "side": "Long"},
        {"token": "BTC", "side": "LONG", "purpose": "LONG 8.562 BTC on binance at 2920.0"},
    ),
    ("log_perp_trade", {"instrument": "FOOTUSD", "token": "FOO"}, {"token": "FOO"}),
    ("log_spot_trade", {"pair": "weETH_ETH", "side": "sell"}, {"token": "weETH", "side": "SELL"}),
    ("log_spot_trade", {"pair": "WBTC", "token": "WBTC"}, {"token": "WBTC", "pair": "WBTC"}),
    ("log_gas_fee", {"venue": "POLYGON", "token": "POL"}, {"venue": "POLYGON", "token": "POL"}),
    ("log_aave_borrow", {"iteration": 3}, {"iteration": 3}),
]


@pytest.mark.parametrize(("method", "given", "expected"), OTHER_TOKENS)
def test_what_names_stand_for_is_stored(
    method: str, given: dict[str, Any], expected: dict[str, Any]
) -> None:
    arguments = arguments_of(method)
    event = on_the_logger(method, arguments | given)
    assert {name: event[name] for name in expected} == expected


def test_a_seasonal_reward_has_its_details_together_too() -> None:
    row = next(row for row in TABLE if row[0] == "log_seasonal_reward_distribution")
    event = on_the_logger(row[0], row[1])
    assert event["details"] == row[1]
    assert event["severity"] == "INFO"


def test_what_an_atomic_transaction_fills_in_may_be_given_too_and_none_is_not_given() -> None:
    filled = ["event_type", "venue", "token", "amount", "purpose", "transaction_type"]
    with EventLogger() as logger:
        logger.log_atomic_transaction(NOON, "entry", [])
        logger.log_atomic_transaction(NOON, "entry", [], **dict.fromkeys(filled))
        given: dict[str, Any] = dict.fromkeys(filled, "OTHER") | {"amount": 7}
        logger.log_atomic_transaction(NOON, "entry", [], **given)
        first, nothing, other = logger.events
    assert {name: nothing[name] for name in filled} == {name: first[name] for name in filled}
    assert {name: other[name] for name in filled} == given
