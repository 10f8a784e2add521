"""Logs an event and books it: every event carries the position snapshot after it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.checks import Number
from domain.speaker import Snapshot, Speaker
from domain.vocabulary import Vocabulary
from event_logger.demo.ledger import Ledger
from event_logger.demo.venues import Venues


class Bookkeeper(Vocabulary[int]):
    """Speaks the vocabulary for the strategy.

    The venues are changed first, then the event is logged with their snapshot; the ledger books
    the event's own amounts, so that a reconciliation compares two things that were kept apart.
    """

    def __init__(self, target: Speaker[Any], venues: Venues, ledger: Ledger) -> None:
        self.target = target
        self.venues = venues
        self.ledger = ledger

    def log_event(
        self,
        timestamp: datetime,
        event_type: str,
        venue: str,
        token: str | None = None,
        amount: Number | None = None,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> int:
        """Log the event with the snapshot of the venues as they are now."""
        booked = {"event_type": event_type, "venue": venue, "token": token, "amount": amount}
        self.ledger.apply(booked | event_data)
        logged: int = self.target.log_event(
            timestamp, event_type, venue, token, amount, self.venues.snapshot(), **event_data
        )
        return logged

    def inside(self, target: Speaker[Any]) -> Bookkeeper:
        """The same books, logging to a bundle."""
        return Bookkeeper(target, self.venues, self.ledger)
