"""The typed sentences about trades, funding, transfers and what monitors see.

Amounts are ints, floats or Decimals in units of their token and are kept exactly. `**event_data`
is kept with the event; its `purpose` and `transaction_type` replace those filled in here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.checks import Number, magnitude, number, text
from domain.pairs import base_token
from domain.speaker import LoggedT, Snapshot, Speaker


class MarketVocabulary(Speaker[LoggedT]):
    """Exchanges, transfers, risk, rewards and reconciliation."""

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

    def log_rebalance(
        self,
        timestamp: datetime,
        rebalance_type: str,
        delta_exposure: Number,
        actions_taken: list[str],
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log a rebalancing and what it did to the net delta exposure."""
        delta = number("delta_exposure", delta_exposure)
        event_data.setdefault("transaction_type", "REBALANCE")
        event_data.setdefault("purpose", f"Rebalance: {rebalance_type} (delta: {delta})")
        return self.log_event(
            timestamp,
            "REBALANCE_EXECUTED",
            "STRATEGY",
            "COMPOSITE",
            magnitude(delta),
            position_snapshot,
            rebalance_type=rebalance_type,
            delta_exposure=delta,
            actions_taken=actions_taken,
            **event_data,
        )

    def log_risk_alert(
        self,
        timestamp: datetime,
        risk_type: str,
        current_value: Number,
        threshold: Number,
        severity: str = "WARNING",
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log a risk measure that crossed its threshold."""
        event_data.setdefault("transaction_type", "RISK_ALERT")
        event_data.setdefault(
            "purpose", f"Risk alert: {risk_type} = {current_value} (threshold: {threshold})"
        )
        return self.log_event(
            timestamp,
            "RISK_ALERT",
            "RISK_MONITOR",
            "COMPOSITE",
            current_value,
            position_snapshot,
            risk_type=risk_type,
            current_value=current_value,
            threshold=threshold,
            severity=severity,
            **event_data,
        )

    def log_seasonal_reward_distribution(
        self,
        timestamp: datetime,
        reward_type: str,
        amount: Number,
        weeth_balance_avg: Number,
        period_start: datetime,
        period_end: datetime,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log a reward (the token `reward_type`) for an average weETH balance over a period."""
        event_data.setdefault("transaction_type", "REWARD_DISTRIBUTION")
        event_data.setdefault("purpose", f"Seasonal reward: {amount} {reward_type}")
        return self.log_event(
            timestamp,
            "SEASONAL_REWARD_DISTRIBUTION",
            "ETHERFI_KING_PROTOCOL",
            reward_type,
            amount,
            position_snapshot,
            reward_type=reward_type,
            weeth_balance_avg=weeth_balance_avg,
            period_start=period_start,
            period_end=period_end,
            **event_data,
        )

    def log_reconciliation(
        self,
        timestamp: datetime,
        venue: str,
        token: str,
        expected: Number,
        actual: Number,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log an hourly reconciliation: the balance expected and the one found."""
        event_data.setdefault("transaction_type", "RECONCILIATION")
        event_data.setdefault(
            "purpose", f"Reconcile {token} at {venue}: expected {expected}, found {actual}"
        )
        return self.log_event(
            timestamp,
            "HOURLY_RECONCILIATION",
            venue,
            token,
            actual,
            position_snapshot,
            expected=expected,
            actual=actual,
            **event_data,
        )

    def log_price_update(
        self,
        timestamp: datetime,
        venue: str,
        token: str,
        price_usd: Number,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log a token's price in USD as a venue shows it."""
        event_data.setdefault("transaction_type", "PRICE_UPDATE")
        event_data.setdefault("purpose", f"Price of {token} at {venue}: {price_usd} USD")
        return self.log_event(
            timestamp,
            "PRICE_UPDATE",
            venue,
            token,
            price_usd,
            position_snapshot,
            price_usd=price_usd,
            **event_data,
        )
