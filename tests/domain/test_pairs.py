"""What pairs, instruments, venues and sides stand for, and which names are refused."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import InvalidEventError
from domain.pairs import (
    KNOWN_TOKENS,
    QUOTE_TOKENS,
    base_token,
    instrument_token,
    liquid_staking_token,
    perp_side,
    quote_token,
    spot_side,
)

SPLIT = [
    ("ETH/USDT", "ETH", "USDT"),
    ("ETH-USDT", "ETH", "USDT"),
    ("ETH_USDT", "ETH", "USDT"),
    ("ETH:USDT", "ETH", "USDT"),
    ("ETHUSDT", "ETH", "USDT"),
    ("BTCUSD", "BTC", "USD"),
    ("DOTUSD", "DOT", "USD"),
    ("DOTTUSD", "DOT", "TUSD"),
    ("BNBUSD", "BNB", "USD"),
    ("BNBBUSD", "BNB", "BUSD"),
    ("SHIBUSD", "SHIB", "USD"),
    ("ETHFDUSD", "ETH", "FDUSD"),
    ("ETHBTC", "ETH", "BTC"),
    ("WBTCBTC", "WBTC", "BTC"),
    ("wstETHETH", "wstETH", "ETH"),
    ("weETH_ETH", "weETH", "ETH"),
    ("weETH/WETH", "weETH", "WETH"),
    ("XBTUSD", "XBT", "USD"),
    ("1000PEPEUSDT", "1000PEPE", "USDT"),
    ("NEWCOINUSDC", "NEWCOIN", "USDC"),
    ("W/USDT", "W", "USDT"),
    ("USDC.e/USDT", "USDC.e", "USDT"),
    ("FOO/BAR", "FOO", "BAR"),
    ("ETH/USDT:USDT", "ETH", "USDT"),
    ("ETHUSDT-PERP", "ETH", "USDT"),
    ("BTCUSD_PERP", "BTC", "USD"),
    ("BTC-USDC-SWAP", "BTC", "USDC"),
    ("ETHUSDT_240628", "ETH", "USDT"),
    ("ETH-PERP", "ETH", None),
    ("WBTC-PERP", "WBTC", None),
    ("NEWCOIN-PERP", "NEWCOIN", None),
    ("BTC-27DEC24", "BTC", None),
    ("ETH-USDT-SWAP", "ETH", "USDT"),
    ("BTC/USDT:USDT", "BTC", "USDT"),
    ("BTC/USD:BTC", "BTC", "USD"),
    ("1INCHUSDT", "1INCH", "USDT"),
    ("ETHUSD-231229", "ETH", "USD"),
    ("SOL_USDC_PERP", "SOL", "USDC"),
    ("eth/usdt", "ETH", "USDT"),
    ("weeth-eth", "weETH", "ETH"),
    ("ethusdt-perp", "ETH", "USDT"),
    ("btc-usdt-swap", "BTC", "USDT"),
    ("btc-perp", "BTC", None),
    ("foousdt_perp", "FOO", "USDT"),
    ("foo/usdt", "foo", "USDT"),
]


@pytest.mark.parametrize(("name", "base", "quote"), SPLIT)
def test_a_pair_is_cut_into_base_and_quote(name: str, base: str, quote: str | None) -> None:
    assert (base_token(name), quote_token(name)) == (base, quote)
    assert instrument_token(name) == base


@pytest.mark.parametrize(
    "name",
    ["WBTC", "wstETH", "weETH", "stETH", "cbBTC", "newETH", "FDUSD", "USDT", "ETH", "USD",
     "XETH", "FOOTUSD", "FOOBUSD", "FOOTUSD-PERP", "ethusdt", "NEWCOIN", "?", "/USDT", "ETH/",
     "ETH USDT", "PF_XBTUSD", "PI_ETHUSD", " ETH/USDT", "btcusd", "TUSD", "ETHUSDTPERP!",
     "/", "-PERP"],
)  # fmt: skip
def test_a_name_whose_base_cannot_be_told_is_refused(name: str) -> None:
    with pytest.raises(InvalidEventError, match=r"^pair must be like .* give token=$") as refused:
        base_token(name)
    assert refused.value.value == name
    assert quote_token(name) is None


@pytest.mark.parametrize("name", ["", " ", None, 5, ["ETH/USDT"]])
def test_a_pair_is_text(name: Any) -> None:
    with pytest.raises(InvalidEventError, match=r"^pair must be text that is not blank"):
        base_token(name)
    with pytest.raises(InvalidEventError, match=r"^instrument must be text that is not blank"):
        instrument_token(name)


@pytest.mark.parametrize("name", ["ETH", "BTC", "WBTC", "wstETH", "HYPE"])
def test_an_instrument_may_be_called_by_its_token_alone(name: str) -> None:
    assert instrument_token(name) == name


def test_an_instrument_whose_token_cannot_be_told_is_refused() -> None:
    with pytest.raises(InvalidEventError, match=r"^instrument must be like .* give token=$"):
        instrument_token("FOOTUSD-PERP")


@pytest.mark.parametrize("token", sorted(KNOWN_TOKENS))
def test_a_known_token_is_found_before_every_quote(token: str) -> None:
    for quote in QUOTE_TOKENS:
        if f"{token}{quote}" not in KNOWN_TOKENS:
            assert base_token(f"{token}{quote}") == token
        assert base_token(f"{token}/{quote}") == token


@pytest.mark.parametrize(
    ("venue", "token"),
    [
        ("ETHERFI", "weETH"),
        ("EtherFi", "weETH"),
        ("etherfi", "weETH"),
        ("LIDO", "wstETH"),
        ("Lido", "wstETH"),
    ],
)
def test_a_staking_venue_is_known_in_any_case(venue: str, token: str) -> None:
    assert liquid_staking_token(venue) == token


@pytest.mark.parametrize("argument", ["output_token", "input_token"])
@pytest.mark.parametrize("venue", ["ROCKETPOOL", "ETHER.FI", "WALLET"])
def test_any_other_staking_venue_asks_for_its_token(venue: str, argument: str) -> None:
    with pytest.raises(InvalidEventError, match=f"^venue '{venue}' is not .* give {argument}="):
        liquid_staking_token(venue, argument)


@pytest.mark.parametrize(
    ("side", "perp", "spot"),
    [
        ("SHORT", "SHORT", "must be BUY or SELL, not 'SHORT'; for a spot trade write side='SELL'"),
        ("long", "LONG", "must be BUY or SELL, not 'long'; for a spot trade write side='BUY'"),
        ("BUY", "must be SHORT or LONG, not 'BUY'; for a perpetual write side='LONG'", "BUY"),
        ("Sell", "must be SHORT or LONG, not 'Sell'; for a perpetual write side='SHORT'", "SELL"),
        ("b", "must be SHORT or LONG, not 'b'", "must be BUY or SELL, not 'b'"),
        (None, "must be text that is not blank, not None", "must be text that is not blank"),
    ],
)
def test_each_kind_of_trade_has_its_own_sides(side: Any, perp: str, spot: str) -> None:
    for of, expected in ((perp_side, perp), (spot_side, spot)):
        if expected.isupper():
            assert of(side) == expected
        else:
            with pytest.raises(InvalidEventError) as refused:
                of(side)
            assert str(refused.value).startswith(f"side {expected}")
