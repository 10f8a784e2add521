"""The whole vocabulary of the log, spoken by the aggregate, every logger and the bundle builder."""

from __future__ import annotations

from domain.market_vocabulary import MarketVocabulary
from domain.on_chain_vocabulary import OnChainVocabulary
from domain.speaker import LoggedT


class Vocabulary(OnChainVocabulary[LoggedT], MarketVocabulary[LoggedT]):
    """Every typed sentence; a speaker adds `log_event`."""
