"""Reading what is committed in a PostgreSQL store; no transaction outlives its page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
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
from infrastructure.stores.postgres.connections import Connections
from infrastructure.stores.postgres.driver import ServerConnection
from infrastructure.stores.postgres.entries import Entries
from infrastructure.stores.postgres.schema import key_of
from infrastructure.stores.postgres.selects import Selects
from projections.entries import LogEntry

T = TypeVar("T")

_PAGE = 250


class PostgresReads:
    """`infrastructure.store.Reads` on PostgreSQL; each method is one statement."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._all = connections.all
        self._url = connections.location.url
        self._schema = connections.location.schema
        self._selects = Selects(self._url, self._schema)
        self._entries = Entries(self._schema)
        self._opened = (
            "SELECT l.name, l.identity, l.log_id, e.event_order, e.topic, e.state"
            f" FROM {self._schema}.audit_logs l JOIN {self._schema}.events e"
            f" ON e.log_id = l.log_id AND e.event_order = {AuditLog.INITIAL_VERSION}"
        )

    def logs(self) -> list[OpenedLog]:
        """See `Reads.logs`."""
        return list(map(_opened, self._all(f"{self._opened} ORDER BY l.name")))

    def opened(self, log_id: UUID) -> OpenedLog | None:
        """See `Reads.opened`."""
        rows = self._all(f"{self._opened} WHERE l.log_id = %s", log_id)
        return _opened(rows[0]) if rows else None

    def end(self, log_id: UUID) -> LogEnd:
        """See `Reads.end`."""
        return self._connections.reading(lambda one: self._selects.end(one.run, log_id))

    def last_event(self, log_id: UUID) -> LastEvent | None:
        """See `Reads.last_event`."""
        return self._connections.reading(lambda one: self._selects.last_event(one.run, log_id))

    def size(self, log_id: UUID) -> int:
        """See `Reads.size`."""
        sizes = " UNION ALL ".join(
            f"SELECT pg_catalog.octet_length(state) AS n FROM {self._schema}.{table}"
            " WHERE log_id = %(log)s"
            for table in ("events", "transitions")
        )
        ((found,),) = self._all(
            f"SELECT COALESCE(pg_catalog.sum(n), 0)::bigint FROM ({sizes}) AS s",
            named={"log": log_id},
        )
        return int(found)

    def events(self, log_id: UUID, first: int, last: int, limit: int) -> list[tuple[int, bytes]]:
        """See `Reads.events`."""
        return self._connections.reading(
            lambda one: self._selects.states(one.run, log_id, first, last, limit)
        )

    def transitions(
        self, log_id: UUID, lifecycle_ids: Sequence[UUID]
    ) -> dict[UUID, list[StoredTransition]]:
        """See `Reads.transitions`."""
        rows = self._all(
            "SELECT lifecycle_id, version, topic, number, state, committed_at, after_order"
            f" FROM {self._schema}.transitions WHERE lifecycle_id = ANY(%s) AND log_id = %s"
            " ORDER BY lifecycle_id, version",
            list(lifecycle_ids),
            log_id,
        )
        found: dict[UUID, list[StoredTransition]] = {}
        for lifecycle_id, *transition in rows:
            found.setdefault(lifecycle_id, []).append(StoredTransition(*transition))
        return {one: in_order(stored) for one, stored in found.items()}

    def order_of(self, log_id: UUID, event_id: str) -> int | None:
        """See `Reads.order_of`."""
        return self._connections.reading(
            lambda one: self._selects.order_of(one.run, log_id, event_id)
        )

    def orders_with_hash(self, log_id: UUID, tx_hash: str) -> list[int]:
        """See `Reads.orders_with_hash`."""
        rows = self._all(
            f"SELECT event_order FROM {self._schema}.transaction_hashes WHERE log_id = %s"
            " AND tx_hash = %s ORDER BY event_order",
            log_id,
            key_of(tx_hash),
        )
        return [row[0] for row in rows]

    def late_details(self, log_id: UUID) -> list[tuple[int, int]]:
        """See `Reads.late_details`."""
        return self._all(
            f"SELECT parent_order, detail_order FROM {self._schema}.late_details"
            " WHERE log_id = %s ORDER BY detail_order",
            log_id,
        )

    def corrections(self, log_id: UUID) -> list[tuple[int, int]]:
        """See `Reads.corrections`."""
        return self._all(
            f"SELECT corrected_order, correction_order FROM {self._schema}.corrections"
            " WHERE log_id = %s ORDER BY corrected_order, correction_order",
            log_id,
        )

    def entries(self, log_id: UUID, after: Horizon, limit: int) -> list[LogEntry]:
        """See `Reads.entries`."""
        found = self.stored_entries(log_id, after, limit)
        try:
            return self._entries.followed(found)
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            problem = f"holds an entry after {after} that is no record ({error})"
            raise StoreError(self._url, problem) from error

    def stored_entries(self, log_id: UUID, after: Horizon, limit: int) -> list[StoredEntry]:
        """See `Reads.stored_entries`."""
        return self._connections.reading(
            lambda one: self._entries.stored(one.run, log_id, after, limit)
        )

    def plain_events(
        self, log_id: UUID, after: Horizon, limit: int, take: Callable[[Iterable[PlainEvent]], T]
    ) -> T:
        """See `Reads.plain_events`."""
        return take(self._plain_events(log_id, after, limit))

    def _plain_events(self, log_id: UUID, after: Horizon, limit: int) -> Iterator[PlainEvent]:
        """A page after the other, since the driver holds all that it is given."""
        page: list[PlainEvent] = []
        while limit > 0:
            after = Horizon(page[-1][0], after.transition) if page else after
            some = partial(self._entries.plain, log_id=log_id, after=after, limit=min(limit, _PAGE))
            page = self._connections.reading(lambda one: some(one.run))  # noqa: B023
            yield from page
            limit = limit - len(page) if len(page) == _PAGE else 0

    def stored(self, log_id: UUID, horizon: Horizon) -> Stored:
        """See `Reads.stored`."""
        rows = self._all(
            f"SELECT committed_at, writer, 0 FROM {self._schema}.transitions"
            " WHERE log_id = %(log)s AND number = %(number)s AND after_order = %(order)s"
            f" UNION ALL SELECT committed_at, writer, 1 FROM {self._schema}.events"
            " WHERE log_id = %(log)s AND event_order = %(order)s ORDER BY 3",
            named={"log": log_id, "number": horizon.transition, "order": horizon.order},
        )
        return Stored(*rows[0][:2]) if rows else Stored(None, None)

    def writers(self, log_id: UUID) -> dict[int, tuple[bytes, int | None]]:
        """See `Reads.writers`."""
        rows = self._all(
            f"SELECT writer, introduction, ended_at FROM {self._schema}.writers WHERE log_id = %s"
            " ORDER BY writer",
            log_id,
        )
        return {writer: (introduction, ended_at) for writer, introduction, ended_at in rows}

    def horizon_at(self, log_id: UUID, committed_at: int) -> Horizon | None:
        """See `Reads.horizon_at`."""

        def read(connection: ServerConnection) -> Horizon | None:
            ends = connection.run(
                f"SELECT last_order, transition FROM {self._schema}.heads WHERE log_id = %s",
                (log_id,),
            ).fetchone()
            if ends is None:
                return None
            order = self._last(
                connection, "events", "event_order", log_id, -1, ends[0], committed_at
            )
            number = self._last(
                connection, "transitions", "number", log_id, 0, ends[1], committed_at
            )
            return None if order < 0 else Horizon(order, number)

        return self._connections.reading(read)

    def _last(
        self,
        connection: ServerConnection,
        table: str,
        column: str,
        log_id: UUID,
        low: int,
        high: int,
        committed_at: int,
    ) -> int:
        """The last of these places that is there and was committed by then.

        Times only rise; what has none is of before all that have one.
        """
        statement = (
            f"SELECT {column}, committed_at FROM {self._schema}.{table} WHERE log_id = %s"
            f" AND {column} <= %s ORDER BY {column} DESC LIMIT 1"
        )
        found = low
        while low < high:
            middle = (low + high + 1) // 2
            place, time = connection.run(statement, (log_id, middle)).fetchone() or (low, None)
            if place <= low or time is None or time <= committed_at:
                found, low = max(found, place), middle
            else:
                high = place - 1
        return found


def _opened(row: Any) -> OpenedLog:
    name, identity, log_id, version, topic, state = row
    stored = StoredEvent(originator_id=log_id, originator_version=version, topic=topic, state=state)
    return OpenedLog(name.decode(), identity, stored)
