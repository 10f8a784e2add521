"""Sending a commit: to where the log is expected to end, or while its end is held."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain.errors import EventLoggerError, StoreError
from domain.horizon import Horizon
from infrastructure.closing import refuse_closed
from infrastructure.store import Decide
from infrastructure.stored import Commit, LogEnd, PlainEvents, Source, WriterIdentity, Writes
from infrastructure.stores.postgres import clock
from infrastructure.stores.postgres.at_the_end import AtTheEnd
from infrastructure.stores.postgres.binary_copy import EVENT_COLUMNS, copy_in, event_rows
from infrastructure.stores.postgres.clock import StoreClock
from infrastructure.stores.postgres.connections import Connections, Turn
from infrastructure.stores.postgres.continued import append_commits
from infrastructure.stores.postgres.doubts import Doubt
from infrastructure.stores.postgres.fences import Fences
from infrastructure.stores.postgres.holding import Head, hold
from infrastructure.stores.postgres.inserts import (
    COPY_FROM,
    append_statement,
    one_event_statement,
    one_event_values,
    parameters_of,
    rows_of,
)
from infrastructure.stores.postgres.selects import Selects
from infrastructure.stores.postgres.writers import introduced


class Attempt:
    """What was sent to be committed, if anything was yet, and by which writer."""

    doubt: Doubt | None = None
    writer: int | None = None


class Sending:
    """Stores what is decided at a log's end; the connections' lock is held."""

    def __init__(self, connections: Connections, fences: Fences) -> None:
        self.known: dict[UUID, Head] = {}
        """Where each log ended after this process wrote to it."""
        self._connections = connections
        self._fences = fences
        self._url = connections.location.url
        self._schema = connections.location.schema
        self._selects = Selects(self._url, self._schema)
        self._clock = StoreClock(self._url)

    def append(
        self, turn: Turn, attempt: Attempt, log_id: UUID, writer: WriterIdentity, decide: Decide
    ) -> LogEnd:
        """Store it in one round trip where the log ends where it is expected to, else in a few."""
        # Taken out: whatever interrupts this turn, the next one looks up what it left.
        expected, writes = self.known.pop(log_id, None), None
        if expected is not None and not self._fences.knows(log_id, expected.epoch):
            expected = None
        if expected is not None and writer.number is not None:
            try:
                writes = decide(AtTheEnd(turn, self._selects, log_id, expected.end))
            except EventLoggerError:
                # Of an end that may be another by now; what is raised at the end that is held
                # counts.
                expected = None
            if expected is not None and writes is not None and _goes_at_once(writes):
                end = (
                    self._send_to_expected(
                        turn, attempt, log_id, writer.number, expected, writes, decide
                    )
                    if _size(writes)
                    else self._is_still(turn, log_id, expected)
                )
                if end is not None:
                    return end
        return self._hold_and_send(turn, attempt, log_id, writer, expected, writes, decide)

    def append_copied(
        self,
        turn: Turn,
        attempt: Attempt,
        log_id: UUID,
        after: Horizon,
        source: Source,
        commits: Sequence[Commit],
    ) -> LogEnd:
        """Store what was committed elsewhere, while the log's end is held."""
        self.known.pop(log_id, None)
        head = hold(turn, self._url, self._schema, log_id, self._connections.is_given_up)
        self._fences.check(log_id, head.epoch)
        if head.end.horizon != after:
            problem = f"holds the log up to {head.end.horizon}, not {after}; copy it again"
            raise StoreError(self._url, problem)
        token = secrets.randbits(62)
        end = append_commits(turn, self._schema, log_id, head.end, source, commits, token)
        if commits:
            attempt.writer = commits[-1].writer
            counts = [end.horizon[one] - after[one] for one in (0, 1)]
            attempt.doubt = Doubt(log_id, token, head.end, counts[0], counts[1], head.epoch)
        turn.commit()
        self._see_to_standbys(turn, log_id)
        return end

    def _send_to_expected(
        self,
        turn: Turn,
        attempt: Attempt,
        log_id: UUID,
        writer: int,
        head: Head,
        writes: Writes,
        decide: Decide,
    ) -> LogEnd | None:
        """Store it where the log is expected to end; None, and nothing stored, where it is not."""
        rows, token = rows_of(writes), secrets.randbits(62)
        events, transitions = len(rows.states), len(rows.transitions)
        is_exact = not _is_placeless(writes) or self._fences.is_up(log_id)
        if is_exact:
            self._check_orders(writes, head.end)
        end = head.end.horizon
        attempt.writer = writer
        attempt.doubt = Doubt(log_id, token, head.end, events, transitions, head.epoch)
        if rows.is_one_event:
            (state,) = rows.states
            at = end if is_exact else None
            values = one_event_values(log_id, state, writer, token, head.epoch, at)
            statement = one_event_statement(self._schema, is_exact, clock.now())
            row: Any = turn.commit_row(statement, values)
        else:
            statement = append_statement(self._schema, rows.kinds, is_exact=is_exact)
            row = turn.commit(
                statement, parameters_of(log_id, rows, writer, token, head.epoch, end)
            )
        if row is None:
            attempt.doubt = None
            return None
        self._see_to_standbys(turn, log_id)
        order, transition, committed_at, time = row
        if order != end.order:
            decide(AtTheEnd(turn, self._selects, log_id, LogEnd(Horizon(order, transition), None)))
        stored = LogEnd(Horizon(order + events, transition + transitions), committed_at)
        self._clock.compare(committed_at, time)
        self.known[log_id] = Head(stored, head.epoch)
        return stored

    def _is_still(self, turn: Turn, log_id: UUID, head: Head) -> LogEnd | None:
        """The log's end if it is where it was expected: what was judged there holds."""
        if self._selects.end(turn.run, log_id) != head.end:
            return None
        self.known[log_id] = head
        return head.end

    def _hold_and_send(
        self,
        turn: Turn,
        attempt: Attempt,
        log_id: UUID,
        writer: WriterIdentity,
        expected: Head | None,
        writes: Writes | None,
        decide: Decide,
    ) -> LogEnd:
        head = hold(turn, self._url, self._schema, log_id, self._connections.is_given_up)
        self._fences.check(log_id, head.epoch)
        if expected is None or head.epoch != expected.epoch:
            # Whoever closes a log moves its epoch on.
            refuse_closed(self._url, self._selects.last_event(turn.run, log_id))
        if writes is None or expected is None or head.end != expected.end or not _size(writes):
            writes = decide(AtTheEnd(turn, self._selects, log_id, head.end))
        if not _size(writes):
            turn.connection.rollback()
            self.known[log_id] = head
            return head.end
        self._check_orders(writes, head.end)
        number = introduced(turn, self._schema, log_id, writer)
        rows, token = rows_of(writes), secrets.randbits(62)
        events, transitions = len(rows.states), len(rows.transitions)
        kinds, end = rows.kinds, head.end.horizon
        copies = events >= COPY_FROM
        if copies:
            kinds = (False, *kinds[1:])
        parameters = parameters_of(log_id, rows, number, token, head.epoch, end)
        statement = append_statement(self._schema, kinds, is_exact=True)
        _, _, committed_at, time = turn.run(statement, parameters).fetchone()  # type: ignore[misc]
        if writes.identity is not None:
            turn.run(
                f"UPDATE {self._schema}.audit_logs SET identity = %s WHERE log_id = %s",
                (writes.identity, log_id),
            )
        if copies:
            made = event_rows(log_id, end.order + 1, rows.states, committed_at, number)
            copy_in(turn, f"{self._schema}.events ({EVENT_COLUMNS})", made, token)
        if writes.closes:
            turn.run(
                f"UPDATE {self._schema}.heads SET epoch = epoch + 1 WHERE log_id = %s", (log_id,)
            )
        attempt.writer = number
        attempt.doubt = Doubt(log_id, token, head.end, events, transitions, head.epoch)
        turn.commit()
        self._see_to_standbys(turn, log_id)
        self._clock.compare(committed_at, time)
        stored = LogEnd(Horizon(end.order + events, end.transition + transitions), committed_at)
        if writes.closes:
            self._fences.move(log_id, head.epoch, head.epoch + 1)
        else:
            self.known[log_id] = Head(stored, head.epoch)
        return stored

    def _check_orders(self, writes: Writes, end: LogEnd) -> None:
        """Raises `StoreError` for events that are not numbered from the log's end on."""
        if writes.events and writes.events[0].originator_version != end.horizon.order + 1:
            first = writes.events[0].originator_version
            problem = f"was given events from order {first} on, and the log ends at {end.horizon}"
            raise StoreError(self._url, problem)

    def _see_to_standbys(self, turn: Turn, log_id: UUID) -> None:
        """After a wait for a standby that was cancelled, commit again until one was not.

        A commit that is answered without its standby having it is not acknowledged before a later
        one on the same server is.
        """
        while turn.connection.sync_wait_was_cancelled:
            turn.connection.sync_wait_was_cancelled = False
            turn.run(f"UPDATE {self._schema}.heads SET token = token WHERE log_id = %s", (log_id,))


def _size(writes: Writes) -> int:
    return len(writes.events) + len(writes.transitions)


def _goes_at_once(writes: Writes) -> bool:
    """Whether it is one statement and one round trip."""
    return _size(writes) < COPY_FROM and not writes.closes and writes.identity is None


def _is_placeless(writes: Writes) -> bool:
    """Whether the bytes to be stored are the same wherever the log ends."""
    return isinstance(writes.events, PlainEvents) and not writes.transitions
