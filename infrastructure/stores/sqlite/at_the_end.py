"""What can be asked of a SQLite store while a log's end is held."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from infrastructure.stored import LogEnd
from infrastructure.stores.sqlite.clock import StoreClock
from infrastructure.stores.sqlite.connections import Turn
from infrastructure.stores.sqlite.selects import select_lifecycle, select_order_of, select_states


class AtTheEnd:
    """`infrastructure.store.AtTheEnd` on SQLite: a log while a turn holds its end."""

    __slots__ = ("_clock", "_log_id", "_run", "end")

    def __init__(self, turn: Turn, log: str, end: LogEnd, clock: StoreClock) -> None:
        self._run = turn.run
        self._log_id = log
        self._clock = clock
        self.end = end

    def time(self) -> int:
        """See `AtTheEnd.time`."""
        return self._clock.now(self.end.committed_at)

    def order_of(self, event_id: str) -> int | None:
        """See `AtTheEnd.order_of`."""
        return select_order_of(self._run, self._log_id, event_id)

    def states(self, first: int, last: int) -> Sequence[bytes]:
        """See `AtTheEnd.states`."""
        rows = select_states(self._run, self._log_id, first, last, last - first + 1)
        return [state for _, state in rows]

    def lifecycle(self, lifecycle_id: UUID, after_version: int) -> Sequence[StoredEvent]:
        """See `AtTheEnd.lifecycle`."""
        return select_lifecycle(self._run, lifecycle_id, after_version)
