"""The typed methods for gas, staking and its rewards.

Amounts are ints, floats or Decimals in units of their token and are kept exactly. `**event_data`
is kept with the event and replaces what a method fills in itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.checks import Number
from domain.pairs import liquid_staking_token
from domain.sentences import sentence
from domain.vocabulary.event_sink import EventSink, LoggedT, Snapshot


class StakingVocabulary(EventSink[LoggedT]):
    """Gas, liquid staking, seasonal rewards."""

    def log_gas_fee(
        self,
        timestamp: datetime,
        gas_cost_eth: Number,
        gas_cost_usd: Number,
        operation_type: str,
        gas_units: int,
        gas_price_gwei: Number,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log gas paid for `operation_type`: cost in ETH and USD, units of gas, price in gwei."""
        return self._log_typed(
            timestamp,
            "GAS_FEE_PAID",
            "ETHEREUM",
            "ETH",
            gas_cost_eth,
            position_snapshot,
            {
                "transaction_type": "GAS_FEE",
                "purpose": sentence("Gas fee for %s", operation_type),
                "gas_cost_eth": gas_cost_eth,
                "gas_cost_usd": gas_cost_usd,
                "gas_units": gas_units,
                "gas_price_gwei": gas_price_gwei,
                "fee_type": operation_type,
            },
            event_data,
        )

    def log_stake(
        self,
        timestamp: datetime,
        venue: str,
        eth_in: Number,
        lst_out: Number,
        oracle_price: Number,
        iteration: int | None = None,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log ETH staked at ETHERFI (for weETH) or LIDO (for wstETH) at an oracle price in ETH.

        Any other venue needs `output_token`, or raises `InvalidEventError`.
        """
        token = event_data.get("output_token") or liquid_staking_token(venue)
        return self._log_typed(
            timestamp,
            "STAKE_DEPOSIT",
            venue,
            "ETH",
            eth_in,
            position_snapshot,
            {
                "transaction_type": "STAKE",
                "purpose": sentence("Stake %s ETH to %s", eth_in, venue),
                "input_token": "ETH",
                "output_token": token,
                "amount_out": lst_out,
                "oracle_price": oracle_price,
                "iteration": iteration,
            },
            event_data,
        )

    def log_unstake(
        self,
        timestamp: datetime,
        venue: str,
        lst_in: Number,
        eth_out: Number,
        oracle_price: Number,
        iteration: int | None = None,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log a liquid staking token turned back into ETH at an oracle price in ETH.

        A venue other than ETHERFI and LIDO needs `input_token`, or raises `InvalidEventError`.
        """
        token = event_data.get("input_token") or liquid_staking_token(venue, "input_token")
        return self._log_typed(
            timestamp,
            "STAKE_WITHDRAWAL",
            venue,
            token,
            lst_in,
            position_snapshot,
            {
                "transaction_type": "UNSTAKE",
                "purpose": sentence("Unstake %s %s from %s", lst_in, token, venue),
                "input_token": token,
                "output_token": "ETH",
                "amount_out": eth_out,
                "oracle_price": oracle_price,
                "iteration": iteration,
            },
            event_data,
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
        """Log a reward (the token `reward_type`) for an average weETH balance over a period.

        The extras `weeth_balance_avg`, `period_start` … also stand together in `details`.
        """
        period = {
            "reward_type": reward_type,
            "weeth_balance_avg": weeth_balance_avg,
            "period_start": period_start,
            "period_end": period_end,
        }
        return self._log_typed(
            timestamp,
            "SEASONAL_REWARD_DISTRIBUTION",
            "ETHERFI_KING_PROTOCOL",
            reward_type,
            amount,
            position_snapshot,
            {
                "transaction_type": "REWARD_DISTRIBUTION",
                "purpose": sentence("Seasonal reward: %s %s", amount, reward_type),
                **period,
                "details": {"amount": amount, **period},
                "severity": "INFO",
            },
            event_data,
        )
