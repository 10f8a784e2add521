"""Stored or not, after an answer that was lost: what the log says decides.

The log's head is held on a new connection, which waits for the session whose answer was lost. If
its token is there, what it committed is stored. If not, the head's epoch is moved on, unless it has
been already: whatever is still on its way to the server names the former one, and stores nothing
any more.
"""

from __future__ import annotations

import time
from typing import NamedTuple
from uuid import UUID

import psycopg

from domain.errors import StoreError
from domain.horizon import Horizon
from infrastructure.stored import LogEnd
from infrastructure.stores.postgres.connections import Connections, Superseded, Turn
from infrastructure.stores.postgres.errors import as_store_error, is_lost, said_by
from infrastructure.stores.postgres.holding import BEGIN, WAIT_SECONDS, hold, patiently

_FIRST_PAUSE, _LAST_PAUSE = 0.02, 0.5


class Doubt(NamedTuple):
    """A commit that was sent, and how it is known again: its token, and where it may stand.

    `events` and `transitions` count what it brought after `since` or later, and `epoch` is the one
    that it names. Of a log that was to be made, `since` is None.
    """

    log_id: UUID
    token: int
    since: LogEnd | None
    events: int = 0
    transitions: int = 0
    epoch: int = 0


class Answer(NamedTuple):
    """What became of it: the log's end once it was stored (None: it is not), and the head's epoch
    where it was moved on."""

    end: LogEnd | None
    moved_to: int | None


class Doubts:
    """Settles doubts, waiting for the server to be back; the connections' lock is held."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._url = connections.location.url
        self._schema = connections.location.schema

    def settle(self, doubt: Doubt, error: BaseException) -> Answer:
        """Look whether it is stored; raises `StoreError` when no server can tell."""
        deadline = time.monotonic() + WAIT_SECONDS
        pause = _FIRST_PAUSE
        while True:
            try:
                return self._look(doubt)
            except Superseded:
                continue
            except (psycopg.Error, StoreError) as failure:
                if not self.may_retry(failure, deadline):
                    raise StoreError(
                        self._url,
                        f"failed ({said_by(error)}) after a commit was sent, and does not answer"
                        f" ({as_store_error(self._url, failure).problem}): whether it is stored is"
                        " seen when the server is back",
                    ) from failure
            time.sleep(pause)
            pause = min(2 * pause, _LAST_PAUSE)

    def may_retry(self, failure: BaseException, deadline: float) -> bool:
        """Whether another connection may do better, and is to be tried."""
        self._connections.check()
        if self._connections.is_given_up() or time.monotonic() > deadline:
            return False
        return is_lost(failure)

    def _look(self, doubt: Doubt) -> Answer:
        self._connections.drop_writer()
        turn = Turn(self._connections)
        try:
            answer = self._made(turn, doubt) if doubt.since is None else self._appended(turn, doubt)
            # Written to, so that what is found stored is so on the standbys as well, if any are
            # waited for, when this is answered.
            turn.run("COMMIT")
            return answer
        except BaseException:
            self._connections.drop_writer()
            raise
        finally:
            turn.end()

    def _appended(self, turn: Turn, doubt: Doubt) -> Answer:
        head = hold(turn, self._url, self._schema, doubt.log_id, self._never)
        stored = self._stored(turn, doubt)
        step = 1 if stored is None and head.epoch == doubt.epoch else 0
        turn.run(
            f"UPDATE {self._schema}.heads SET epoch = epoch + %s WHERE log_id = %s",
            (step, doubt.log_id),
        )
        return Answer(stored, head.epoch + step if step else None)

    def _stored(self, turn: Turn, doubt: Doubt) -> LogEnd | None:
        since = doubt.since.horizon if doubt.since is not None else Horizon(0, 0)
        order, number, committed_at = None, None, None
        if doubt.events:
            row = turn.run(
                f"SELECT event_order, committed_at FROM {self._schema}.events WHERE log_id = %s"
                " AND event_order > %s AND token = %s LIMIT 1",
                (doubt.log_id, since.order, doubt.token),
            ).fetchone()
            if row is None:
                return None
            order, committed_at = row
        if doubt.transitions:
            row = turn.run(
                f"SELECT number, committed_at, after_order FROM {self._schema}.transitions"
                " WHERE log_id = %s AND number > %s AND token = %s LIMIT 1",
                (doubt.log_id, since.transition, doubt.token),
            ).fetchone()
            if row is None:
                return None
            number, committed_at = row[:2]
            order = row[2] if order is None else order
        if number is None:
            row = turn.run(
                f"SELECT number FROM {self._schema}.transitions WHERE log_id = %s AND number >= %s"
                " AND after_order < %s ORDER BY number DESC LIMIT 1",
                (doubt.log_id, since.transition, order),
            ).fetchone()
            number = since.transition if row is None else row[0]
        return LogEnd(Horizon(order or 0, number), committed_at)

    def _made(self, turn: Turn, doubt: Doubt) -> Answer:
        """Whether a log was made: a row in its place waits for whoever else makes one."""

        def claim() -> bool:
            turn.run_many(BEGIN)
            row = turn.run(
                f"INSERT INTO {self._schema}.heads VALUES (%s, 0, 0, NULL, 0, 0)"
                " ON CONFLICT DO NOTHING RETURNING 1",
                (doubt.log_id,),
            ).fetchone()
            return row is not None

        is_free = patiently(turn, self._url, claim, self._never)
        if is_free:
            turn.run("ROLLBACK")
            turn.run("BEGIN")
            return Answer(None, None)
        row = turn.run(
            f"SELECT h.last_order, h.transition, h.committed_at, e.token = %s"
            f" FROM {self._schema}.heads h JOIN {self._schema}.events e ON e.log_id = h.log_id"
            " AND e.event_order = 0 WHERE h.log_id = %s",
            (doubt.token, doubt.log_id),
        ).fetchone()
        if row is None or not row[3]:
            return Answer(None, None)
        turn.run(
            f"UPDATE {self._schema}.heads SET token = token WHERE log_id = %s", (doubt.log_id,)
        )
        return Answer(LogEnd(Horizon(row[0], row[1]), row[2]), None)

    def _never(self) -> bool:
        return False
