"""Trades, funding payments and fills: tables of what agrees and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from projections.audit.fills import Fills
from projections.audit.funding_amounts import FundingAmounts
from projections.audit.trades import Trades
from tests.audit.planting import LIVE, Event, later
from tests.projections.audit.judging import START, d, event, judged


def perp(side: str = "SHORT", **data: Any) -> Event:
    told = {
        "instrument": "ETHUSDT-PERP", "side": side, "entry_price": d("2920.5"),
        "notional_usd": d("5841.000000"),
    }  # fmt: skip
    return event("TRADE_EXECUTED", "BINANCE", "ETH", d("2")) | told | data


def spot(**data: Any) -> Event:
    told = {"pair": "ETH/USDT", "side": "BUY", "price": d("3000.5"), "quote_amount": d("6001.0")}
    return event("SPOT_TRADE", "BINANCE", "ETH", d("2")) | told | data


def held(size: str, entry: str = "2900", **data: Any) -> Event:
    position = {"size": d(size), "entry_price": d(entry)}
    shown = {"perp_positions": {"binance": {"ETHUSDT-PERP": position}}}
    return event("PNL_SNAPSHOT", "STRATEGY", "USDT", 1, position_snapshot=shown) | data


@pytest.mark.parametrize(
    ("trade", "field"),
    [
        (perp(), None),
        (perp(notional_usd=d("5841")), None),
        (perp(notional_usd=d("5841.000001")), "notional_usd"),
        (perp(notional_usd=d("5840")), "notional_usd"),
        (perp(notional_usd=d("-5841")), None),
        (perp(amount=d("1.99999999"), notional_usd=d("5840.999970")), None),  # cut
        (perp(amount=2.0, entry_price=2920.5, notional_usd=5841.000000001), None),
        (perp(amount=2.0, entry_price=2920.5, notional_usd=5841.01), "notional_usd"),
        # A notional was asked for, and the size is cut to the lot.
        (perp(amount=d("8.562"), entry_price=d("2920"), notional_usd=d("25000.0")), None),
        (perp(amount=d("8.572"), entry_price=d("2920"), notional_usd=d("25000.0")), "notional_usd"),
        (perp(amount=d("8.562"), entry_price=d("2920"), notional_usd=d("25001.1")), "notional_usd"),
        (perp(instrument="BTCUSD", amount=100, notional_usd=100), None),
        (perp(notional_usd=None), None),
        (perp(average_price=d("2921"), notional_usd=d("5842")), None),
        (perp(execution_cost_usd=d("2.92050"), execution_cost_bps=d("5")), None),
        (perp(execution_cost_usd=d("2.9205"), execution_cost_bps=d("50")), "execution_cost_bps"),
        (spot(), None),
        (spot(quote_amount=d("6001.1")), "quote_amount"),
        (spot(quote_amount=None), None),
        (spot(quote_amount=d("3000.5"), filled_amount=d("1")), None),
        (spot(quote_amount=d("2999"), filled_amount=d("1"), average_price=d("2999")), None),
        (spot(quote_amount=d("2999"), filled_amount=d("1"), average_price=d("2998")),
         "quote_amount"),
    ],
)  # fmt: skip
def test_amount_times_price_is_what_was_paid(trade: Event, field: str | None) -> None:
    found = judged(Trades, trade)
    assert found.errors == ([] if field is None else [((1,), field)])


@pytest.mark.parametrize(
    ("before", "side", "realised", "is_right"),
    [
        (held("-2"), "LONG", d("-41"), True),
        (held("-2"), "LONG", d("41"), False),
        (held("-1"), "LONG", d("-20.5"), True),  # and turns to long
        (held("5"), "SHORT", d("41"), True),
        (held("-2"), "SHORT", d("0"), True),
        (held("-2"), "SHORT", d("1"), False),
        (held("0"), "LONG", d("0"), True),
    ],
)
def test_what_a_close_realises_follows_from_the_entry(
    before: Event, side: str, realised: Any, is_right: bool
) -> None:
    found = judged(Trades, before, perp(side, realised_pnl_usd=realised))
    assert found.errors == ([] if is_right else [((2,), "realised_pnl_usd")])


def test_what_is_realised_is_not_judged_before_a_position_is_known() -> None:
    found = judged(Trades, perp("LONG", realised_pnl_usd=d("7")))
    assert found.errors == []
    assert [orders for orders, _ in found.unjudged] == [(1,)]


def funding(rate: str, pnl: Any, **data: Any) -> Event:
    given = d(str(pnl))
    told = {
        "funding_rate": d(rate), "notional_usd": d("25000"), "pnl_usd": pnl,
        "pnl_type": "RECEIVED" if given > 0 else "PAID",
    }  # fmt: skip
    return event("FUNDING_PAYMENT", "BINANCE", "USDT", abs(given)) | told | data


@pytest.mark.parametrize(
    ("before", "payment", "field"),
    [
        ([held("-8")], funding("0.0001", d("2.5")), None),
        ([held("-8")], funding("-0.0001", d("-2.5")), None),
        ([held("8")], funding("0.0001", d("-2.5")), None),
        ([held("-8")], funding("0.0001", d("-2.5")), "pnl_usd"),
        ([held("8")], funding("0.0001", d("2.5")), "pnl_usd"),
        ([held("-8")], funding("0.0001", d("2.6")), "pnl_usd"),
        ([held("-8")], funding("0.0001", d("2.500001")), "pnl_usd"),
        ([held("-8")], funding("0.0001", 2.5, amount=2.5), None),
        ([held("-8")], funding("0.0001", d("2.5"), amount=d("2.4")), "amount"),
        ([held("-8")], funding("0.0001", d("2.5"), pnl_type="PAID"), "pnl_type"),
        ([held("-8")], funding("0.0001", d("2.5"), pnl_type=None), None),
        ([held("-8")], funding("0.00012345", d("3.086250")), None),
        ([held("-8")], funding("0.00012345678", d("3.086419")), None),  # cut
        ([held("-8")], funding("0", d("0")), None),
        ([held("-8")], funding("0.0001", d("2.5"), notional_usd=d("-25000")), None),
        ([perp("SHORT")], funding("0.0001", d("-2.5")), "pnl_usd"),
        ([held("8"), perp("SHORT", amount=d("10"))], funding("0.0001", d("2.5")), None),
        # Of the position at the other venue nothing is said here.
        ([held("-8"), perp("LONG", venue="BYBIT")], funding("0.0001", d("2.5")), None),
    ],
)  # fmt: skip
def test_funding_is_rate_times_notional_and_longs_pay_shorts(
    before: list[Event], payment: Event, field: str | None
) -> None:
    found = judged(FundingAmounts, *before, payment)
    assert found.errors == ([] if field is None else [((len(before) + 1,), field)])
    assert found.unjudged == []


@pytest.mark.parametrize(
    "before",
    [
        [],
        [held("0")],
        [held("-8"), perp("LONG", instrument="BTCUSDT-PERP")],
        [held("-1", timestamp=START), perp("LONG", timestamp=later(START, hours=3))],
    ],
)
def test_the_sign_is_not_judged_where_no_one_side_is_held(before: list[Event]) -> None:
    payment = funding("0.0001", d("2.5"), timestamp=later(START, hours=3))
    found = judged(FundingAmounts, *before, payment)
    assert found.errors == []
    assert [orders for orders, _ in found.unjudged] == [(len(before) + 1,)]
    wrong = judged(FundingAmounts, *before, payment | {"notional_usd": d("1")})
    assert wrong.errors == [((len(before) + 1,), "pnl_usd")]


def part(status: str, filled: Any, average: Any = None, **changes: Any) -> Event:
    told = {"filled_amount": filled, "average_price": average, **changes}
    told = {name: value for name, value in told.items() if value is not None}
    return {"status": status, "stored": {"changes": told}}


PARTS, DONE = "partially_filled", "filled"


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ([part(PARTS, d("1"), d("2900")), part(DONE, d("2"), d("2950"))], None),
        ([part(DONE, 2.0, 2950.5)], None),
        ([part(DONE, d("2.0"))], None),
        ([part(DONE, None)], None),
        ([part(PARTS, d("1")), part("cancelled", None)], None),
        ([part(PARTS, d("1")), part("cancelled", None), part(DONE, d("2"))], None),
        ([part(PARTS, d("1"), d("2900")), part(DONE, d("2"), d("1450.01"))], None),
        ([part(PARTS, d("1")), part(PARTS, d("0.9"))], "filled_amount"),
        ([part(PARTS, d("2.1"))], "filled_amount"),
        ([part(PARTS, d("-1"))], "filled_amount"),
        ([part(DONE, d("1.999"))], "filled_amount"),
        ([part(PARTS, d("1"), d("-2900"))], "average_price"),
        ([part(PARTS, d("1"), d("2900")), part(DONE, d("2"), d("1400"))], "average_price"),
        ([part(PARTS, d("1"), d("2900")), part(PARTS, d("1"), d("2910"))], "average_price"),
    ],
)
def test_the_parts_of_a_fill_add_up(parts: list[Event], field: str | None) -> None:
    updates = [
        one | {"at": later(START, hours=9, seconds=place), "filled_amount": d("0.1") * place}
        for place, one in enumerate(parts, 1)
    ]
    order = perp(exchange_order_id="b-1", updates=updates)
    for place, one in enumerate(updates):
        if one["status"] == "cancelled":
            del updates[place]["filled_amount"]
    found = judged(Fills, order, mode=LIVE)
    assert found.errors == ([] if field is None else [((1,), field)])
    assert found.looked_at == 1


def test_a_part_that_does_not_tell_how_much_is_not_judged() -> None:
    update = {"status": PARTS, "at": START}
    found = judged(Fills, perp(exchange_order_id="b-1", updates=[update]), mode=LIVE)
    assert found.errors == []
    assert [orders for orders, _ in found.unjudged] == [(1,)]


def test_what_was_logged_as_filled_was_filled_whole() -> None:
    assert judged(Fills, perp(status=DONE, filled_amount=d("2")), mode=LIVE).errors == []
    found = judged(Fills, perp(status=DONE, filled_amount=d("1.5")), mode=LIVE)
    assert found.errors == [((1,), "filled_amount")]
