"""A log that is stored piece by piece as another store holds it, and one that is closed."""

from __future__ import annotations

import pytest

from domain.audit_log import AuditLog, numbered
from domain.closing import LOG_CLOSED, LOG_VENUE, closing, went_on_in
from domain.errors import LogClosedError, StoreError
from domain.horizon import START, Horizon
from infrastructure.standing import is_copy, mark_copy, take_over
from infrastructure.store import AtTheEnd, LogStore
from infrastructure.stored import Commit, Source, Stored, WriterIdentity, Writes
from tests.infrastructure.stores.contract_copying import NOON, commit, move
from tests.infrastructure.stores.written import (
    ALL,
    Backend,
    Move,
    OnStore,
    Step,
    Written,
    entry,
    new_log,
    writer,
)

ANA, BO = b'{"id":1}', b'{"id":2}'
ELSEWHERE = "postgresql://ana@example.com/desk"
CLOSING = entry(1, LOG_CLOSED, LOG_VENUE, **closing(ELSEWHERE))


def opening_copied(store: LogStore, by: WriterIdentity | None) -> Written:
    """The opening of another store's log, by one of its writers."""
    copy = Written(store, "copy")
    source = Source(NOON, [] if by is None else [(1, ANA, None)])
    appends = store.appends
    assert appends.create_copied(copy.opened, "copy", copy.identity, by, source, ())
    return copy


def three_commits(log: AuditLog) -> list[Commit]:
    return [
        commit(log, NOON, 1, 1, 2),
        commit(log, NOON + 7, 2, 3, 1, move(log, 1, 0, 0), move(log, 3, 0, 1)),
        commit(log, NOON + 7, None, 4, 0, move(log, 1, 1, 0)),
    ]


class ContinuingContract(OnStore):
    """Entries of another store, with their times and writers, after those that are there."""

    @pytest.mark.parametrize("by", [WriterIdentity(ANA, 1), None])
    def test_an_opening_has_the_writer_that_it_had(
        self, store: LogStore, by: WriterIdentity | None
    ) -> None:
        copy = opening_copied(store, by)
        assert store.reads.stored(copy.log.id, START) == Stored(NOON, None if by is None else 1)
        assert store.reads.writers(copy.log.id) == ({} if by is None else {1: (ANA, None)})

    def test_what_is_appended_in_pieces_is_as_it_was_committed_there(self, store: LogStore) -> None:
        copy = opening_copied(store, WriterIdentity(ANA, 1))
        appends, reads, log_id = store.appends, store.reads, copy.log.id
        first, second, third = three_commits(copy.log)
        source = Source(None, [(1, ANA, None)])
        end = appends.append_copied(log_id, START, source, [first])
        assert end == reads.end(log_id) == (Horizon(2, 0), NOON)
        source = Source(None, [(1, ANA, NOON + 1), (2, BO, None)])
        end = appends.append_copied(log_id, Horizon(2, 0), source, [second, third])
        assert end == reads.end(log_id) == (Horizon(3, 3), NOON + 7)
        found = reads.stored_entries(log_id, START, ALL)
        assert [(one.horizon, one.committed_at, one.writer) for one in found] == [
            (Horizon(1, 0), NOON, 1),
            (Horizon(2, 0), NOON, 1),
            (Horizon(2, 1), NOON + 7, 2),
            (Horizon(3, 1), NOON + 7, 2),
            (Horizon(3, 2), NOON + 7, 2),
            (Horizon(3, 3), NOON + 7, None),
        ]
        assert reads.writers(log_id) == {1: (ANA, NOON + 1), 2: (BO, None)}
        assert reads.orders_with_hash(log_id, "0x0") == [1, 3]
        assert reads.orders_with_hash(log_id, "0x1") == [1]

    def test_a_writer_that_closed_since_is_noted_alone(self, store: LogStore) -> None:
        copy = opening_copied(store, WriterIdentity(ANA, 1))
        for ended in (NOON + 3, None, NOON + 9):
            source = Source(None, [(1, ANA, ended)])
            end = store.appends.append_copied(copy.log.id, START, source, ())
            assert end.horizon == START
            assert store.reads.writers(copy.log.id) == {1: (ANA, NOON + 3)}

    @pytest.mark.parametrize("after", [Horizon(1, 0), Horizon(3, 0), Horizon(2, 1)])
    def test_another_end_than_the_log_has_is_refused(self, store: LogStore, after: Horizon) -> None:
        copy = opening_copied(store, WriterIdentity(ANA, 1))
        source = Source(None, [(1, ANA, None)])
        first, second, _ = three_commits(copy.log)
        store.appends.append_copied(copy.log.id, START, source, [first])
        with pytest.raises(StoreError, match="up to 2, not"):
            store.appends.append_copied(copy.log.id, after, Source(None, [(2, BO, None)]), [second])
        assert store.reads.end(copy.log.id).horizon == Horizon(2, 0)
        assert list(store.reads.writers(copy.log.id)) == [1]

    def test_one_that_fails_at_any_step_stores_all_or_nothing(
        self, store: LogStore, backend: Backend
    ) -> None:
        copy = opening_copied(store, WriterIdentity(ANA, 1))
        source = Source(None, [(1, ANA, None), (2, BO, None)])
        end, failed, at = START, 0, 0

        def fail(step: Step) -> None:
            nonlocal at
            at -= 1
            if at == 0:
                raise backend.driver_errors[0]("failed on purpose")

        for steps in range(1, 40):
            at = steps
            one = commit(copy.log, NOON, 2, end.order + 1, 2, move(copy.log, end.order + 1, 0, 1))
            with backend.at_each_step(fail):
                try:
                    end = store.appends.append_copied(copy.log.id, end, source, [one]).horizon
                except StoreError:
                    failed += 1
            assert store.reads.end(copy.log.id).horizon == end
            assert len(store.reads.stored_entries(copy.log.id, START, ALL)) == end.position
        assert failed
        assert end.position

    def test_whoever_logs_afterwards_follows(self, store: LogStore) -> None:
        copy = opening_copied(store, WriterIdentity(ANA, 1))
        source = Source(None, [(1, ANA, None)])
        store.appends.append_copied(copy.log.id, START, source, three_commits(copy.log)[:1])
        assert copy.append(entry(9)).horizon == Horizon(3, 0)
        with pytest.raises(StoreError, match="copy it again"):
            store.appends.append_copied(copy.log.id, Horizon(2, 0), source, ())
        store.appends.append_copied(copy.log.id, Horizon(3, 0), source, ())
        assert copy.append(entry(10)).horizon == Horizon(4, 0)


