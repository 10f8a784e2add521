"""Threads of one store, leases among them, and what closing it does to those inside."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from domain.errors import StoreError
from domain.horizon import START, Horizon
from infrastructure.store import LogStore
from projections.status_board import LiveStatus
from tests.infrastructure.stores.together import PATIENCE, HeldEnd, append_often, run_together
from tests.infrastructure.stores.written import (
    Backend,
    Move,
    OnStore,
    Written,
    entries_of,
    entry,
    kinds,
    new_log,
    writer,
)


class ClosingContract(OnStore):
    """Threads, leases, and the end."""

    def test_threads_append_without_gaps(self, store: LogStore) -> None:
        log, other = new_log(store), new_log(store, "other")
        log.append(entry())
        other.append(entry())
        run_together(*[append_often(store, name, 20) for name in ("run", "other") * 2])
        for each in (log, other):
            assert store.reads.end(each.log.id).horizon == Horizon(41, 40)
            assert len(each.states()) == 41
            assert [one.position for one in each.entries()] == list(range(1, 82))
            assert kinds(each.entries())[1:] == [
                one for n in range(2, 42) for one in ((True, n), (False, 1))
            ]
            assert set(store.reads.writers(each.log.id)) == {1, 2, 3}

    def test_a_lease_has_one_holder(self, store: LogStore) -> None:
        log, other = Written(store).log, Written(store, "other").log
        first, second = (store.lease(log.id, log.name, "") for _ in range(2))
        assert not first.is_held
        assert first.try_acquire()
        assert first.try_acquire()
        assert (first.is_held, second.try_acquire(), second.is_held) == (True, False, False)
        second.release()
        assert not second.try_acquire()
        for free in (
            store.lease(other.id, other.name, ""),
            store.lease(log.id, log.name, "notifier"),
        ):
            assert free.try_acquire()
            free.release()
        first.release()
        first.release()
        assert not first.is_held
        assert second.try_acquire()
        assert not first.try_acquire()
        second.release()

    def test_a_lease_is_not_given_to_two_threads(self, store: LogStore) -> None:
        log = Written(store).log
        leases = [store.lease(log.id, log.name, "") for _ in range(8)]
        run_together(*[lease.try_acquire for lease in leases])
        assert [lease.is_held for lease in leases].count(True) == 1
        for lease in leases:
            lease.release()

    def test_a_commit_wakes_the_followers_of_its_process(self, store: LogStore) -> None:
        log = new_log(store)
        signal = store.commits.new()
        log.append(entry())
        waited = threading.Thread(target=signal.wait, args=(10 * PATIENCE,))
        waited.start()
        waited.join(PATIENCE)
        assert not waited.is_alive()

    def test_a_closed_store_says_so(self, backend: Backend) -> None:
        store = backend.open()
        log = new_log(store)
        log.append(entry())
        store.close()
        store.close()
        calls: list[Callable[[], object]] = [
            lambda: log.append(entry()),
            Written(store, "new").create,
            lambda: store.appends.end_writer(log.log.id, log.writer),
            lambda: store.reads.end(log.log.id),
            log.states,
            log.entries,
            lambda: store.board.read(log.log.id),
            lambda: store.board.fold(log.log.id, LiveStatus(), START, Horizon(1)),
            lambda: store.followers.position("redis", log.log.id),
            lambda: store.followers.store_position("redis", log.log.id, Horizon(1)),
        ]
        for call in calls:
            with pytest.raises(StoreError, match="was closed; open it again to go on"):
                call()

    def test_closing_waits_for_a_turn_and_ends_the_next(self, backend: Backend) -> None:
        store = backend.open()
        log = new_log(store)
        with HeldEnd(log) as held:
            closing = threading.Thread(target=store.close)
            closing.start()
            held.let_go()
            closing.join(PATIENCE)
            assert not closing.is_alive()
        with pytest.raises(StoreError, match="was closed"):
            log.append(entry())

    def test_closing_while_threads_are_inside_harms_nothing(self, backend: Backend) -> None:
        store = backend.open()
        log = new_log(store)
        log.append(*entries_of(range(50)))
        inside = threading.Barrier(5)

        def until_closed(call: Callable[[], object]) -> Callable[[], None]:
            def job() -> None:
                call()
                inside.wait(PATIENCE)
                with pytest.raises(StoreError, match="was closed"):
                    while True:
                        call()

            return job

        def close() -> None:
            inside.wait(PATIENCE)
            store.close()

        by = writer()
        run_together(
            until_closed(log.states),
            until_closed(log.entries),
            until_closed(lambda: Written(store).append(entry(), Move(1), by=by)),
            until_closed(lambda: store.board.read(log.log.id)),
            close,
        )
