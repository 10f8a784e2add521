"""The whole vocabulary of the log, spoken by the aggregate, every logger and the bundle builder."""

from __future__ import annotations

from domain.lending_vocabulary import LendingVocabulary
from domain.monitoring_vocabulary import MonitoringVocabulary
from domain.speaker import LoggedT
from domain.staking_vocabulary import StakingVocabulary
from domain.trading_vocabulary import TradingVocabulary


class Vocabulary(
    StakingVocabulary[LoggedT],
    LendingVocabulary[LoggedT],
    TradingVocabulary[LoggedT],
    MonitoringVocabulary[LoggedT],
):
    """Every typed sentence; a speaker adds `log_event`."""
