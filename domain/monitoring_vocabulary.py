"""The typed sentences about what monitors see and what is done about it.

Amounts are ints, floats or Decimals in units of their token and are kept exactly. `**event_data`
is kept with the event; its `purpose` and `transaction_type` replace those filled in here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.checks import Number, magnitude, number
from domain.speaker import LoggedT, Snapshot, Speaker


class MonitoringVocabulary(Speaker[LoggedT]):
    """Risk, rebalancing, reconciliation, prices."""

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
