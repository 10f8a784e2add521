"""Who can log: the one method that every typed sentence comes down to."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Any, Generic, TypeVar

from domain.checks import Number

LoggedT = TypeVar("LoggedT")
"""What a speaker gives back for one event: an order, a coroutine of one, a bundle's step."""

Snapshot = dict[str, Any] | None
"""The Position Monitor's output, captured when logged."""


class Speaker(Generic[LoggedT]):
    """Logs single events; the vocabularies say everything else in these terms."""

    @abstractmethod
    def log_event(
        self,
        timestamp: datetime,
        event_type: str,
        venue: str,
        token: str | None = None,
        amount: Number | None = None,
        position_snapshot: Snapshot = None,
        **event_data: Any,
    ) -> LoggedT:
        """Log one event at `timestamp` (UTC; on the hour in a backtest)."""
