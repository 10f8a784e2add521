"""What a follower of a live log is told, in the order in which it was committed."""

from __future__ import annotations

from dataclasses import dataclass

from projections.event_dicts import Record


@dataclass(frozen=True, slots=True)
class Logged:
    """One event was logged, pending; `position` is its notification id in the store.

    Of the record there is what followers need: `recorded_at`, `timestamp`, `event_type`, `venue`,
    and where it has them `tx_hash`, `detail_orders`, `bundle_name`. Times are ISO 8601 text.
    """

    position: int
    order: int
    record: Record


@dataclass(frozen=True, slots=True)
class Transitioned:
    """An event's status or values changed; of a bundle, those of its outermost wrapper."""

    position: int
    order: int
    recorded_at: str
    from_status: str
    from_since: str
    status: str
    tx_hash: str | None

    @property
    def since(self) -> str:
        """When the status began: a further update of the same status does not restart it."""
        return self.from_since if self.status == self.from_status else self.recorded_at


Committed = Logged | Transitioned
