"""The typed methods: what each logs, whichever sink it is called on."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from domain.errors import InvalidAmountError, InvalidEventError
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
def test_each_method_logs_what_the_table_says(speak: Speak, row: tuple[Any, ...]) -> None:
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
        ("log_perp_trade", "instrument", "FOOTUSD-PERP", InvalidEventError),
        ("log_perp_trade", "side", "BUY", InvalidEventError),
        ("log_spot_trade", "pair", "WBTC", InvalidEventError),
        ("log_spot_trade", "side", "SHORT", InvalidEventError),
        ("log_stake", "venue", "ROCKETPOOL", InvalidEventError),
        ("log_unstake", "venue", "ROCKETPOOL", InvalidEventError),
        ("log_venue_transfer", "to_venue", "", InvalidEventError),
    ],
)
def test_an_argument_that_a_method_works_on_is_checked_first(
    method: str, argument: str, value: Any, error: type[Exception]
) -> None:
    arguments = arguments_of(method)
    with EventLogger() as logger:
        with pytest.raises(error, match=f"^{argument} "):
            getattr(logger, method)(NOON, **arguments | {argument: value})
        assert logger.global_order == 0
