"""What the names of venues, pairs and instruments stand for: the one table of those known.

A name that could be read in two ways is never guessed at: it is refused, and the caller says which
token is meant.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from domain.checks import text
from domain.errors import InvalidEventError, shown


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STAKING_TOKENS: dict[str, str] = {"ETHERFI": "weETH", "LIDO": "wstETH"}
"""The liquid staking token that a venue gives for ETH."""

ON_CHAIN_VENUES: frozenset[str] = _words("""
    ETHEREUM ARBITRUM OPTIMISM BASE POLYGON AVALANCHE BSC GNOSIS LINEA SCROLL ZKSYNC MANTLE
    AAVE COMPOUND MORPHO SPARK EULER FLUID MAKER INSTADAPP PENDLE
    ETHERFI ETHERFI_KING_PROTOCOL LIDO ROCKETPOOL EIGENLAYER
    UNISWAP CURVE BALANCER SUSHISWAP PANCAKESWAP COWSWAP 1INCH PARASWAP
""")
"""Chains and protocols: what is held there is held by the wallet's address."""

USD_TOKENS: frozenset[str] = frozenset(("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "DAI", "USD"))
"""Tokens in which a cost in USD is paid one for one."""

_SETTLED_IN: dict[str, str] = {"HYPERLIQUID": "USDC", "DYDX": "USDC"}
"""What perpetuals are margined and settled in where a venue prices them in USD, or says nothing."""

QUOTE_TOKENS: tuple[str, ...] = tuple(sorted({*USD_TOKENS, "EUR", "BTC", "ETH"}, key=len)[::-1])
"""Quote tokens that a pair written without a separator may end in, longest first."""

KNOWN_TOKENS: frozenset[str] = _words("""
    BTC ETH BNB SOL XRP ADA DOGE DOT AVAX TRX LINK MATIC POL LTC BCH ETC ATOM UNI XLM XMR FIL APT
    ARB OP NEAR INJ SUI SEI TIA TON SHIB PEPE WIF BONK AAVE CRV CVX MKR SKY LDO RPL ENS SNX COMP
    GRT HNT BAT BAL FET RUNE ALGO ICP HBAR VET EGLD XTZ EOS FLOW SAND MANA AXS GALA APE IMX STX
    XBT KAS ENA ETHFI EIGEN PENDLE ONDO JUP PYTH HYPE DYDX GMX KING
    WETH WBTC stETH wstETH eETH weETH rETH cbETH ezETH rsETH swETH osETH frxETH sfrxETH mETH ETHx
    cbBTC tBTC LBTC FBTC USDe sUSDe PYUSD GUSD LUSD SUSD crvUSD GHO FRAX sDAI
""").union({*QUOTE_TOKENS} - {"USD"})
"""Tokens whose names settle where a pair is cut, and which are no pairs themselves."""

_SPELLED: dict[str, str] = {token.lower(): token for token in KNOWN_TOKENS}

_SEPARATOR = re.compile(r"[/\-_:]")
_TOKEN = re.compile(r"[A-Za-z0-9.]+\Z")
_TICKER = re.compile(r"[A-Z0-9]{2,}\Z")

_PERP_SIDES = {"SHORT": "SHORT", "LONG": "LONG"}
_SPOT_SIDES = {"BUY": "BUY", "SELL": "SELL"}
_MEANT = {"BUY": "LONG", "SELL": "SHORT", "LONG": "BUY", "SHORT": "SELL"}


def spelled_token(name: str) -> str | None:
    """The known token of this name in any case, as it is spelt; None where there is none."""
    return _SPELLED.get(name.lower())


def venues_in(venue: str) -> tuple[str, ...]:
    """A venue, and both sides of one that is written as a transfer's: from→to."""
    return (venue, *venue.split("→"))


def base_token(pair: str) -> str:
    """The base of a pair: ETH of ETH/USDT or ETHUSDT, in the instrument ETHUSDT-PERP too.

    Raises `InvalidEventError` where it cannot be told.
    """
    return _base(pair if type(pair) is str else text("pair", pair), "pair")


def instrument_token(instrument: str) -> str:
    """The token that a perpetual is on: ETH of ETHUSDT-PERP, ETH-PERP, or ETH itself.

    Raises `InvalidEventError` where it cannot be told.
    """
    name = instrument if type(instrument) is str else text("instrument", instrument)
    return _base(name, "instrument")


@lru_cache(maxsize=1024)
def _base(name: str, field: str) -> str:
    if field == "instrument" and name in KNOWN_TOKENS:
        return name
    split = _split(text(field, name))
    if split is None:
        raise InvalidEventError(
            field,
            name,
            f"must be like 'ETH/USDT', not {shown(name)}, whose base cannot be told;"
            " write it with a separator, or give token=",
        )
    return split[0]


def quote_token(pair: Any) -> str | None:
    """The token in which a pair or instrument is priced; None where it cannot be told."""
    split = _split(pair) if isinstance(pair, str) else None
    return None if split is None else split[1]


def settlement_token(venue: str, instrument: Any) -> str | None:
    """The token that a perpetual's profits, losses and fees are paid in: its quote, as a rule.

    None where it cannot be told.
    """
    quote = quote_token(instrument)
    return _SETTLED_IN.get(venue.upper(), quote) if quote in (None, "USD") else quote


def liquid_staking_token(venue: str, argument: str = "output_token") -> str:
    """The token that a staking venue gives for ETH: weETH of ETHERFI, wstETH of LIDO.

    Raises `InvalidEventError`, asking for `argument`, for any other venue.
    """
    known = type(venue) is str and STAKING_TOKENS.get(venue)
    if known:
        return known
    token = STAKING_TOKENS.get(text("venue", venue).upper())
    if token is None:
        raise InvalidEventError(
            "venue",
            venue,
            f"{shown(venue)} is not among the known staking venues ({', '.join(STAKING_TOKENS)});"
            f" give {argument}=, the token that it gives for ETH",
        )
    return token


def perp_side(side: str) -> str:
    """SHORT or LONG, whatever the case; raises `InvalidEventError` for any other."""
    known = type(side) is str and _PERP_SIDES.get(side)
    return known or _side(side, _PERP_SIDES, "a perpetual")


def spot_side(side: str) -> str:
    """BUY or SELL, whatever the case; raises `InvalidEventError` for any other."""
    known = type(side) is str and _SPOT_SIDES.get(side)
    return known or _side(side, _SPOT_SIDES, "a spot trade")


def _side(side: Any, sides: dict[str, str], of: str) -> str:
    upper = text("side", side).upper()
    if upper in sides:
        return upper
    first, second = sides
    meant = f"; for {of} write side={_MEANT[upper]!r}" if upper in _MEANT else ""
    raise InvalidEventError("side", side, f"must be {first} or {second}, not {shown(side)}{meant}")


@lru_cache(maxsize=1024)
def _split(name: str) -> tuple[str, str | None] | None:
    """The base and, where it is told, the quote; None where the base cannot be told."""
    first, *others = _SEPARATOR.split(name)
    if not _TOKEN.match(first) or (others and not others[0]):
        return None
    if not others:
        return _cut(first)
    if first.islower():
        # As some venues write all of a name, eth/usdt and ethusdt-perp.
        first = _SPELLED.get(first, first if _is_quote(others[0]) else first.upper())
    if _is_quote(others[0]):
        return first, others[0].upper()
    if first in KNOWN_TOKENS:
        return first, None if _is_contract(others[0]) else others[0]
    # ETHUSDT-PERP: a pair, then which contract on it; XYZ-PERP: a token.
    cut = _cut(first)
    if cut is not None or _candidates(first):
        return cut
    if _candidates(others[0]):
        # PF_XBTUSD: what stands before the pair is no token.
        return None
    return first, None if _is_contract(others[0]) else others[0]


def _is_quote(name: str) -> bool:
    return name.upper() in QUOTE_TOKENS


def _is_contract(name: str) -> bool:
    return name.upper() in {"PERP", "PERPETUAL", "SWAP", "FUTURES"} or name[0].isdigit()


def _cut(name: str) -> tuple[str, str] | None:
    if name in KNOWN_TOKENS:
        return None
    candidates = _candidates(name)
    for base, quote in candidates:
        if base in KNOWN_TOKENS:
            return base, quote
    return candidates[0] if len(candidates) == 1 and _TICKER.match(candidates[0][0]) else None


def _candidates(name: str) -> list[tuple[str, str]]:
    cuts = ((name[: -len(quote)], quote) for quote in QUOTE_TOKENS if name.endswith(quote))
    return [(base, quote) for base, quote in cuts if len(base) > 1]