def close(log: Written, store: LogStore, *, where: str = ELSEWHERE) -> None:
    """Close the log, as another writer."""

    def decide(at_end: AtTheEnd) -> Writes:
        assert at_end.time() >= (at_end.end.committed_at or 0)
        closed = entry(1, LOG_CLOSED, LOG_VENUE, **closing(where))
        return Writes(numbered(log.log.id, at_end.end.horizon.order + 1, [closed]), closes=True)

    store.appends.append(log.log.id, writer("closes"), decide)


class ClosedContract(OnStore):
    """A log whose last event says that it went on elsewhere takes no more."""

    def test_a_closed_log_refuses_whoever_has_it_open(
        self, store: LogStore, backend: Backend
    ) -> None:
        log = new_log(store)
        log.append(entry(1))
        close(log, store)
        for by in (log.writer, writer("new"), log.writer):
            with pytest.raises(LogClosedError, match="went on in postgresql://ana@example") as told:
                log.append(entry(2), by=by)
            assert (told.value.continued_in, told.value.store) == (ELSEWHERE, store.url)
        assert store.reads.end(log.log.id).horizon == Horizon(2, 0)

    def test_other_logs_and_events_of_that_type_close_nothing(self, store: LogStore) -> None:
        closed, other = new_log(store), new_log(store, "other")
        close(closed, store)
        other.append(entry(1, "LOG_CLOSED"))
        other.append(entry(2, "LOG_CLOSED", continued_in=7))
        other.append(entry(3))
        other.check()

    def test_the_word_of_whoever_opened_the_log_closes_nothing(self, store: LogStore) -> None:
        imported = Written(store, "imported")
        events = numbered(imported.log.id, 1, [entry(1), CLOSING])
        create = store.appends.create_filled
        assert create(imported.opened, "imported", imported.identity, imported.writer, [events])
        assert went_on_in(store.reads.last_event(imported.log.id)) is None
        assert imported.append(entry(2), by=writer("new")).horizon == Horizon(3, 0)
        close(imported, store)
        with pytest.raises(LogClosedError):
            imported.append(entry(3))

    @pytest.mark.parametrize("by", [1, 7, None])
    def test_the_word_of_one_before_closes_nothing(self, store: LogStore, by: int | None) -> None:
        imported = Written(store, "imported")
        source = Source(NOON, [(1, ANA, None), (7, BO, None)])
        events = Writes(numbered(imported.log.id, 1, [CLOSING]))
        create = store.appends.create_copied
        assert create(
            imported.opened,
            "imported",
            imported.identity,
            imported.writer,
            source,
            [[Commit(NOON, by, events)]],
        )
        last = store.reads.last_event(imported.log.id)
        assert last is not None
        assert (last.order, last.writer, last.opened_by, last.taken_over) == (1, by, 8, None)
        assert imported.append(entry(2)).horizon == Horizon(2, 0)

    def test_the_last_event_is_that_of_the_log(self, store: LogStore) -> None:
        log, other = new_log(store), new_log(store, "other")
        assert store.reads.last_event(log.log.id) is None
        other.append(entry(1))
        log.append(entry(2), entry(3))
        log.append(Move(1))
        last = store.reads.last_event(log.log.id)
        assert last is not None
        assert (last.order, last.state) == (2, log.records[-1])
        assert (last.writer, last.opened_by) == (1, 1)

    def test_a_log_that_was_taken_over_goes_on(self, store: LogStore) -> None:
        log = new_log(store)
        close(log, store)
        mark_copy(store, log.log.id)
        assert is_copy(store, log.log.id)
        take_over(store, log.log.id)
        assert not is_copy(store, log.log.id)
        assert log.append(entry(2)).horizon == Horizon(2, 0)
        close(log, store)
        with pytest.raises(LogClosedError):
            log.append(entry(3))

    def test_a_closed_log_takes_what_its_source_holds(self, store: LogStore) -> None:
        log = new_log(store)
        close(log, store)
        source = Source(None, [(9, BO, None)])
        more = [commit(log.log, NOON, 9, 2, 1)]
        end = store.appends.append_copied(log.log.id, Horizon(1, 0), source, more)
        assert end.horizon == Horizon(2, 0)
        assert log.append(entry(3)).horizon == Horizon(3, 0)


class SharedClosedContract:
    """What several openings of a store see of it."""

    def test_a_log_closed_by_another_process_refuses(
        self, store: LogStore, backend: Backend
    ) -> None:
        log = new_log(store)
        log.append(entry(1))
        with backend.open() as other:
            assert other.place() == store.place()
            close(log, other)
        with pytest.raises(LogClosedError):
            log.append(entry(2))
        with backend.open() as other, pytest.raises(LogClosedError):
            log.append(entry(2), store=other)
