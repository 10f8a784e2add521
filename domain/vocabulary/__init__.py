"""The typed methods of the log: of the aggregate, every logger and the bundle builder."""

from __future__ import annotations

from domain.vocabulary.event_sink import EventSink, LoggedT, Snapshot
from domain.vocabulary.lending import LendingVocabulary
from domain.vocabulary.monitoring import MonitoringVocabulary
from domain.vocabulary.staking import StakingVocabulary
from domain.vocabulary.trading import TradingVocabulary

__all__ = ["EventSink", "LoggedT", "Snapshot", "Vocabulary"]


class Vocabulary(
    StakingVocabulary[LoggedT],
    LendingVocabulary[LoggedT],
    TradingVocabulary[LoggedT],
    MonitoringVocabulary[LoggedT],
):
    """Every typed method; an event sink adds `log_event`."""
