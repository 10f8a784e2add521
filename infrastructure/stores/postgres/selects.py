"""The statements that both reading and writing run; `run` executes one on a connection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from domain.audit_log import AuditLog
from domain.closing import LastEvent
from domain.errors import StoreError
from domain.horizon import Horizon
from infrastructure.standing import CONTINUED
from infrastructure.stored import LogEnd
from infrastructure.stores.postgres.schema import key_of

Run = Callable[[str, Sequence[Any]], Any]


class Selects:
    """The statements on the tables of one schema."""

    def __init__(self, url: str, schema: str) -> None:
        self._url = url
        self._end = (
            f"SELECT last_order, transition, committed_at FROM {schema}.heads WHERE log_id = %s"
        )
        self._states = (
            f"SELECT event_order, state FROM {schema}.events WHERE log_id = %s"
            " AND event_order BETWEEN %s AND %s AND topic = %s ORDER BY event_order LIMIT %s"
        )
        self._last_event = (
            "SELECT e.event_order, e.state, e.writer, o.writer, p.event_order"
            f" FROM {schema}.events e LEFT JOIN {schema}.events o"
            " ON o.log_id = e.log_id AND o.event_order = 0"
            f" LEFT JOIN {schema}.follower_positions p"
            " ON p.log_id = e.log_id AND p.follower = %s"
            " WHERE e.log_id = %s AND e.topic = %s ORDER BY e.event_order DESC LIMIT 1"
        )
        self._order_of = (
            f"SELECT event_order FROM {schema}.event_ids WHERE log_id = %s AND event_id = %s"
        )
        self._lifecycle = (
            f"SELECT version, topic, state FROM {schema}.transitions WHERE lifecycle_id = %s"
            " AND version > %s ORDER BY version"
        )

    def end(self, run: Run, log_id: UUID) -> LogEnd:
        """Where the log ends; raises `StoreError` when the store holds no such log."""
        row = run(self._end, (log_id,)).fetchone()
        if row is None:
            raise StoreError(self._url, "holds no such log any more; open it again")
        return LogEnd(Horizon(row[0], row[1]), row[2])

    def states(
        self, run: Run, log_id: UUID, first: int, last: int, limit: int
    ) -> list[tuple[int, bytes]]:
        """The (order, state) of up to `limit` logged events from order `first` to `last`."""
        parameters = (log_id, first, last, AuditLog.EventLogged.TOPIC, limit)
        found: list[tuple[int, bytes]] = run(self._states, parameters).fetchall()
        return found

    def last_event(self, run: Run, log_id: UUID) -> LastEvent | None:
        """The log's last event, and what tells whether it closed the log."""
        row = run(self._last_event, (CONTINUED, log_id, AuditLog.EventLogged.TOPIC)).fetchone()
        return None if row is None else LastEvent(*row)

    def order_of(self, run: Run, log_id: UUID, event_id: str) -> int | None:
        """The order that was logged under this event_id."""
        row = run(self._order_of, (log_id, key_of(event_id))).fetchone()
        return None if row is None else int(row[0])

    def lifecycle(self, run: Run, lifecycle_id: UUID, after_version: int) -> list[StoredEvent]:
        """The lifecycle's stored events after a version, oldest first."""
        rows = run(self._lifecycle, (lifecycle_id, after_version)).fetchall()
        return [
            StoredEvent(originator_id=lifecycle_id, originator_version=v, topic=topic, state=state)
            for v, topic, state in rows
        ]
