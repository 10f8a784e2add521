"""The status board of a live log, kept in the store: as quick to read however long the log."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import orjson

from domain.audit_log import AuditLog
from domain.errors import EventLoggerError
from infrastructure.application import AuditLogs
from infrastructure.confirmation_times import ConfirmationTimes
from infrastructure.stores import store_errors
from infrastructure.timestamps import timestamp_of
from projections.live_status import Kind, LiveStatus, OpenEvent, board

_log = logging.getLogger("event_logger")

PAGE = 500
"""Entries folded in per transaction: writers of the log wait while it lasts."""

FOLLOW_SECONDS = 0.25
_IDLE_ROWS = 100_000


_DELETE_SETTLED = (
    "DELETE FROM open_events WHERE log_id=?"
    " AND event_order IN (SELECT value FROM json_each(CAST(? AS TEXT)))"
)
_REPLACE_OPEN = (
    "INSERT OR REPLACE INTO open_events SELECT ?, "
    + ", ".join(f"json_extract(value, '$[{i}]')" for i in range(6))
    + " FROM json_each(CAST(? AS TEXT))"
)


class StatusBoard:
    """One log's board. Each transition is folded in exactly once, whoever keeps the board.

    Entries are folded outside of the transaction that stores what they change; it stores nothing if
    another follower has stored in between.
    """

    def __init__(self, logs: AuditLogs, log: AuditLog) -> None:
        self._logs = logs
        self._log = log
        self._follower = f"status-board:{log.id}"
        self._times = ConfirmationTimes(log.id)

    def catch_up(self) -> None:
        """Fold in all that was committed by now.

        Raises `StoreError`; what was folded in before stays.
        """
        if self._logs.position(self._follower) is None:
            self._logs.store_position(self._follower, self._logs.first_position(self._log))
        while not self._fold_page():
            pass

    def _fold_page(self) -> bool:
        position = self._position()
        entries, looked_to = self._logs.committed(self._log, position, PAGE)
        if not entries and looked_to - position < _IDLE_ROWS:
            return True
        changes = LiveStatus().follow(entries, self._members)
        with (
            store_errors(self._logs.store),
            self._logs.recorder.datastore.transaction(commit=True) as cursor,  # type: ignore[attr-defined]
        ):
            cursor.execute(
                "UPDATE follower_positions SET position=? WHERE follower=? AND position=?"
                " RETURNING position",
                (looked_to, self._follower, position),
            )
            if cursor.fetchone() is None:
                return False
            self._store(cursor, changes)
        return len(entries) < PAGE

    def read(self, stuck_after: float | None = None, now: datetime | None = None) -> dict[str, Any]:
        """The board as of now, `stuck_after` in seconds; writes nothing.

        What no follower has folded in yet is folded in memory.
        """
        with (
            store_errors(self._logs.store),
            self._logs.recorder.datastore.transaction(commit=False) as cursor,  # type: ignore[attr-defined]
        ):
            position = self._position_in(cursor)
            counts = self._counts(cursor)
            open_events: dict[int, OpenEvent | None] = {
                event.order: event for event in self._open(cursor)
            }
            newer = self._newer(position)
            quantiles = self._times.quantiles(cursor, newer.confirmations)
        counts.update(newer.counts)
        waiting = [event for event in (open_events | newer.open).values() if event is not None]
        at = datetime.now(UTC) if now is None else now
        return board(counts, waiting, quantiles, at, stuck_after, timestamp_of)

    def rebuilt(self) -> LiveStatus:
        """The board folded from nothing but the events, in memory."""
        return self._newer(self._logs.first_position(self._log))

    def _newer(self, position: int) -> LiveStatus:
        changes = LiveStatus()
        while True:
            entries, position = self._logs.committed(self._log, position, PAGE)
            if not entries:
                return changes
            changes.follow(entries, self._members)

    def _members(self, order: int) -> list[tuple[int, dict[str, Any]]]:
        return self._logs.bundle_records(self._log, order)

    def _position(self) -> int:
        position = self._logs.position(self._follower)
        return self._logs.first_position(self._log) if position is None else position

    def _position_in(self, cursor: Any) -> int:
        cursor.execute(
            "SELECT position FROM follower_positions WHERE follower=?", (self._follower,)
        )
        row = cursor.fetchone()
        return self._logs.first_position(self._log) if row is None else int(row[0])

    def _counts(self, cursor: Any) -> Counter[Kind]:
        cursor.execute(
            "SELECT venue, event_type, status, events FROM status_counts WHERE log_id=?",
            (self._log.id.hex,),
        )
        return Counter({(row[0], row[1], row[2]): row[3] for row in cursor.fetchall()})

    def _open(self, cursor: Any) -> list[OpenEvent]:
        cursor.execute(
            "SELECT event_order, event_type, venue, status, tx_hash, since FROM open_events"
            " WHERE log_id=?",
            (self._log.id.hex,),
        )
        return [OpenEvent(*row) for row in cursor.fetchall()]

    def _store(self, cursor: Any, changes: LiveStatus) -> None:
        log_id = self._log.id.hex
        cursor.executemany(
            "INSERT INTO status_counts VALUES (?,?,?,?,?) ON CONFLICT DO UPDATE"
            " SET events=events+excluded.events",
            [(log_id, *kind, count) for kind, count in changes.counts.items() if count],
        )
        # One statement for all: each further one gives the threads that log a chance to hold this
        # one up while it holds the store.
        settled = [order for order, event in changes.open.items() if event is None]
        cursor.execute(_DELETE_SETTLED, (log_id, orjson.dumps(settled)))
        waiting = [event.row() for event in changes.open.values() if event is not None]
        cursor.execute(_REPLACE_OPEN, (log_id, orjson.dumps(waiting)))
        self._times.add(cursor, changes.confirmations)


class StatusBoardFollower:
    """Keeps the board up to date, in a daemon thread."""

    def __init__(self, board: StatusBoard) -> None:
        self._board = board
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="event-log-board", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """End once the page at hand is folded in."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _follow(self) -> None:
        is_behind = False
        while not self._stopping.wait(FOLLOW_SECONDS):
            try:
                self._board.catch_up()
                is_behind = False
            except EventLoggerError as error:
                if not is_behind and not self._stopping.is_set():
                    _log.warning("the status board waits: %s", error)
                is_behind = True
