"""How often perpetuals pay funding: what is known, and since when."""

from __future__ import annotations

from domain.errors import EventLoggerError
from domain.pairs import instrument_token
from projections.audit.moments import microseconds

LEGAL = (1, 2, 4, 8)
"""The intervals that there are, in hours; payments fall on their multiples from midnight UTC on."""

Since = tuple[tuple[str, int], ...]

_EIGHT: Since = (("2019-01-01T00:00:00Z", 8),)
_HOURLY: Since = (("2019-01-01T00:00:00Z", 1),)

_OF_VENUES: dict[str, Since] = {"HYPERLIQUID": _HOURLY, "DYDX": _HOURLY}
_OF_TOKENS: dict[tuple[str, str], Since] = {
    (venue, token): _EIGHT for venue in ("BINANCE", "BYBIT", "OKX") for token in ("BTC", "ETH")
}
"""By venue, or by venue and token: from when on, in hours. Exchanges change the interval of smaller
contracts at short notice (https://fapi.binance.com/fapi/v1/fundingInfo lists those of the day):
what is not here is inferred from the payments themselves."""


def known_interval(venue: str, instrument: str, at: int) -> int | None:
    """The hours between payments at a time (microseconds since 1970); None where not known."""
    since = _OF_VENUES.get(venue.upper())
    if since is None:
        try:
            token = instrument_token(instrument)
        except EventLoggerError:
            return None
        since = _OF_TOKENS.get((venue.upper(), token), ())
    hours = [hours for began, hours in since if (microseconds(began) or 0) <= at]
    return hours[-1] if hours else None
