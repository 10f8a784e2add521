"""Making a log: its head, name and opening, and what it is filled with, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from eventsourcing.persistence import StoredEvent

from domain.audit_log import AuditLog
from domain.errors import StoreError
from domain.horizon import START
from infrastructure.stored import Commit, LogEnd, Source, WriterIdentity, Writes
from infrastructure.stores.postgres import clock
from infrastructure.stores.postgres.binary_copy import originator
from infrastructure.stores.postgres.connections import Connections, Turn
from infrastructure.stores.postgres.continued import insert_commits, introduce_all
from infrastructure.stores.postgres.holding import BEGIN, patiently
from infrastructure.stores.postgres.writers import introduced


class Making:
    """A log that is to be made. What it is filled with is drawn once, whatever interrupts."""

    def __init__(
        self,
        connections: Connections,
        opened: StoredEvent,
        name: str,
        identity: str,
        writer: WriterIdentity | None,
        source: Source | None = None,
    ) -> None:
        self.log_id = originator(opened)
        self.committed_at: int | None = None
        self.number: int | None = None
        self.drawn = 0
        self.schema = connections.location.schema
        self._url = connections.location.url
        self._opened = opened
        self._name = name
        self._identity = identity
        self._writer = writer
        self._source = source

    def begin(self, turn: Turn, token: int, is_given_up: Callable[[], bool]) -> bool:
        """Store the log's head, name and opening; False, and nothing, when there is one.

        Waits for another that makes the same. Raises `StoreError`.
        """
        log_id, schema = self.log_id, self.schema
        opened_at = clock.now() if self._source is None else self._source.opened_at
        at = "NULL" if opened_at is None else str(opened_at)

        def claim() -> bool:
            row = turn.run_many(
                f"{BEGIN}INSERT INTO {schema}.heads VALUES ('{log_id}', 0, 0, {at}, 0,"
                f" {token}) ON CONFLICT DO NOTHING RETURNING committed_at"
            ).fetchone()
            self.committed_at = None if row is None else row[0]
            return row is not None

        if not patiently(turn, self._url, claim, is_given_up):
            return False
        if self.drawn:
            problem = f"another write came between while log {self._name!r} was made; make it again"
            raise StoreError(self._url, problem)
        if self._source is not None:
            introduce_all(turn, schema, log_id, self._source)
        if self._writer is not None:
            self.number = introduced(turn, schema, log_id, self._writer)
        turn.run(
            f"INSERT INTO {schema}.events VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (
                log_id,
                self._opened.originator_version,
                self._opened.topic,
                self._opened.state,
                self.committed_at,
                self.number,
                token,
            ),
        )
        turn.run(
            f"INSERT INTO {schema}.audit_logs VALUES (%s, %s, %s)",
            (log_id, self._name.encode(), self._identity),
        )
        return True

    def finish(self, turn: Turn, end: LogEnd) -> None:
        """Set the head to where the log ends by now."""
        turn.run(
            f"UPDATE {self.schema}.heads SET last_order = %s, transition = %s, committed_at = %s"
            " WHERE log_id = %s",
            (end.horizon.order, end.horizon.transition, end.committed_at, self.log_id),
        )


def fill_events(
    making: Making, batches: Iterable[Sequence[AuditLog.EventLogged]]
) -> Callable[[Turn], LogEnd]:
    """What stores the events of a new log, batch after batch."""

    def fill(turn: Turn) -> LogEnd:
        end = LogEnd(START, making.committed_at)
        for events in batches:
            making.drawn += 1
            commit = Commit(making.committed_at, making.number, Writes(events))
            end = insert_commits(turn, making.schema, making.log_id, end, [commit])
        return end

    return fill


def fill_copied(making: Making, batches: Iterable[Sequence[Commit]]) -> Callable[[Turn], LogEnd]:
    """What stores all that another log holds, as it was committed there."""

    def fill(turn: Turn) -> LogEnd:
        end = LogEnd(START, making.committed_at)
        for commits in batches:
            making.drawn += 1
            end = insert_commits(turn, making.schema, making.log_id, end, commits)
        return end

    return fill
