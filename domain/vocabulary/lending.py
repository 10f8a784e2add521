"""The typed methods for AAVE and flash loans.

Amounts are ints, floats or Decimals in units of their token and are kept exactly. `**event_data`
is kept with the event and replaces what a method fills in itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.checks import Number
from domain.sentences import sentence
from domain.vocabulary.event_sink import EventSink, LoggedT, Snapshot


class LendingVocabulary(EventSink[LoggedT]):
    """AAVE, leverage loops, flash loans."""

    def log_aave_supply(
        self,
        timestamp: datetime,
        token: str,
        amount_supplied: Number,
        atoken_received: Number,
        liquidity_index: Number,
        iteration: int | None = None,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log collateral supplied to AAVE; the aTokens received depend on the liquidity index."""
        # Written once: a float's shortest digits cost as much as all the rest of this method.
        supply = sentence("%s %s", amount_supplied, token)
        return self._log_typed(
            timestamp,
            "COLLATERAL_SUPPLIED",
            "AAVE",
            token,
            amount_supplied,
            position_snapshot,
            {
                "transaction_type": "AAVE_SUPPLY",
                "purpose": sentence("Supply %s to AAVE", supply),
                "atoken_received": atoken_received,
                "liquidity_index": liquidity_index,
                "conversion_note": sentence(
                    "%s → %s a%s (index=%s)", supply, atoken_received, token, liquidity_index
                ),
                "iteration": iteration,
            },
            event_data,
        )

    def log_aave_withdraw(
        self,
        timestamp: datetime,
        token: str,
        amount_withdrawn: Number,
        atoken_burned: Number,
        liquidity_index: Number,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log collateral withdrawn from AAVE for aTokens burned at a liquidity index."""
        return self._log_typed(
            timestamp,
            "COLLATERAL_WITHDRAWN",
            "AAVE",
            token,
            amount_withdrawn,
            position_snapshot,
            {
                "transaction_type": "AAVE_WITHDRAW",
                "purpose": sentence("Withdraw %s %s from AAVE", amount_withdrawn, token),
                "atoken_burned": atoken_burned,
                "liquidity_index": liquidity_index,
                "conversion_note": sentence(
                    "%s a%s → %s %s (index=%s)",
                    atoken_burned,
                    token,
                    amount_withdrawn,
                    token,
                    liquidity_index,
                ),
            },
            event_data,
        )

    def log_aave_borrow(
        self,
        timestamp: datetime,
        token: str,
        amount_borrowed: Number,
        debt_token_received: Number,
        liquidity_index: Number,
        iteration: int | None = None,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log a loan from AAVE; the debt tokens received depend on the index."""
        return self._log_typed(
            timestamp,
            "LOAN_CREATED",
            "AAVE",
            token,
            amount_borrowed,
            position_snapshot,
            {
                "transaction_type": "AAVE_BORROW",
                "purpose": sentence("Borrow %s %s from AAVE", amount_borrowed, token),
                "debt_token_received": debt_token_received,
                "liquidity_index": liquidity_index,
                "conversion_note": sentence(
                    "%s %s borrowed → %s debt token (index=%s)",
                    amount_borrowed,
                    token,
                    debt_token_received,
                    liquidity_index,
                ),
                "iteration": iteration,
            },
            event_data,
        )

    def log_aave_repay(
        self,
        timestamp: datetime,
        token: str,
        amount_repaid: Number,
        debt_token_burned: Number,
        borrow_index: Number,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log a loan repaid to AAVE for debt tokens burned at a variable borrow index."""
        return self._log_typed(
            timestamp,
            "LOAN_REPAID",
            "AAVE",
            token,
            amount_repaid,
            position_snapshot,
            {
                "transaction_type": "AAVE_REPAY",
                "purpose": sentence("Repay %s %s to AAVE", amount_repaid, token),
                "debt_token_burned": debt_token_burned,
                "borrow_index": borrow_index,
            },
            event_data,
        )

    def log_leverage_loop_iteration(
        self,
        timestamp: datetime,
        iteration: int,
        token: str,
        supplied: Number,
        borrowed: Number,
        health_factor: Number | None = None,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log one round of a leverage loop; the health factor after it is a ratio."""
        return self._log_typed(
            timestamp,
            "LEVERAGE_LOOP_ITERATION",
            "AAVE",
            token,
            supplied,
            position_snapshot,
            {
                "transaction_type": "LEVERAGE_LOOP",
                "purpose": sentence(
                    "Leverage loop %s: supply %s %s, borrow %s",
                    iteration,
                    supplied,
                    token,
                    borrowed,
                ),
                "iteration": iteration,
                "supplied": supplied,
                "borrowed": borrowed,
                "health_factor": health_factor,
            },
            event_data,
        )

    def log_flash_borrow(
        self,
        timestamp: datetime,
        venue: str,
        token: str,
        amount: Number,
        fee_bps: Number = 0,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log a flash loan taken, its fee in bps of the amount."""
        return self._log_typed(
            timestamp,
            "FLASH_BORROW",
            venue,
            token,
            amount,
            position_snapshot,
            {
                "transaction_type": "FLASH_LOAN",
                "purpose": sentence("Flash borrow %s %s from %s", amount, token, venue),
                "fee_bps": fee_bps,
            },
            event_data,
        )

    def log_flash_repay(
        self,
        timestamp: datetime,
        venue: str,
        token: str,
        amount: Number,
        fee_paid: Number = 0,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log a flash loan repaid, with the fee paid in units of the token."""
        return self._log_typed(
            timestamp,
            "FLASH_REPAID",
            venue,
            token,
            amount,
            position_snapshot,
            {
                "transaction_type": "FLASH_LOAN",
                "purpose": sentence("Repay flash loan of %s %s to %s", amount, token, venue),
                "fee_paid": fee_paid,
            },
            event_data,
        )
