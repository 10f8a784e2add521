"""The typed sentences about trades, funding and transfers; venues of perps are upper-cased.

Amounts are ints, floats or Decimals in units of their token and are kept exactly. `**event_data`
is kept with the event; its `purpose` and `transaction_type` replace those filled in here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.checks import Number, magnitude, number, text
from domain.pairs import base_token
from domain.speaker import LoggedT, Snapshot, Speaker


class TradingVocabulary(Speaker[LoggedT]):
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
        """Log a perpetual futures trade: SHORT or LONG, size in ETH, price and notional in USD."""
        size = magnitude(number("size_eth", size_eth))
        event_data.setdefault("transaction_type", "PERP_TRADE")
        event_data.setdefault("purpose", f"{side} {size} ETH on {venue} at {entry_price}")
        return self.log_event(
            timestamp,
            "TRADE_EXECUTED",
            text("venue", venue).upper(),
            "ETH",
            size,
            position_snapshot,
            side=side,
            instrument=instrument,
            entry_price=entry_price,
            notional_usd=notional_usd,
            execution_cost_usd=execution_cost_usd,
            **event_data,
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
        """Log a spot trade of `amount` of the pair's base (ETH of ETH/USDT) at a price in quote."""
        token = base_token(pair)
        event_data.setdefault("transaction_type", "SPOT_TRADE")
        event_data.setdefault("purpose", f"{side} {amount} {token} on {venue} at {price}")
        return self.log_event(
            timestamp,
            "SPOT_TRADE",
            venue,
            token,
            amount,
            position_snapshot,
            pair=pair,
            side=side,
            price=price,
            execution_cost_usd=execution_cost_usd,
            **event_data,
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
        event_data.setdefault("transaction_type", "FUNDING")
        event_data.setdefault("purpose", f"Funding payment: {pnl_type} {paid} USDT")
        return self.log_event(
            timestamp,
            "FUNDING_PAYMENT",
            text("venue", venue).upper(),
            "USDT",
            paid,
            position_snapshot,
            funding_rate=funding_rate,
            notional_usd=notional_usd,
            pnl_usd=pnl,
            pnl_type=pnl_type,
            **event_data,
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
        event_data.setdefault("transaction_type", "TRANSFER")
        return self.log_event(
            timestamp,
            "VENUE_TRANSFER",
            f"{source}→{target}",
            token,
            amount,
            position_snapshot,
            from_venue=source,
            to_venue=target,
            purpose=purpose or f"Transfer {amount} {token} from {source} to {target}",
            **event_data,
        )
