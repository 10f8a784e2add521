"""Logs an event and books it: every event carries the position snapshot after it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.checks import Number
from domain.vocabulary import EventSink, Snapshot, Vocabulary
from event_logger.demo.venues import Venues
from projections.balances import Balances


class Bookkeeper(Vocabulary[int]):
    """The typed methods, for the strategy.

    The venues are changed first, then the event is logged with their snapshot; the balances book
    the event's own amounts, so that a reconciliation compares two things that were kept apart.
    """

    def __init__(self, target: EventSink[Any], venues: Venues, balances: Balances) -> None:
        self.target = target
        self.venues = venues
        self.balances = balances

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
        self.balances.apply(booked | event_data)
        logged: int = self.target.log_event(
            timestamp, event_type, venue, token, amount, self.venues.snapshot(), **event_data
        )
        return logged

    def inside(self, target: EventSink[Any]) -> Bookkeeper:
        """The same books, logging to a bundle."""
        return Bookkeeper(target, self.venues, self.balances)
