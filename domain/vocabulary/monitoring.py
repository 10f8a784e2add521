"""The typed methods for what monitors see and what is done about it.

Amounts are ints, floats or Decimals in units of their token and are kept exactly. `**event_data`
is kept with the event and replaces what a method fills in itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.checks import Number, magnitude, number
from domain.corrections import CORRECTION, Corrected, correction, place_of
from domain.sentences import sentence
from domain.vocabulary.event_sink import EventSink, LoggedT, Snapshot


class MonitoringVocabulary(EventSink[LoggedT]):
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
        return self._log_typed(
            timestamp,
            "REBALANCE_EXECUTED",
            "STRATEGY",
            "COMPOSITE",
            magnitude(delta),
            position_snapshot,
            {
                "transaction_type": "REBALANCE",
                "purpose": sentence("Rebalance: %s (delta: %s)", rebalance_type, delta),
                "rebalance_type": rebalance_type,
                "delta_exposure": delta,
                "actions_taken": actions_taken,
            },
            event_data,
        )

    def log_rebalance_trigger(
        self,
        timestamp: datetime,
        trigger: str,
        current_value: Number,
        threshold: Number,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log what calls for a rebalancing: a measure that crossed its threshold."""
        return self._log_typed(
            timestamp,
            "REBALANCE_TRIGGER",
            "STRATEGY",
            "COMPOSITE",
            current_value,
            position_snapshot,
            {
                "transaction_type": "REBALANCE",
                "purpose": sentence(
                    "Rebalance trigger: %s = %s (threshold: %s)", trigger, current_value, threshold
                ),
                "trigger": trigger,
                "current_value": current_value,
                "threshold": threshold,
            },
            event_data,
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
        return self._log_typed(
            timestamp,
            "RISK_ALERT",
            "RISK_MONITOR",
            "COMPOSITE",
            current_value,
            position_snapshot,
            {
                "transaction_type": "RISK_ALERT",
                "purpose": sentence(
                    "Risk alert: %s = %s (threshold: %s)", risk_type, current_value, threshold
                ),
                "risk_type": risk_type,
                "current_value": current_value,
                "threshold": threshold,
                "severity": severity,
            },
            event_data,
        )

    def log_liquidation_risk(
        self,
        timestamp: datetime,
        risk_type: str,
        current_value: Number,
        threshold: Number,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log a position that comes near its liquidation."""
        return self._log_typed(
            timestamp,
            "LIQUIDATION_RISK",
            "RISK_MONITOR",
            "COMPOSITE",
            current_value,
            position_snapshot,
            {
                "transaction_type": "RISK_ALERT",
                "purpose": sentence(
                    "Liquidation risk: %s = %s (threshold: %s)", risk_type, current_value, threshold
                ),
                "risk_type": risk_type,
                "current_value": current_value,
                "threshold": threshold,
            },
            event_data,
        )

    def log_margin_warning(
        self,
        timestamp: datetime,
        venue: str,
        current_value: Number,
        threshold: Number,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log an account whose margin, a ratio, crossed its threshold."""
        return self._log_typed(
            timestamp,
            "MARGIN_WARNING",
            venue,
            "COMPOSITE",
            current_value,
            position_snapshot,
            {
                "transaction_type": "RISK_ALERT",
                "purpose": sentence(
                    "Margin at %s: %s (threshold: %s)", venue, current_value, threshold
                ),
                "current_value": current_value,
                "threshold": threshold,
            },
            event_data,
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
        return self._log_typed(
            timestamp,
            "HOURLY_RECONCILIATION",
            venue,
            token,
            actual,
            position_snapshot,
            {
                "transaction_type": "RECONCILIATION",
                "purpose": sentence(
                    "Reconcile %s at %s: expected %s, found %s", token, venue, expected, actual
                ),
                "expected": expected,
                "actual": actual,
            },
            event_data,
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
        return self._log_typed(
            timestamp,
            "PRICE_UPDATE",
            venue,
            token,
            price_usd,
            position_snapshot,
            {
                "transaction_type": "PRICE_UPDATE",
                "purpose": sentence("Price of %s at %s: %s USD", token, venue, price_usd),
                "price_usd": price_usd,
            },
            event_data,
        )

    def log_correction(
        self,
        timestamp: datetime,
        corrects: int,
        changes: dict[str, Any],
        reason: str,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log what is right in place of what order `corrects` says: `changes`, fields by name.

        Nothing is edited, and reading does not apply it. Venue and token are those of the event
        that it corrects; in a bundle they are to be given. Raises `UnknownOrderError`, or
        `InvalidEventError` for a field that there is not, or a value that it cannot have.
        """
        corrected = self._corrected(corrects)
        return self._log_correction_of(
            timestamp, corrects, corrected, changes, reason, position_snapshot, event_data
        )

    def _log_correction_of(
        self,
        timestamp: datetime,
        corrects: int,
        corrected: Corrected | None,
        changes: dict[str, Any],
        reason: str,
        position_snapshot: Snapshot,
        event_data: dict[str, Any],
    ) -> LoggedT:
        filled = correction(corrects, corrected, changes, reason)
        venue, token = event_data.get("venue"), event_data.get("token")
        if venue is None:
            venue, token = place_of(corrects, corrected)
        return self._log_typed(
            timestamp, CORRECTION, venue, token, None, position_snapshot, filled, event_data
        )
