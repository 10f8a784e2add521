"""By whom, and when by the store's time: writers, commits, and times that never go back."""

from __future__ import annotations

from functools import partial

import pytest

from domain.horizon import START, Horizon
from infrastructure.store import LogStore
from infrastructure.stored import Stored
from tests.infrastructure.stores.written import (
    Backend,
    Move,
    OnStore,
    Part,
    Written,
    bundle,
    entries_of,
    entry,
    new_log,
    writer,
)

SECOND = 1_000_000
NOON = 1_715_515_200 * SECOND


class HistoryContract(OnStore):
    """By whom, and when by the store's time."""

    def test_a_writer_is_introduced_once_and_its_end_is_kept(
        self, store: LogStore, backend: Backend
    ) -> None:
        log, other = new_log(store), new_log(store, "other")
        second, idle = writer("second"), writer("idle")
        log.append(entry())
        log.append(entry(), by=second)
        log.append(entry())
        assert (log.writer.number, second.number, other.writer.number) == (1, 2, 1)
        introductions: dict[int, tuple[bytes, int | None]] = {
            1: (log.writer.introduction, None),
            2: (second.introduction, None),
        }
        assert store.reads.writers(log.log.id) == introductions
        with backend.at_time(NOON):
            store.appends.end_writer(log.log.id, second)
            store.appends.end_writer(log.log.id, idle)
        introductions[2] = (second.introduction, NOON)
        assert store.reads.writers(log.log.id) == introductions
        assert idle.number is None
        log.check()

    def test_each_entry_says_who_committed_it_and_when(
        self, store: LogStore, backend: Backend
    ) -> None:
        with backend.at_time(NOON):
            log = new_log(store)
        second = writer()
        with backend.at_time(NOON + 1):
            assert log.append(entry(), Move(1), entry()).committed_at == NOON + 1
        with backend.at_time(NOON + 2):
            log.append(Move(2), entry(), by=second)
        first, last = Stored(NOON + 1, 1), Stored(NOON + 2, 2)
        assert [store.reads.stored(log.log.id, one) for one in [START, *log.committed]] == [
            Stored(NOON, 1),
            *[first, first, first],
            *[last, last],
        ]
        assert [one.committed_at for one in log.entries()] == [NOON + 1] * 3 + [NOON + 2] * 2
        assert store.reads.end(log.log.id).committed_at == NOON + 2

    def test_the_stores_time_never_goes_back_within_a_log(
        self, store: LogStore, backend: Backend, caplog: pytest.LogCaptureFixture
    ) -> None:
        with backend.at_time(NOON):
            log = new_log(store)
        times = []
        for part, seconds in (
            (entry(), 10),
            (Move(1), 5),
            (entry(), 3),
            (Move(2), 11),
            (entry(), 0),
        ):
            with backend.at_time(NOON + seconds * SECOND):
                times.append(log.append(part).committed_at)
        assert times == [NOON + seconds * SECOND for seconds in (10, 10, 10, 11, 11)]
        assert caplog.text == ""
        for _ in range(2):
            with backend.at_time(NOON - 60 * SECOND):
                assert log.append(entry()).committed_at == NOON + 11 * SECOND
        assert caplog.text.count(f"{backend.clock} is 71 s behind") == 1
        with backend.at_time(NOON):
            new_log(store, "other")
        log.check()

    def test_a_time_gives_the_last_commit_at_or_before_it(
        self, store: LogStore, backend: Backend
    ) -> None:
        log = Written(store)
        commits: list[tuple[int, list[Part]]] = [
            (10, [entry(), entry(), Move(1)]),
            (10, [Move(2)]),
            (20, [Move(1), Move(1)]),
            (30, [entry()]),
            (40, [*entries_of(range(5)), Move(3), entry()]),
            (40, [Move(2)]),
        ]
        with backend.at_time(NOON):
            log.create()
        expected = {-1: None, 0: START}
        for seconds, parts in commits:
            with backend.at_time(NOON + seconds):
                log.append(*parts)
            expected[seconds] = log.horizon
        known: Horizon | None = None
        for seconds in range(-1, 50):
            known = expected.get(seconds, known)
            assert store.reads.horizon_at(log.log.id, NOON + seconds) == known

    def test_finding_a_time_costs_no_more_than_halving_the_log_does(
        self, store: LogStore, backend: Backend
    ) -> None:
        log = new_log(store)

        def grown_to(orders: int) -> int:
            for _ in range(log.horizon.order, orders, 25):
                with backend.at_time(NOON + log.horizon.order):
                    log.append(*entries_of(range(25)), *[Move(1)] * 25)
            times = [NOON + orders * part // 7 for part in range(8)]
            return max(
                backend.cost(store, partial(store.reads.horizon_at, log.log.id, one))
                for one in times
            )

        costs = [grown_to(orders) for orders in (50, 200, 800)]
        # Four times the log is two more looks at each of its sequences.
        assert costs[2] - costs[1] <= (costs[1] - costs[0]) * 1.5
        assert costs[2] < 2 * costs[0]

    def test_entries_after_what_is_no_point_of_the_log(self, store: LogStore) -> None:
        log = new_log(store)
        log.append(entry(), Move(1), Move(1), bundle(2), Move(2), entry())
        end = log.horizon

        def after(order: int, transition: int) -> list[tuple[int, int | None]]:
            found = store.reads.stored_entries(log.log.id, Horizon(order, transition), 10)
            return [(one.order, one.number) for one in found]

        assert after(0, end.transition) == [(order, None) for order in range(1, end.order + 1)]
        assert after(end.order, 0) == [(1, 1), (1, 2), (2, 3)]
        assert after(1, 1)[0] == (1, 2)
        assert after(3, 0) == [(1, 1), (1, 2), (4, None), (2, 3), (5, None)]
