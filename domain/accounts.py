"""The accounts that events move assets between, named as in the position snapshot."""

from __future__ import annotations

import re
from functools import lru_cache

from domain.pairs import ON_CHAIN_VENUES, spelled_token

WALLET = "WALLET"
"""The account of the strategy's own address, on every chain and in every protocol."""

SIZE = "size"
"""The asset of a perpetual's account (`binance.ETHUSDT-PERP`): its size, below zero when short."""


def account_of(venue: str) -> str:
    """The account at a venue: an exchange's in lower case, the wallet for chains and protocols."""
    upper = venue.upper()
    return WALLET if upper == WALLET or upper in ON_CHAIN_VENUES else venue.lower()


def perp_account(venue: str, instrument: str) -> str:
    """The account of a perpetual position: `binance.ETHUSDT-PERP`."""
    return f"{venue.lower()}.{instrument}"


def atoken_of(token: str) -> str:
    """AAVE's token for what is supplied, as position snapshots name it: aWeETH for weETH."""
    return f"a{token[:1].upper()}{token[1:]}"


def debt_token_of(token: str) -> str:
    """AAVE's token for what is owed, as position snapshots name it: variableDebtWETH for WETH."""
    return f"variableDebt{token[:1].upper()}{token[1:]}"


@lru_cache(maxsize=1024)
def scaled_token(name: str) -> str:
    """AAVE's token of this name as the log calls it: aWeETH for aweETH, and for aEthweETH.

    Any other name stays as it is.
    """
    found = _SCALED.fullmatch(name)
    token = None if found is None else spelled_token(found["token"])
    if found is None or token is None:
        return name
    return (atoken_of if found["kind"] == "a" else debt_token_of)(token)


_MARKETS = "(?:EthLido|EthEtherFi|Eth|Arb|Opt|Bas|Pol|Ava|Bnb|Gno|Lin|Scr|Zks|Met|Son|Cel|Man)"
_SCALED = re.compile(f"(?P<kind>a|variableDebt){_MARKETS}?(?P<token>[A-Za-z0-9]+)")
"""AAVE names its tokens by the market, and by the token as its contract spells it."""

_DECIMALS = {"USDT": 6, "USDC": 6, "USD": 6, "PYUSD": 6, "BTC": 8, "WBTC": 8, "cbBTC": 8}


def decimals_of(token: str) -> int:
    """How many decimals an amount of the token has where it is held: 6 of USDT, 18 of ETH."""
    return _DECIMALS.get(token, 18)
