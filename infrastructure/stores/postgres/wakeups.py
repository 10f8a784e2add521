"""Telling other processes that something was committed, and hearing it from them.

The notification is sent in a transaction of its own, after the commit: within it, NOTIFY would make
the commits of all databases of the server wait for each other. Whoever hears nothing, as behind a
pooler, polls.
"""

from __future__ import annotations

import queue
import threading
import time
from uuid import UUID

import psycopg

from domain.errors import StoreError
from infrastructure.commit_signal import CommitSignals
from infrastructure.stores.postgres.connections import Connections
from infrastructure.stores.postgres.driver import ServerConnection
from infrastructure.wake import Wake

TELL_SECONDS = 0.005
"""At most so often this process notifies others."""

_NOTIFY = (
    "SELECT pg_catalog.set_config('synchronous_commit', 'off', true), pg_catalog.pg_notify(%s, %s)"
)
"""Without a flush of its own, for which the commits beside it would wait: it need not last."""

_HEAR_SECONDS = 0.5
_PAUSES = (0.1, 2.0)
_END_SECONDS = 0.25


class WakingSignals(CommitSignals):
    """The followers' signals; from the first on, what other processes commit wakes them, too."""

    def __init__(self, connections: Connections) -> None:
        super().__init__()
        self._connections = connections
        self._channel = f"event_logger.{connections.location.schema_name}"[:63]
        self._is_closing = False
        self._untold: queue.SimpleQueue[UUID | None] = queue.SimpleQueue()
        self._teller: threading.Thread | None = None
        self._hearer: threading.Thread | None = None

    def new(self) -> Wake:
        """See `CommitSignals.new`."""
        signal = super().new()
        if self._hearer is None and not self._is_closing:
            self._hearer = threading.Thread(
                target=self._hear, name="event-log-listener", daemon=True
            )
            self._hearer.start()
        return signal

    def announce(self, log_id: UUID) -> None:
        """Let other processes know of a commit, soon; waits for nothing."""
        if self._is_closing:
            return
        if self._teller is None:
            self._teller = threading.Thread(target=self._tell, name="event-log-teller", daemon=True)
            self._teller.start()
        if self._untold.empty():
            self._untold.put(log_id)

    def close(self) -> None:
        """End both threads; what is untold is told if the server answers at once."""
        self._is_closing = True
        self._untold.put(None)
        for thread in (self._teller, self._hearer):
            if thread is not None and thread is not threading.current_thread():
                thread.join(_END_SECONDS)

    def _tell(self) -> None:
        connection: ServerConnection | None = None
        while True:
            log_id = self._untold.get()
            if log_id is None:
                break
            try:
                if connection is None or connection.closed:
                    connection = self._connections.connect()
                connection.run(_NOTIFY, (self._channel, str(log_id)))
            except (psycopg.Error, StoreError):
                # Others poll besides, and the next commit is told again.
                connection = None
            time.sleep(TELL_SECONDS)
        if connection is not None:
            connection.close()

    def _hear(self) -> None:
        pause = _PAUSES[0]
        while not self._is_closing:
            try:
                connection = self._connections.connect()
                try:
                    connection.run(f'LISTEN "{self._channel}"')
                    pause = _PAUSES[0]
                    # What was committed before it listened.
                    self.wake_all()
                    self._hear_on(connection)
                finally:
                    connection.close()
            except (psycopg.Error, StoreError):
                if not self._is_closing:
                    time.sleep(pause)
                    pause = min(2 * pause, _PAUSES[1])

    def _hear_on(self, connection: ServerConnection) -> None:
        while not self._is_closing:
            for _ in connection.notifies(timeout=_HEAR_SECONDS, stop_after=1):
                self.wake_all()
