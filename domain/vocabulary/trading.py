"""The typed methods for trades, funding and transfers; venues of perps are upper-cased.

Amounts are ints, floats or Decimals in units of their token and are kept exactly. `**event_data`
is kept with the event and replaces what a method fills in itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.checks import Number, magnitude, number, text
from domain.pairs import base_token, instrument_token, perp_side, spot_side
from domain.sentences import sentence
from domain.vocabulary.event_sink import EventSink, LoggedT, Snapshot


class TradingVocabulary(EventSink[LoggedT]):
    """Exchanges and what moves between them."""

    def log_perp_trade(
        self,
        timestamp: datetime,
        venue: str,
        instrument: str,
        side: str,
        size_eth: Number,
        entry_price: Number,
        notional_usd: Number,
        execution_cost_usd: Number,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log a perpetual futures trade: SHORT or LONG, price and notional in USD.

        The size is in units of the instrument's base, which is the event's token; where that cannot
        be told (`InvalidEventError`), give `token`. In a log of ETH that is ETH, hence the name.
        """
        size = magnitude(number("size_eth", size_eth))
        venue_name, side = text("venue", venue).upper(), perp_side(side)
        token = _given(event_data) or instrument_token(instrument)
        return self._log_typed(
            timestamp,
            "TRADE_EXECUTED",
            venue_name,
            token,
            size,
            position_snapshot,
            {
                "transaction_type": "PERP_TRADE",
                "purpose": sentence("%s %s %s on %s at %s", side, size, token, venue, entry_price),
                "side": side,
                "instrument": instrument,
                "entry_price": entry_price,
                "notional_usd": notional_usd,
                "execution_cost_usd": execution_cost_usd,
            },
            event_data,
        )

    def log_spot_trade(
        self,
        timestamp: datetime,
        venue: str,
        pair: str,
        side: str,
        amount: Number,
        price: Number,
        execution_cost_usd: Number | None = None,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log a spot trade, BUY or SELL, of `amount` of the pair's base at a price in its quote.

        The base (ETH of ETH/USDT) is the event's token; where it cannot be told
        (`InvalidEventError`), give `token`.
        """
        token, side = _given(event_data) or base_token(pair), spot_side(side)
        return self._log_typed(
            timestamp,
            "SPOT_TRADE",
            venue,
            token,
            amount,
            position_snapshot,
            {
                "transaction_type": "SPOT_TRADE",
                "purpose": sentence("%s %s %s on %s at %s", side, amount, token, venue, price),
                "pair": pair,
                "side": side,
                "price": price,
                "execution_cost_usd": execution_cost_usd,
            },
            event_data,
        )

    def log_funding_payment(
        self,
        timestamp: datetime,
        venue: str,
        funding_rate: Number,
        notional_usd: Number,
        pnl_usd: Number,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log a funding payment (8-hourly): rate as a fraction, P&L in USD, RECEIVED if above 0."""
        pnl = number("pnl_usd", pnl_usd)
        paid = magnitude(pnl)
        pnl_type = "RECEIVED" if pnl > 0 else "PAID"
        return self._log_typed(
            timestamp,
            "FUNDING_PAYMENT",
            text("venue", venue).upper(),
            "USDT",
            paid,
            position_snapshot,
            {
                "transaction_type": "FUNDING",
                "purpose": sentence("Funding payment: %s %s USDT", pnl_type, paid),
                "funding_rate": funding_rate,
                "notional_usd": notional_usd,
                "pnl_usd": pnl,
                "pnl_type": pnl_type,
            },
            event_data,
        )

    def log_venue_transfer(
        self,
        timestamp: datetime,
        from_venue: str,
        to_venue: str,
        token: str,
        amount: Number,
        purpose: str | None = None,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log a transfer between the wallet and exchanges."""
        source, target = text("from_venue", from_venue), text("to_venue", to_venue)
        if purpose is None or (isinstance(purpose, str) and not purpose):
            purpose = sentence("Transfer %s %s from %s to %s", amount, token, source, target)
        return self._log_typed(
            timestamp,
            "VENUE_TRANSFER",
            f"{source}→{target}",
            token,
            amount,
            position_snapshot,
            {
                "transaction_type": "TRANSFER",
                "from_venue": source,
                "to_venue": target,
                "purpose": purpose,
            },
            event_data,
        )


def _given(event_data: dict[str, Any]) -> str | None:
    """The token that was given; what is no text is refused as all fields are."""
    token = event_data.get("token")
    return token if isinstance(token, str) else None
