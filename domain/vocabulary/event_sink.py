"""What can log: the one method that every typed method comes down to."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Any, Generic, TypeVar

from domain.checks import Number
from domain.corrections import Corrected

LoggedT = TypeVar("LoggedT")
"""What a sink gives back for one event: an order, a coroutine of one, a bundle's step."""

Snapshot = dict[str, Any] | None
"""The Position Monitor's output, captured when logged."""

_ARGUMENTS = ("event_type", "venue", "token", "amount")


class EventSink(Generic[LoggedT]):
    """Takes single events; the vocabularies are written in these terms."""

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

    def _log_fields(
        self,
        timestamp: datetime,
        event_type: str,
        venue: str,
        token: str | None,
        amount: Number | None,
        position_snapshot: Snapshot,
        event_data: dict[str, Any],
    ) -> LoggedT:
        """`log_event` with its keyword arguments as a dict, which a sink may keep as its own.

        A sink that takes the dict as it is overrides this and saves unpacking it.
        """
        return self.log_event(
            timestamp, event_type, venue, token, amount, position_snapshot, **event_data
        )

    def _corrected(self, order: int) -> Corrected | None:
        """What is to be corrected; None where that is not known, as in a bundle being built.

        Raises `UnknownOrderError`.
        """
        return None

    def _log_typed(
        self,
        timestamp: datetime,
        event_type: str,
        venue: str,
        token: str | None,
        amount: Number | None,
        position_snapshot: Snapshot,
        filled: dict[str, Any],
        given: dict[str, Any],
    ) -> LoggedT:
        """Log what a typed method has filled in, or what its caller has given in its place.

        Whatever is given wins, the arguments of `log_event` included; None counts as not given.
        """
        if given:
            for name, value in given.items():
                if value is not None or name not in filled:
                    filled[name] = value
            if not given.keys().isdisjoint(_ARGUMENTS):
                given_type, given_venue, given_token, given_amount = (
                    filled.pop(name, None) for name in _ARGUMENTS
                )
                event_type = event_type if given_type is None else given_type
                venue = venue if given_venue is None else given_venue
                token = token if given_token is None else given_token
                amount = amount if given_amount is None else given_amount
        return self._log_fields(
            timestamp, event_type, venue, token, amount, position_snapshot, filled
        )
