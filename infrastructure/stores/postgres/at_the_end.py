"""What can be asked of a PostgreSQL store at a log's end."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from infrastructure.stored import LogEnd
from infrastructure.stores.postgres import clock
from infrastructure.stores.postgres.connections import Turn
from infrastructure.stores.postgres.selects import Selects


class AtTheEnd:
    """`infrastructure.store.AtTheEnd` on PostgreSQL.

    The end is held, or it is where the log is expected to end: what is then stored names that end,
    and is stored only if nobody has appended meanwhile.
    """

    __slots__ = ("_log_id", "_run", "_selects", "end")

    def __init__(self, turn: Turn, selects: Selects, log_id: UUID, end: LogEnd) -> None:
        self._run = turn.run
        self._selects = selects
        self._log_id = log_id
        self.end = end

    def time(self) -> int:
        """See `AtTheEnd.time`."""
        (now,) = self._run(f"SELECT {clock.now()}", ()).fetchone() or (0,)
        return max(int(now), self.end.committed_at or 0)

    def order_of(self, event_id: str) -> int | None:
        """See `AtTheEnd.order_of`."""
        return self._selects.order_of(self._run, self._log_id, event_id)

    def states(self, first: int, last: int) -> Sequence[bytes]:
        """See `AtTheEnd.states`."""
        rows = self._selects.states(self._run, self._log_id, first, last, last - first + 1)
        return [state for _, state in rows]

    def lifecycle(self, lifecycle_id: UUID, after_version: int) -> Sequence[StoredEvent]:
        """See `AtTheEnd.lifecycle`."""
        return self._selects.lifecycle(self._run, lifecycle_id, after_version)
