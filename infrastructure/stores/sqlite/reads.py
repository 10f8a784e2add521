"""Reading what is committed in a SQLite store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import Any, TypeVar
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from domain.audit_log import AuditLog
from domain.closing import LastEvent
from domain.errors import StoreError
from domain.horizon import Horizon
from infrastructure.stored import (
    LogEnd,
    OpenedLog,
    PlainEvent,
    Stored,
    StoredEntry,
    StoredTransition,
    in_order,
)
from infrastructure.stores.sqlite.connections import Connections
from infrastructure.stores.sqlite.corrections import CORRECTIONS_OF_EVENTS, HAS_CORRECTIONS
from infrastructure.stores.sqlite.entries import (
    PLAIN_EVENTS,
    select_entries,
    select_stored_entries,
)
from infrastructure.stores.sqlite.errors import store_errors
from infrastructure.stores.sqlite.selects import (
    checked_commit_time,
    require_end,
    select_end,
    select_last_event,
    select_order_of,
    select_states,
)
from projections.entries import LogEntry

T = TypeVar("T")

_IDS_PER_STATEMENT = 500

_OPENED = (
    "SELECT l.name, l.identity, l.log_id, s.originator_version, s.topic, s.state"
    " FROM audit_logs l JOIN stored_events s ON s.originator_id=l.log_id"
    " AND s.originator_version=?"
)


class SQLiteReads:
    """`infrastructure.store.Reads` on SQLite."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._url = connections.location.url
        self._has_corrections = False

    def _all(self, statement: str, *parameters: Any) -> list[Any]:
        with store_errors(self._url), self._connections.reading() as connection:
            return connection.execute(statement, parameters).fetchall()

    def logs(self) -> list[OpenedLog]:
        """See `Reads.logs`."""
        rows = self._all(
            f"{_OPENED} ORDER BY l.name",
            AuditLog.INITIAL_VERSION,
        )
        return list(map(_opened, rows))

    def opened(self, log_id: UUID) -> OpenedLog | None:
        """See `Reads.opened`."""
        rows = self._all(
            f"{_OPENED} WHERE l.log_id=?",
            AuditLog.INITIAL_VERSION,
            log_id.hex,
        )
        return _opened(rows[0]) if rows else None

    def end(self, log_id: UUID) -> LogEnd:
        """See `Reads.end`."""
        with store_errors(self._url), self._connections.reading() as connection:
            return require_end(connection.execute, self._url, log_id.hex)

    def last_event(self, log_id: UUID) -> LastEvent | None:
        """See `Reads.last_event`."""
        with store_errors(self._url), self._connections.reading() as connection:
            return select_last_event(connection.execute, log_id.hex)

    def size(self, log_id: UUID) -> int:
        """See `Reads.size`."""
        # As the file has them: only of what is no record, bytes and characters are two things.
        ((found,),) = self._all(
            "SELECT (SELECT TOTAL(LENGTH(state)) FROM stored_events WHERE originator_id=?1) +"
            " (SELECT TOTAL(LENGTH(s.state)) FROM transitions t JOIN stored_events s"
            " ON s.originator_id=t.lifecycle_id AND s.originator_version=t.version"
            " WHERE t.log_id=?1)",
            log_id.hex,
        )
        return int(found)

    def events(self, log_id: UUID, first: int, last: int, limit: int) -> list[tuple[int, bytes]]:
        """See `Reads.events`."""
        with store_errors(self._url), self._connections.reading() as connection:
            return select_states(connection.execute, log_id.hex, first, last, limit)

    def transitions(
        self, log_id: UUID, lifecycle_ids: Sequence[UUID]
    ) -> dict[UUID, list[StoredTransition]]:
        """See `Reads.transitions`."""
        found: dict[UUID, list[StoredTransition]] = {}
        with store_errors(self._url), self._connections.reading() as connection:
            for start in range(0, len(lifecycle_ids), _IDS_PER_STATEMENT):
                ids = [one.hex for one in lifecycle_ids[start : start + _IDS_PER_STATEMENT]]
                rows = connection.execute(
                    "SELECT s.originator_id, s.originator_version, s.topic, t.number, s.state,"
                    " s.committed_at, t.after_order FROM stored_events s"
                    " LEFT JOIN transitions t ON t.log_id=?"
                    " AND t.number=s.number AND t.lifecycle_id=s.originator_id"
                    " AND t.version=s.originator_version"
                    f" WHERE s.originator_id IN ({','.join('?' * len(ids))})"
                    " ORDER BY s.originator_id, s.originator_version",
                    (log_id.hex, *ids),
                )
                for originator, *transition in rows.fetchall():
                    found.setdefault(UUID(originator), []).append(StoredTransition(*transition))
        return {one: in_order(stored) for one, stored in found.items()}

    def order_of(self, log_id: UUID, event_id: str) -> int | None:
        """See `Reads.order_of`."""
        with store_errors(self._url), self._connections.reading() as connection:
            return select_order_of(connection.execute, log_id.hex, event_id)

    def orders_with_hash(self, log_id: UUID, tx_hash: str) -> list[int]:
        """See `Reads.orders_with_hash`."""
        rows = self._all(
            "SELECT event_order FROM transaction_hashes WHERE log_id=? AND tx_hash=?"
            " ORDER BY event_order",
            log_id.hex,
            tx_hash,
        )
        return [row[0] for row in rows]

    def late_details(self, log_id: UUID) -> list[tuple[int, int]]:
        """See `Reads.late_details`."""
        return self._all(
            "SELECT parent_order, detail_order FROM late_details WHERE log_id=?"
            " ORDER BY detail_order",
            log_id.hex,
        )

    def corrections(self, log_id: UUID) -> list[tuple[int, int]]:
        """See `Reads.corrections`."""
        self._has_corrections = self._has_corrections or bool(self._all(HAS_CORRECTIONS))
        if not self._has_corrections:
            # Of a store from before there was this index, which its next writer makes.
            return self._all(f"{CORRECTIONS_OF_EVENTS} AND originator_id=?", log_id.hex)
        return self._all(
            "SELECT corrected_order, correction_order FROM corrections WHERE log_id=?"
            " ORDER BY corrected_order, correction_order",
            log_id.hex,
        )

    def entries(self, log_id: UUID, after: Horizon, limit: int) -> list[LogEntry]:
        """See `Reads.entries`."""
        with store_errors(self._url), self._connections.reading() as connection:
            try:
                return select_entries(connection, log_id.hex, after, limit)
            except (TypeError, KeyError, ValueError) as error:
                problem = f"holds an entry after {after} that is no record ({error})"
                raise StoreError(self._url, problem) from error

    def stored_entries(self, log_id: UUID, after: Horizon, limit: int) -> list[StoredEntry]:
        """See `Reads.stored_entries`."""
        with store_errors(self._url), self._connections.reading() as connection:
            return select_stored_entries(connection, log_id.hex, after, limit)

    def plain_events(
        self, log_id: UUID, after: Horizon, limit: int, take: Callable[[Iterable[PlainEvent]], T]
    ) -> T:
        """See `Reads.plain_events`."""
        # A row that is let go of before the next one is read costs a third less (measured).
        with (
            store_errors(self._url),
            self._connections.reading() as connection,
            closing(connection.execute(PLAIN_EVENTS, (log_id.hex, *after, limit))) as rows,
        ):
            return take(rows)

    def stored(self, log_id: UUID, horizon: Horizon) -> Stored:
        """See `Reads.stored`."""
        rows = self._all(
            "SELECT s.committed_at, s.writer FROM transitions t JOIN stored_events s"
            " ON s.originator_id=t.lifecycle_id AND s.originator_version=t.version"
            " WHERE t.log_id=?1 AND t.number=?2 AND t.after_order=?3"
            " UNION ALL SELECT committed_at, writer FROM stored_events"
            " WHERE originator_id=?1 AND originator_version=?3",
            log_id.hex,
            horizon.transition,
            horizon.order,
        )
        if not rows:
            return Stored(None, None)
        with store_errors(self._url):
            return Stored(checked_commit_time(rows[0][0]), rows[0][1])

    def writers(self, log_id: UUID) -> dict[int, tuple[bytes, int | None]]:
        """See `Reads.writers`."""
        rows = self._all(
            "SELECT writer, introduction, ended_at FROM writers WHERE log_id=?", log_id.hex
        )
        return {writer: (introduction, ended_at) for writer, introduction, ended_at in rows}

    def horizon_at(self, log_id: UUID, committed_at: int) -> Horizon | None:
        """See `Reads.horizon_at`."""
        with store_errors(self._url), self._connections.reading() as connection:
            run = connection.execute
            end = select_end(run, log_id.hex)
            if end is None:
                return None
            event = (
                "SELECT originator_version, committed_at FROM stored_events WHERE originator_id=?"
                " AND originator_version<=? ORDER BY originator_version DESC LIMIT 1"
            )
            transition = (
                "SELECT t.number, s.committed_at FROM transitions t JOIN stored_events s"
                " ON s.originator_id=t.lifecycle_id AND s.originator_version=t.version"
                " WHERE t.log_id=? AND t.number<=? ORDER BY t.number DESC LIMIT 1"
            )

            def last(statement: str, first: int, upto: int) -> int:
                """The last of these places that is there and was committed by then.

                Times only rise; what has none is of before all that have one.
                """
                found = low = first - 1
                high = upto
                while low < high:
                    middle = (low + high + 1) // 2
                    place, time = run(statement, (log_id.hex, middle)).fetchone() or (low, None)
                    if place <= low or time is None or time <= committed_at:
                        found, low = max(found, place), middle
                    else:
                        high = place - 1
                return found

            order = last(event, 0, end.horizon.order)
            return (
                None if order < 0 else Horizon(order, last(transition, 1, end.horizon.transition))
            )


def _opened(row: Any) -> OpenedLog:
    name, identity, log_id, version, topic, state = row
    stored = StoredEvent(
        originator_id=UUID(log_id), originator_version=version, topic=topic, state=state
    )
    return OpenedLog(name, identity, stored)
