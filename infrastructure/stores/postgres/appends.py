"""Writing to the PostgreSQL store: where it is decided, once, whether something is stored."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar
from uuid import UUID

import psycopg
from eventsourcing.persistence import StoredEvent

from domain.audit_log import AuditLog
from domain.errors import ReadOnlyStoreError, StoreError
from domain.horizon import Horizon
from infrastructure.commit_signal import CommitSignals
from infrastructure.store import Decide
from infrastructure.stored import NOBODY, Commit, LogEnd, Source, WriterIdentity
from infrastructure.stores.postgres import clock
from infrastructure.stores.postgres.connections import Connections, Superseded, Turn
from infrastructure.stores.postgres.doubts import Answer, Doubt, Doubts
from infrastructure.stores.postgres.errors import as_append_error, is_lost, is_refused
from infrastructure.stores.postgres.fences import Fences
from infrastructure.stores.postgres.holding import WAIT_SECONDS, Head
from infrastructure.stores.postgres.making import Making, fill_copied, fill_events
from infrastructure.stores.postgres.sending import Attempt, Sending

T = TypeVar("T")


class PostgresAppends:
    """`infrastructure.store.Appends` on PostgreSQL; the row of a log's head holds its end.

    A commit is sent to where the log is expected to end, as one statement and one round trip; when
    another writer was faster, the end is held first.
    """

    def __init__(
        self,
        connections: Connections,
        commits: CommitSignals,
        fences: Fences,
        announce: Callable[[UUID], None],
    ) -> None:
        self._connections = connections
        self._commits = commits
        self._fences = fences
        self._announce = announce
        self._url = connections.location.url
        self._schema = connections.location.schema
        self._doubts = Doubts(connections)
        self._sending = Sending(connections, fences)

    def create(self, opened: StoredEvent, name: str, identity: str, writer: WriterIdentity) -> bool:
        """See `Appends.create`."""
        return self.create_filled(opened, name, identity, writer, ())

    def create_filled(
        self,
        opened: StoredEvent,
        name: str,
        identity: str,
        writer: WriterIdentity,
        batches: Iterable[Sequence[AuditLog.EventLogged]],
    ) -> bool:
        """See `Appends.create_filled`."""
        making = Making(self._connections, opened, name, identity, writer)
        return self._make(making, writer, fill_events(making, batches))

    def create_copied(
        self,
        opened: StoredEvent,
        name: str,
        identity: str,
        writer: WriterIdentity | None,
        source: Source,
        batches: Iterable[Sequence[Commit]],
    ) -> bool:
        """See `Appends.create_copied`."""
        making = Making(self._connections, opened, name, identity, writer, source)
        return self._make(making, writer or NOBODY, fill_copied(making, batches))

    def _make(self, making: Making, writer: WriterIdentity, fill: Callable[[Turn], LogEnd]) -> bool:
        log_id = making.log_id

        def store(turn: Turn, attempt: Attempt) -> bool:
            token = secrets.randbits(62)
            if not making.begin(turn, token, self._connections.is_given_up):
                turn.connection.rollback()
                return False
            end = fill(turn)
            making.finish(turn, end)
            attempt.writer, attempt.doubt = making.number, Doubt(log_id, token, None)
            turn.commit()
            self._sending.known[log_id] = Head(end, 0)
            return True

        is_made = self._in_turn(store, lambda answer: True, log_id, writer)
        if is_made:
            self._fences.check(log_id, 0)
        return is_made

    def append_copied(
        self, log_id: UUID, after: Horizon, source: Source, commits: Sequence[Commit]
    ) -> LogEnd:
        """See `Appends.append_copied`."""
        by = source.last_writer(commits)

        def store(turn: Turn, attempt: Attempt) -> LogEnd:
            return self._sending.append_copied(turn, attempt, log_id, after, source, commits)

        return self._in_turn(store, _end_of, log_id, by)

    def append(self, log_id: UUID, writer: WriterIdentity, decide: Decide) -> LogEnd:
        """See `Appends.append`."""

        def store(turn: Turn, attempt: Attempt) -> LogEnd:
            return self._sending.append(turn, attempt, log_id, writer, decide)

        return self._in_turn(store, _end_of, log_id, writer)

    def end_writer(self, log_id: UUID, writer: WriterIdentity) -> None:
        """See `Appends.end_writer`."""
        if writer.number is None:
            return
        number = writer.number

        def store(turn: Turn, attempt: Attempt) -> None:
            turn.commit(
                f"UPDATE {self._schema}.writers SET ended_at = {clock.now()} WHERE log_id = %s"
                " AND writer = %s AND ended_at IS NULL",
                (log_id, number),
            )

        self._in_turn(store, lambda answer: None, log_id, writer, is_patient=False)

    def _in_turn(
        self,
        store: Callable[[Turn, Attempt], T],
        found: Callable[[Answer], T],
        log_id: UUID,
        writer: WriterIdentity,
        *,
        is_patient: bool = True,
    ) -> T:
        if self._connections.is_read_only:
            raise ReadOnlyStoreError(self._url, "was opened for reading; nothing is logged")
        deadline = time.monotonic() + (WAIT_SECONDS if is_patient else 0.0)
        pause = 0.02
        with self._connections.lock:
            if self._connections.drop_broken_writer():
                self._fences.renew(log_id)
            while True:
                try:
                    return self._attempt(store, found, log_id, writer)
                except Superseded:
                    continue
                except (psycopg.Error, StoreError) as error:
                    # Nothing of it is stored, and nothing that is on its way can be any more.
                    if not self._doubts.may_retry(error, deadline):
                        raise as_append_error(self._url, error) from error
                time.sleep(pause)
                pause = min(2 * pause, 0.5)
                self._fences.renew(log_id)

    def _attempt(
        self,
        store: Callable[[Turn, Attempt], T],
        found: Callable[[Answer], T],
        log_id: UUID,
        writer: WriterIdentity,
    ) -> T:
        attempt = Attempt()
        turn = Turn(self._connections)
        try:
            result = store(turn, attempt)
        except BaseException as error:
            self._let_go(turn, error)
            answer = self._settled(attempt.doubt, error)
            if answer is None or answer.end is None:
                raise
            writer.number = attempt.writer
            self._tell(log_id)
            if not isinstance(error, Exception):
                raise
            return found(answer)
        finally:
            turn.end()
        if attempt.doubt is not None:
            writer.number = attempt.writer
            self._tell(log_id)
        return result

    def _settled(self, doubt: Doubt | None, error: BaseException) -> Answer | None:
        if doubt is None or is_refused(error):
            return None
        answer = self._doubts.settle(doubt, error)
        if answer.moved_to is not None:
            self._fences.move(doubt.log_id, doubt.epoch, answer.moved_to)
        return answer

    def _let_go(self, turn: Turn, error: BaseException) -> None:
        """Have nothing of a turn that failed stay open."""
        if not self._connections.is_current(turn):
            return
        if isinstance(error, Exception) and not is_lost(error):
            try:
                turn.connection.rollback()
            except psycopg.Error:
                self._connections.drop_writer()
        else:
            self._connections.drop_writer()

    def _tell(self, log_id: UUID) -> None:
        self._commits.wake_all()
        self._announce(log_id)


def _end_of(answer: Answer) -> LogEnd:
    if answer.end is None:
        raise StoreError("", "nothing is stored")
    return answer.end
