"""The entries of a log in the order of their commit: what followers are handed."""

from __future__ import annotations

from typing import NamedTuple

from domain.horizon import Horizon
from projections.event_dicts import Record

FOLLOWED_FIELDS = {
    "recorded_at": "$.recorded_at",
    "timestamp": "$.timestamp",
    "event_type": "$.event_type",
    "venue": "$.venue",
    "status": "$.status",
    "tx_hash": "$.tx_hash",
    "detail_orders": "$.detail_orders",
    "bundle_name": "$.extra.bundle_name",
}
"""What followers are handed of an event, and where it stands in its record."""


class LoggedEntry(NamedTuple):
    """One event was logged; `position` is its place in the log's order of commit.

    Of the record there is what followers need, `FOLLOWED_FIELDS`; times are ISO 8601 text.
    `committed_at` is the store's time in microseconds since 1970; None: of before format 2.
    """

    position: int
    order: int
    committed_at: int | None
    record: Record

    @property
    def horizon(self) -> Horizon:
        """The log as it was once this was committed."""
        return Horizon(self.order, self.position - self.order)


class TransitionEntry(NamedTuple):
    """An event's status or values changed; of a bundle, those of its outermost wrapper.

    `number` counts the log's transitions from 1 on; the rest is as in `LoggedEntry`.
    """

    position: int
    number: int
    order: int
    committed_at: int | None
    recorded_at: str
    from_status: str
    from_since: str
    status: str
    tx_hash: str | None

    @property
    def since(self) -> str:
        """When the status began: a further update of the same status does not restart it."""
        return self.from_since if self.status == self.from_status else self.recorded_at

    @property
    def horizon(self) -> Horizon:
        """The log as it was once this was committed."""
        return Horizon(self.position - self.number, self.number)


LogEntry = LoggedEntry | TransitionEntry
