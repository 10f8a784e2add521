"""What holds between processes: here, stores that were opened on their own, readers and writers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from domain.errors import ReadOnlyStoreError
from domain.horizon import START, Horizon
from infrastructure.store import LogStore
from projections.status_board import LiveStatus
from tests.infrastructure.stores.together import HeldEnd, append_often, run_together
from tests.infrastructure.stores.written import (
    Backend,
    Move,
    OnStore,
    Written,
    entries_of,
    entry,
    new_log,
    writer,
)


class SharingContract(OnStore):
    """What holds between processes; here, stores that were opened on their own."""

    @pytest.fixture
    def second(self, backend: Backend) -> Iterator[LogStore]:
        with backend.open() as store:
            yield store

    def test_what_was_appended_is_there_when_it_is_opened_again(self, backend: Backend) -> None:
        with backend.open() as store:
            log = new_log(store)
            log.append(*entries_of(range(3)), Move(2, "0xa"))
        with backend.open() as log.store:
            log.check()
            log.append(Move(2), entry(), by=writer())
        with backend.open(must_exist=True) as log.store:
            log.check()
            assert log.store.reads.orders_with_hash(log.log.id, "0xa") == [2]
            assert set(log.store.reads.writers(log.log.id)) == {1, 2}

    def test_two_writers_of_a_log_leave_no_gaps(self, store: LogStore, second: LogStore) -> None:
        log = new_log(store)
        other = writer()
        for part in (entry(), Move(1), entry(), Move(2), Move(1)):
            log.append(part)
            log.append(part, entry(), store=second, by=other)
        log.check()
        assert (log.writer.number, other.number) == (1, 2)
        run_together(append_often(store, "run", 30), append_often(second, "run", 30))
        end = store.reads.end(log.log.id).horizon
        assert end == Horizon(log.horizon.order + 60, log.horizon.transition + 60)
        assert [one.position for one in log.entries()] == list(range(1, end.position + 1))

    def test_a_log_is_created_by_one_of_two(self, store: LogStore, second: LogStore) -> None:
        logs = [Written(one) for one in (store, second)]
        made: list[bool] = []
        run_together(*[lambda log=log: made.append(log.create()) for log in logs])
        assert sorted(made) == [False, True]
        opened = store.reads.opened(logs[0].log.id)
        assert opened is not None
        assert opened.identity in {log.identity for log in logs}

    def test_a_lease_is_kept_from_other_openings(self, store: LogStore, second: LogStore) -> None:
        log = Written(store).log
        first, rival = (one.lease(log.id, log.name, "") for one in (store, second))
        assert first.try_acquire()
        assert not rival.try_acquire()
        first.release()
        assert rival.try_acquire()
        rival.release()

    def test_a_board_is_folded_once_by_two_followers(
        self, store: LogStore, second: LogStore
    ) -> None:
        log = new_log(store).log
        changes = LiveStatus()
        changes.counts["LIDO", "STAKE_DEPOSIT", "pending"] = 1
        folded: list[bool] = []

        def fold(one: LogStore) -> Callable[[], None]:
            return lambda: folded.append(one.board.fold(log.id, changes, START, Horizon(1)))

        run_together(fold(store), fold(second))
        assert sorted(folded) == [False, True]
        assert store.board.read(log.id).counts == changes.counts

    def test_reading_never_waits_for_a_writer(self, store: LogStore, backend: Backend) -> None:
        log = new_log(store)
        log.append(*entries_of(range(3)), Move(1))

        def read(one: LogStore) -> None:
            log.check()
            assert [opened.name for opened in one.reads.logs()] == ["run"]
            assert one.board.read(log.log.id).horizon == START
            assert one.followers.position("redis", log.log.id) is None

        with HeldEnd(log):
            run_together(lambda: read(store))
            with backend.open(must_exist=True) as reader:
                run_together(lambda: read(reader))

    def test_a_store_that_was_opened_for_reading_writes_nothing(
        self, store: LogStore, backend: Backend
    ) -> None:
        log = new_log(store)
        log.append(entry(), Move(1))
        with backend.open(must_exist=True) as reader:
            assert reader.is_read_only
            log.store = reader
            log.check()
            calls: list[Callable[[], object]] = [
                lambda: log.append(entry()),
                Written(reader, "new").create,
                lambda: reader.board.fold(log.log.id, LiveStatus(), START, Horizon(1)),
                lambda: reader.board.clear(log.log.id),
                lambda: reader.followers.store_position("redis", log.log.id, Horizon(1)),
                lambda: reader.followers.forget_position("redis", log.log.id),
                reader.refuse_writing,
            ]
            for call in calls:
                with pytest.raises(ReadOnlyStoreError, match="was opened for reading"):
                    call()
        log.store = store
        log.check()
        assert [opened.name for opened in store.reads.logs()] == ["run"]

    def test_the_end_of_one_writer_leaves_the_others_their_patience(
        self, store: LogStore, second: LogStore
    ) -> None:
        log, other = new_log(store), new_log(store, "other")
        log.append(entry())
        store.appends.end_writer(log.log.id, log.writer)
        with HeldEnd(Written(second, "run", by=writer())) as held:
            late = threading.Timer(0.3, held.let_go)
            late.start()
            other.append(entry())
            late.join()
        other.check()
