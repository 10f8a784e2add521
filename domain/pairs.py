"""Trading pairs and staking venues: which token a name stands for."""

from __future__ import annotations

import re

from domain.checks import text
from domain.errors import InvalidEventError, shown

QUOTE_TOKENS = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "DAI", "USD", "EUR", "BTC", "ETH")
"""Quote tokens that a pair written without a separator may end in."""

_SEPARATED = re.compile(r"([A-Za-z0-9.]+)[/\-_:][A-Za-z0-9.:/\-_]+\Z")


def base_token(pair: str) -> str:
    """The base of a pair: ETH of ETH/USDT, ETH-USDT, ETH_USDT or ETHUSDT.

    Raises `InvalidEventError` for a pair of another shape.
    """
    name = text("pair", pair)
    separated = _SEPARATED.match(name)
    if separated:
        return separated[1]
    for quote in QUOTE_TOKENS:
        if name.endswith(quote) and len(name) > len(quote):
            return name[: -len(quote)]
    raise InvalidEventError("pair", pair, f"must be like 'ETH/USDT', not {shown(pair)}")


def liquid_staking_token(venue: str) -> str:
    """The token that a staking venue gives for ETH: weETH of ETHERFI, wstETH of any other."""
    return "weETH" if venue == "ETHERFI" else "wstETH"
