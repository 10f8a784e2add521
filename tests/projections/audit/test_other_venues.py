"""Sound books of venues and markets that call and settle things in their own way."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from projections.audit.balances import Snapshots
from projections.audit.trades import Trades
from projections.balance_sheet import BalanceSheet
from projections.event_dicts import Record
from tests.audit.planting import Event
from tests.projections.audit.judging import Judged, d, event, judged

ALERT = event("RISK_ALERT", "RISK_MONITOR", "COMPOSITE", 1)


def trade(venue: str, instrument: str, side: str, amount: Any, price: Any, **data: Any) -> Event:
    told = {"instrument": instrument, "side": side, "entry_price": price, "fee": 0}
    return event("TRADE_EXECUTED", venue, "ETH", amount, **told) | data


def held(venue: str, instrument: str, size: Any, entry: Any, **balances: Any) -> Record:
    position = {instrument: {"size": size, "entry_price": entry}} if size else {}
    return {"cex_accounts": {venue: balances}, "perp_positions": {venue: position}}


def closed(venue: str, instrument: str, token: str, gain: Any, **data: Any) -> Judged:
    """A short that is opened, and closed with a gain that the snapshot has in this token."""
    before = held(venue, instrument, d("-2"), d("3000"), **{token: d("100")})
    after = held(venue, instrument, 0, 0, **{token: d("100") + gain})
    return judged(
        Snapshots,
        ALERT | {"position_snapshot": held(venue, instrument, 0, 0, **{token: d("100")})},
        trade(venue, instrument, "SHORT", 2, 3000, position_snapshot=before, **data),
        trade(venue, instrument, "LONG", 2, 2900, position_snapshot=after, **data),
    )


@pytest.mark.parametrize(
    ("venue", "instrument", "token", "data"),
    [
        ("binance", "ETHUSDT-PERP", "USDT", {}),
        ("HYPERLIQUID", "ETH-USD-PERP", "USDC", {}),
        ("hyperliquid", "ETH", "USDC", {}),
        ("dydx", "ETH-USD", "USDC", {}),
        ("drift", "ETH-PERP", "USDC", {"quote_token": "USDC"}),
    ],
)
def test_a_gain_is_in_what_the_venue_settles_in(
    venue: str, instrument: str, token: str, data: dict[str, Any]
) -> None:
    assert closed(venue, instrument, token, d("200"), **data).errors == []
    wrong = closed(venue, instrument, token, d("201"), **data).errors
    assert wrong == [((3,), f"{venue.lower()}.{token}")]


@pytest.mark.parametrize("told", [{}, {"realised_pnl_usd": d("200")}])
def test_a_gain_that_the_account_does_not_show_is_missed_at_once(told: dict[str, Any]) -> None:
    found = closed("binance", "ETHUSDT-PERP", "USDT", d("0"), **told)
    assert found.errors == [((3,), "binance.USDT")]


def test_a_gain_in_what_nobody_tells_is_not_judged() -> None:
    found = closed("drift", "ETH-PERP", "USDC", d("200"))
    assert found.errors == []
    assert "does not tell" in found.unjudged[0][1]


def test_an_inverse_contract_is_settled_in_its_base_by_an_amount_that_is_not_told() -> None:
    sold = {"notional_usd": 6000, "realised_pnl_usd": d("-3")}
    run = [
        ALERT | {"position_snapshot": held("deribit", "ETH-USD", 0, 0, ETH=d("9"))},
        trade("deribit", "ETH-USD", "SHORT", 6000, 3000, **sold)
        | {"position_snapshot": held("deribit", "ETH-USD", d("-6000"), d("3000"), ETH=d("9"))},
        trade("deribit", "ETH-USD", "SHORT", 6000, 3100, **sold)
        | {"position_snapshot": held("deribit", "ETH-USD", d("-12000"), d("3049.18"), ETH=d("9"))},
        trade("deribit", "ETH-USD", "LONG", 12000, 3000, notional_usd=12000, realised_pnl_usd=1)
        | {"position_snapshot": held("deribit", "ETH-USD", 0, 0, ETH=d("9.0645"))},
    ]
    assert judged(Snapshots, *run).errors == []
    assert judged(Trades, *run).errors == []
    run[2]["position_snapshot"]["perp_positions"]["deribit"]["ETH-USD"]["size"] = d("-12001")
    assert judged(Snapshots, *run).errors == [((3,), "deribit.ETH-USD.size")]


@pytest.mark.parametrize(
    ("entry", "is_right"),
    [
        (d("3033.333333"), True),
        (d("3033.33"), True),
        (d("3033.34"), True),
        (3000.0 + 100 / 3, True),
        (d("3033.3333333333"), True),
        (d("3033.333330"), False),
        (3033.3333, True),
        (3033.3331, False),
        (d("3033.35"), False),
    ],
)
def test_an_average_may_be_cut_where_the_venue_likes(entry: Any, is_right: bool) -> None:
    found = judged(
        Snapshots,
        ALERT | {"position_snapshot": held("x", "ETHUSDT", 1.0, 3000.0)},
        trade("X", "ETHUSDT", "LONG", 0.5, 3100.0)
        | {"position_snapshot": held("x", "ETHUSDT", 1.5, entry)},
    )
    assert found.errors == ([] if is_right else [((2,), "x.ETHUSDT.entry_price")])


@pytest.mark.parametrize(
    ("supplied", "owed"),
    [
        ("aWstETH", "variableDebtWETH"),
        ("awstETH", "variableDebtweth"),
        ("aEthwstETH", "variableDebtEthWETH"),
        ("aArbwstETH", "variableDebtArbWETH"),
        ("aEthLidowstETH", "variableDebtEthLidoWETH"),
    ],
)
def test_aaves_tokens_are_known_by_the_names_of_their_contracts(supplied: str, owed: str) -> None:
    def wallet(**balances: Decimal) -> dict[str, Any]:
        return {"position_snapshot": {"wallet": balances}}

    supply = event("COLLATERAL_SUPPLIED", "AAVE", "wstETH", 1, atoken_received=d("0.9"))
    borrow = event("LOAN_CREATED", "AAVE", "WETH", 1, debt_token_received=d("0.8"))
    run = [
        ALERT | wallet(wstETH=d("1")),
        supply | wallet(**{supplied: d("0.9")}),
        borrow | wallet(**{supplied: d("0.9"), owed: d("0.8"), "WETH": d("1")}),
    ]
    assert judged(Snapshots, *run).errors == []
    rows = BalanceSheet().fold(enumerate(run, 1)).as_dict()["balances"]
    assert {row["difference"] for row in rows if row["asset"].startswith(("a", "v"))} == {0}
    run[2]["position_snapshot"]["wallet"][owed] = d("0.7")
    assert judged(Snapshots, *run).errors == [((3,), "WALLET.variableDebtWETH")]


@pytest.mark.parametrize("more", ["5.9", "5.8"])
def test_what_was_supplied_before_the_log_began_is_known_by_its_contract_too(more: str) -> None:
    others = {"aArbwstETH": d("3")}
    supply = event("COLLATERAL_SUPPLIED", "AAVE", "wstETH", 1, atoken_received=d("0.9"))
    wallets = [
        {"wstETH": d("2"), "aEthwstETH": d("5"), **others},
        {**others, "wstETH": d("1"), "aEthwstETH": d(more)},
        {**others, "wstETH": d("1"), "aEthwstETH": d(more)},
    ]
    run = [
        one | {"position_snapshot": {"wallet": wallet}}
        for one, wallet in zip([ALERT, supply, ALERT], wallets, strict=True)
    ]
    wrong = [] if more == "5.9" else [((2,), "WALLET.aWstETH")]
    assert judged(Snapshots, *run).errors == wrong
