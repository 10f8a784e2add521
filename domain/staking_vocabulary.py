"""The typed sentences about gas, staking and its rewards.

Amounts are ints, floats or Decimals in units of their token and are kept exactly. `**event_data`
is kept with the event; its `purpose` and `transaction_type` replace those filled in here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.checks import Number
from domain.pairs import liquid_staking_token
from domain.speaker import LoggedT, Snapshot, Speaker


class StakingVocabulary(Speaker[LoggedT]):
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
        event_data.setdefault("transaction_type", "GAS_FEE")
        event_data.setdefault("purpose", f"Gas fee for {operation_type}")
        return self.log_event(
            timestamp,
            "GAS_FEE_PAID",
            "ETHEREUM",
            "ETH",
            gas_cost_eth,
            position_snapshot,
            gas_cost_eth=gas_cost_eth,
            gas_cost_usd=gas_cost_usd,
            gas_units=gas_units,
            gas_price_gwei=gas_price_gwei,
            fee_type=operation_type,
            **event_data,
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
        """Log ETH staked at ETHERFI (for weETH) or LIDO (for wstETH) at an oracle price in ETH."""
        event_data.setdefault("transaction_type", "STAKE")
        event_data.setdefault("purpose", f"Stake {eth_in} ETH to {venue}")
        return self.log_event(
            timestamp,
            "STAKE_DEPOSIT",
            venue,
            "ETH",
            eth_in,
            position_snapshot,
            input_token="ETH",
            output_token=liquid_staking_token(venue),
            amount_out=lst_out,
            oracle_price=oracle_price,
            iteration=iteration,
            **event_data,
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
        """Log a liquid staking token turned back into ETH at an oracle price in ETH."""
        token = liquid_staking_token(venue)
        event_data.setdefault("transaction_type", "UNSTAKE")
        event_data.setdefault("purpose", f"Unstake {lst_in} {token} from {venue}")
        return self.log_event(
            timestamp,
            "STAKE_WITHDRAWAL",
            venue,
            token,
            lst_in,
            position_snapshot,
            input_token=token,
            output_token="ETH",
            amount_out=eth_out,
            oracle_price=oracle_price,
            iteration=iteration,
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
