"""Writing to the SQLite store: where it is decided, once, whether something is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from domain.audit_log import AuditLog
from domain.errors import ReadOnlyStoreError, StoreError
from domain.horizon import Horizon
from infrastructure.closing import refuse_closed
from infrastructure.commit_signal import CommitSignals
from infrastructure.store import Decide
from infrastructure.stored import NOBODY, Commit, LogEnd, Source, Transition, WriterIdentity
from infrastructure.stores.sqlite.at_the_end import AtTheEnd
from infrastructure.stores.sqlite.clock import StoreClock
from infrastructure.stores.sqlite.connections import Connections, Superseded, Turn
from infrastructure.stores.sqlite.continued import Marker, append_copied
from infrastructure.stores.sqlite.errors import DRIVER_ERRORS, as_store_error
from infrastructure.stores.sqlite.holding import is_busy
from infrastructure.stores.sqlite.inserts import (
    insert_copied,
    insert_events,
    insert_opened,
    insert_transitions,
    introduced,
    originator_hex,
)
from infrastructure.stores.sqlite.schema import LOCK_TIMEOUT_SECONDS
from infrastructure.stores.sqlite.selects import require_end, select_end, select_last_event

T = TypeVar("T")

_AT_ONCE = 0.0

_DATA_VERSION = "PRAGMA data_version"
"""Changes whenever another connection has committed (https://www.sqlite.org/pragma.html); a log's
end is looked up anew only then."""


class SQLiteAppends:
    """`infrastructure.store.Appends` on SQLite; BEGIN IMMEDIATE holds the end of every log.

    A plain BEGIN that reads and then writes fails at once with SQLITE_BUSY_SNAPSHOT when another
    process committed in between, however long the timeout.
    """

    def __init__(self, connections: Connections, commits: CommitSignals) -> None:
        self._connections = connections
        self._commits = commits
        self._url = connections.location.url
        self._clock = StoreClock(connections.location.url)
        self._known: dict[str, tuple[tuple[int, int], LogEnd]] = {}

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
        log = originator_hex(opened)

        def fill(turn: Turn, drawn: Iterable[Sequence[AuditLog.EventLogged]]) -> Marker:
            at, number = self._clock.now(None), introduced(turn, log, writer)
            insert_opened(turn, opened, name, identity, at, number)
            last, state = 0, opened.state
            for events in drawn:
                insert_events(turn, log, events, at, number)
                if events:
                    last, state = events[-1].originator_version, events[-1].record
            return Marker(log, last, state, at, number)

        return self._make(log, name, writer, batches, fill)

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
        log = originator_hex(opened)

        def fill(turn: Turn, drawn: Iterable[Sequence[Commit]]) -> Marker:
            rows = [(log, *writer) for writer in source.writers]
            turn.run_many("INSERT INTO writers VALUES (?,?,?,?)", rows)
            at = source.opened_at
            number = None if writer is None else introduced(turn, log, writer)
            insert_opened(turn, opened, name, identity, at, number)
            insert_copied(turn, log, drawn)
            return Marker(log, 0, opened.state, at, number)

        return self._make(log, name, writer or NOBODY, batches, fill)

    def append_copied(
        self, log_id: UUID, after: Horizon, source: Source, commits: Sequence[Commit]
    ) -> LogEnd:
        """See `Appends.append_copied`."""
        log = log_id.hex

        def store(turn: Turn) -> tuple[LogEnd, Marker]:
            self._known.pop(log, None)
            end = require_end(turn.run, self._url, log)
            return append_copied(turn, self._url, log, end, after, source, commits)

        return self._in_turn(store, source.last_writer(commits))

    def _make(
        self,
        log: str,
        name: str,
        writer: WriterIdentity,
        batches: Iterable[T],
        fill: Callable[[Turn, Iterable[T]], Marker],
    ) -> bool:
        """Store a new log as `fill` does; False when it is there. Batches are drawn only once."""
        drawn = 0

        def drawing() -> Iterator[T]:
            nonlocal drawn
            for batch in batches:
                drawn += 1
                yield batch

        def store(turn: Turn) -> tuple[bool, Marker | None]:
            if select_end(turn.run, log) is not None:
                return False, None
            if drawn:
                problem = f"another write came between while log {name!r} was made; make it again"
                raise StoreError(self._url, problem)
            return True, fill(turn, drawing())

        return self._in_turn(store, writer)

    def append(self, log_id: UUID, writer: WriterIdentity, decide: Decide) -> LogEnd:
        """See `Appends.append`."""
        log = log_id.hex
        seen: tuple[int, int] = (0, 0)
        last_turn: Turn | None = None

        def store(turn: Turn) -> tuple[LogEnd, Marker | None]:
            nonlocal seen, last_turn
            (version,) = turn.run(_DATA_VERSION).fetchone()
            seen, last_turn = (self._connections.library_writes, version), turn
            # Taken out: whatever interrupts this turn, the next one looks up what it left.
            known = self._known.pop(log, None)
            if known is not None and known[0] == seen:
                end = known[1]
            else:
                self._connections.checkpoints.take_back_of_others(turn.run)
                end = require_end(turn.run, self._url, log)
                refuse_closed(self._url, select_last_event(turn.run, log))
            events, transitions, closes, identity = decide(AtTheEnd(turn, log, end, self._clock))
            if closes:
                # Looked up anew by the next one, which is refused.
                seen = (-1, -1)
            if not events and not transitions:
                return end, None
            if identity is not None:
                turn.run("UPDATE audit_logs SET identity=? WHERE log_id=?", (identity, log))
            return self._store(turn, log, writer, end, events, transitions)

        with self._connections.lock:
            end = self._in_turn(store, writer)
            known = seen, end
            # A handler that wrote after our commit knows better.
            if self._connections.turn is last_turn:
                self._known[log] = known
        return end

    def end_writer(self, log_id: UUID, writer: WriterIdentity) -> None:
        """See `Appends.end_writer`."""
        if writer.number is None:
            return
        number = writer.number

        def store(turn: Turn) -> tuple[None, Marker | None]:
            turn.run(
                "UPDATE writers SET ended_at=? WHERE log_id=? AND writer=?",
                (self._clock.now(None), log_id.hex, number),
            )
            return None, Marker(log_id.hex, 0, b"", None, number)

        # Nobody waits for a stranger's lock only to say goodbye.
        self._in_turn(store, writer, wait_seconds=_AT_ONCE)

    def _store(
        self,
        turn: Turn,
        log: str,
        writer: WriterIdentity,
        end: LogEnd,
        events: Sequence[AuditLog.EventLogged],
        transitions: Sequence[Transition],
    ) -> tuple[LogEnd, Marker]:
        (order, transition), last_at = end
        at, number = self._clock.now(last_at), introduced(turn, log, writer)
        if transitions:
            insert_transitions(turn, log, end.horizon, transitions, at, number)
            stored = transitions[-1].stored
            version = stored.originator_version
            marker = Marker(originator_hex(stored), version, stored.state, at, number)
        if events:
            insert_events(turn, log, events, at, number)
            marker = Marker(log, order + len(events), events[-1].record, at, number)
        last = Horizon(order + len(events), transition + len(transitions))
        return LogEnd(last, at), marker

    def _in_turn(
        self,
        store: Callable[[Turn], tuple[T, Marker | None]],
        writer: WriterIdentity,
        wait_seconds: float = LOCK_TIMEOUT_SECONDS,
    ) -> T:
        if self._connections.is_read_only:
            raise ReadOnlyStoreError(self._url, "was opened for reading; nothing is logged")
        with self._connections.lock:
            while True:
                try:
                    return self._attempt(store, writer, wait_seconds)
                except Superseded:
                    continue

    def _attempt(
        self,
        store: Callable[[Turn], tuple[T, Marker | None]],
        writer: WriterIdentity,
        wait_seconds: float,
    ) -> T:
        try:
            turn = Turn(self._connections)
            self._connections.files.check()
        except DRIVER_ERRORS as error:
            raise as_store_error(self._url, error) from error
        marker: Marker | None = None
        try:
            # The connection's own `__exit__` rolls back what an exception leaves open: one C call,
            # which a second interruption right after the first does not keep from being made.
            with turn.connection:
                turn.begin(wait_seconds)
                result, marker = store(turn)
                if marker is None:
                    turn.roll_back()
                    return result
                turn.run("COMMIT")
        except BaseException as error:
            if marker is None or not self._reached_the_disk(marker, writer):
                if isinstance(error, DRIVER_ERRORS):
                    raise self._refusal(error) from error
                raise
            if not isinstance(error, Exception):
                writer.number = marker.writer
                self._commits.wake_all()
                raise
        writer.number = marker.writer
        self._commits.wake_all()
        return result

    def _refusal(self, error: Exception) -> StoreError:
        if self._connections.is_given_up() and is_busy(error):
            problem = (
                "was closed while this waited for another process to let go of it; nothing of this"
                " is stored"
            )
            return StoreError(self._url, problem)
        return as_store_error(self._url, error)

    def _reached_the_disk(self, marker: Marker, writer: WriterIdentity) -> bool:
        """Whether the commit whose answer was an error is stored all the same.

        A row of ours is known by its writer, whose introduction no other opening has, and by its
        state: a signal handler may have taken the place meanwhile, as the same writer.
        """
        try:
            with self._connections.reading() as connection:
                if not marker.state:
                    return True
                row = connection.execute(
                    "SELECT 1 FROM stored_events s LEFT JOIN writers w ON w.writer=s.writer"
                    " WHERE s.originator_id=? AND s.originator_version=? AND s.state=?"
                    " AND s.committed_at IS ? AND s.writer IS ?"
                    " AND COALESCE(w.introduction, X'')=?",
                    (*marker, writer.introduction),
                ).fetchone()
                return row is not None
        except (StoreError, *DRIVER_ERRORS):
            return False
