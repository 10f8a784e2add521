"""The eventsourcing library's recorder: its aggregates, and a notification log of each log."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from eventsourcing import persistence
from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    ProgrammingError,
    StoredEvent,
    Subscription,
)

from domain.errors import StoreError
from domain.horizon import START, Horizon
from domain.lifecycle import lifecycle_id
from infrastructure.stored import StoredEntry
from infrastructure.stores.postgres.connections import Connections
from infrastructure.stores.postgres.driver import ServerConnection
from infrastructure.stores.postgres.entries import Entries

T = TypeVar("T")

POLL_SECONDS = 0.05
_NO_SEQUENCE = (
    "a store of many logs on a server has no sequence of its own, since two logs never wait for"
    " each other; ask for the recorder of one log"
)


class Recorder(ApplicationRecorder):
    """Aggregates of whoever has some, and the notifications of one log.

    A log of ours is appended to by `Appends` alone, which gives out its orders, and is refused
    here. `of_log` gives the recorder whose notifications are that log's entries in the order of
    commit; a notification's id is the entry's position + 1.
    """

    def __init__(self, connections: Connections, log_id: UUID | None = None) -> None:
        super().__init__()
        self._connections = connections
        self._schema = connections.location.schema
        self._entries = Entries(self._schema)
        self._log_id = log_id

    def of_log(self, log_id: UUID) -> Recorder:
        """The recorder of one log."""
        return Recorder(self._connections, log_id)

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Store the events of aggregates, all or none. Raises `IntegrityError` for a taken one."""

        def insert(connection: ServerConnection) -> None:
            ids = sorted({_uuid(event.originator_id) for event in stored_events})
            ours = connection.run(
                f"SELECT 1 FROM {self._schema}.heads WHERE log_id = ANY(%s) LIMIT 1", (ids,)
            ).fetchone()
            if ours is not None:
                raise ProgrammingError("an audit log is appended to by its own commands")
            with connection.cursor() as cursor:
                cursor.executemany(
                    f"INSERT INTO {self._schema}.events (log_id, event_order, topic, state)"
                    " VALUES (%s, %s, %s, %s)".encode(),
                    [
                        (_uuid(e.originator_id), e.originator_version, e.topic, e.state)
                        for e in stored_events
                    ],
                )

        if stored_events:
            _as_library(lambda: self._connections.writing(insert))
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The stored events of an aggregate, of a log, or of an event's lifecycle."""
        between = " BETWEEN %(first)s AND %(last)s"
        rows = _as_library(
            lambda: self._connections.all(
                f"SELECT event_order AS v, topic, state FROM {self._schema}.events"
                f" WHERE log_id = %(id)s AND event_order{between}"
                f" UNION ALL SELECT version, topic, state FROM {self._schema}.transitions"
                f" WHERE lifecycle_id = %(id)s AND version{between}"
                f" ORDER BY v {'DESC' if desc else 'ASC'} LIMIT %(limit)s",
                named={
                    "id": _uuid(originator_id),
                    "first": 0 if gt is None else gt + 1,
                    "last": 2**31 - 1 if lte is None else lte,
                    "limit": limit,
                },
            )
        )
        return [StoredEvent(originator_id, v, topic, state) for v, topic, state in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Up to `limit` entries of the log, of these topics if any are named."""
        log_id = self._of_one_log()
        first = 1 if start is None else start if inclusive_of_start else start + 1
        after = self._horizon_before(log_id, max(first, 1))
        found: list[Notification] = []
        while after is not None and len(found) < limit:
            horizon = after
            page = self._connections.reading(
                lambda one, at=horizon: self._entries.stored(one.run, log_id, at, limit)  # type: ignore[misc]
            )
            for entry in page:
                number = entry.horizon.position + 1
                if stop is not None and number > stop:
                    return found
                if not topics or entry.topic in topics:
                    found.append(self._notification(log_id, entry, number))
            after = page[-1].horizon if len(page) == limit else None
        return found[:limit]

    def max_notification_id(self) -> int | None:
        """The last entry's; None of a log that has none."""
        log_id = self._of_one_log()
        rows = self._connections.all(
            f"SELECT last_order + transition FROM {self._schema}.heads WHERE log_id = %s", log_id
        )
        return rows[0][0] + 1 if rows and rows[0][0] else None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """The log's notifications, those to come included."""
        self._of_one_log()
        return _Polling(self, gt, topics)

    def _of_one_log(self) -> UUID:
        if self._log_id is None:
            raise ProgrammingError(_NO_SEQUENCE)
        return self._log_id

    def _horizon_before(self, log_id: UUID, number: int) -> Horizon | None:
        """The horizon after which the notification of this number is the first; None beyond all.

        Transitions are few beside events: the last one before the position is found by halving.
        """
        position = number - 2
        if position <= 0:
            return START
        row = self._connections.all(
            f"SELECT number, after_order FROM {self._schema}.transitions WHERE log_id = %s"
            " AND after_order + number <= %s ORDER BY number DESC LIMIT 1",
            log_id,
            position,
        )
        transition = row[0][0] if row else 0
        return Horizon(position - transition, transition)

    def _notification(self, log_id: UUID, entry: StoredEntry, number: int) -> Notification:
        is_event = entry.number is None
        return Notification(
            log_id if is_event else lifecycle_id(log_id, entry.order),
            entry.order if is_event else entry.version or 0,
            entry.topic or "",
            entry.state or b"",
            number,
        )


class _Polling(Subscription[Recorder]):
    """Looks again and again."""

    _found: Sequence[Notification] = ()

    def __next__(self) -> Notification:
        while not self._has_been_stopped:
            if not self._found:
                self._found = self._recorder.select_notifications(
                    self._last_notification_id, 100, topics=self._topics, inclusive_of_start=False
                )
            if self._found:
                notification, *self._found = self._found
                self._last_notification_id = notification.id
                return notification
            time.sleep(POLL_SECONDS)
        raise StopIteration


def _uuid(originator: UUID | str) -> UUID:
    return originator if isinstance(originator, UUID) else UUID(originator)


def _as_library(call: Callable[[], T]) -> T:
    """What the call gives; the driver's errors come as the library's, by the same names."""
    try:
        return call()
    except StoreError as error:
        cause = error.__cause__
        if isinstance(cause, psycopg.IntegrityError):
            raise IntegrityError(str(cause)) from error
        if isinstance(cause, psycopg.Error):
            raise persistence.OperationalError(str(error)) from error
        raise
