"""Creating logs and appending to them, and what is found again of it."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest

from domain.audit_log import AuditLog, numbered
from domain.errors import StoreError
from domain.horizon import START, Horizon
from domain.lifecycle import lifecycle_id
from infrastructure.store import AtTheEnd, LogStore
from infrastructure.stored import OpenedLog, StoredTransition, Writes
from projections.entries import TransitionEntry
from tests.infrastructure.stores.written import (
    ALL,
    Move,
    OnStore,
    Written,
    bundle,
    entries_of,
    entry,
    new_log,
    transition_of,
    writer,
)

NOON = 1_715_515_200_000_000


class AppendingContract(OnStore):
    """Events and transitions go in whole and in order."""

    def test_a_log_that_was_never_created_is_not_there(self, store: LogStore) -> None:
        log = Written(store)
        assert store.reads.logs() == []
        assert store.reads.opened(log.log.id) is None
        assert store.reads.horizon_at(log.log.id, NOON) is None
        assert log.entries() == []
        with pytest.raises(StoreError, match="holds no such log"):
            store.reads.end(log.log.id)
        with pytest.raises(StoreError, match="holds no such log"):
            log.append(entry())

    def test_a_created_log_has_its_opening_and_nothing_else(self, store: LogStore) -> None:
        log = Written(store)
        assert log.create()
        assert store.reads.opened(log.log.id) == OpenedLog("run", log.identity, log.opened)
        assert store.reads.end(log.log.id).horizon == START
        log.check()

    def test_a_log_is_created_once(self, store: LogStore) -> None:
        log = new_log(store)
        log.append(entry())
        rival = Written(store)
        assert not rival.create()
        assert not store.appends.create_filled(rival.opened, "run", "x", rival.writer, [])
        assert rival.writer.number is None
        assert store.reads.opened(log.log.id) == OpenedLog("run", log.identity, log.opened)
        log.check()

    def test_logs_are_listed_by_name(self, store: LogStore) -> None:
        logs = {name: new_log(store, name) for name in ("run-2", "Ärger", "run-1")}
        found = store.reads.logs()
        assert found == [
            OpenedLog(name, logs[name].identity, logs[name].opened)
            for name in ("run-1", "run-2", "Ärger")
        ]

    @pytest.mark.parametrize("count", [1, 2, 49, 99, 100, 101, 187, 1000, 1001])
    def test_what_was_appended_is_read_back_in_order(self, store: LogStore, count: int) -> None:
        log = new_log(store)
        assert log.append(*entries_of(range(count))).horizon == Horizon(count)
        assert log.append(*entries_of(range(3))).horizon == Horizon(count + 3)
        log.check()

    @pytest.mark.parametrize(
        ("first", "last", "limit", "orders"),
        [
            (1, 10, 100, range(1, 11)),
            (4, 6, 100, range(4, 7)),
            (4, 10, 3, range(4, 7)),
            (10, 99, 100, range(10, 11)),
            (11, 99, 100, range(0)),
            (6, 4, 100, range(0)),
        ],
    )
    def test_events_gives_the_orders_asked_for(
        self, store: LogStore, first: int, last: int, limit: int, orders: range
    ) -> None:
        log, other = new_log(store), new_log(store, "other")
        log.append(*entries_of(range(10)))
        other.append(*entries_of(range(20)))
        rows = store.reads.events(log.log.id, first, last, limit)
        assert rows == [(order, log.records[order - 1]) for order in orders]

    def test_a_log_is_created_with_all_its_events_at_once(self, store: LogStore) -> None:
        log = Written(store)
        events = numbered(log.log.id, 1, entries_of(range(157)))
        batches = [events[:150], events[150:]]
        assert store.appends.create_filled(
            log.opened, "run", log.identity, log.writer, iter(batches)
        )
        log.committed = [Horizon(order) for order in range(1, 158)]
        log.records = [event.record for event in events]
        log.check()
        log.append(entry())
        log.check()

    def test_batches_that_raise_store_nothing(self, store: LogStore) -> None:
        log = Written(store)

        def batches() -> Iterator[list[AuditLog.EventLogged]]:
            yield numbered(log.log.id, 1, entries_of(range(150)))
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            store.appends.create_filled(log.opened, "run", log.identity, log.writer, batches())
        assert store.reads.logs() == []
        assert store.reads.events(log.log.id, 0, ALL, ALL) == []
        assert log.create()
        log.check()

    def test_a_decision_that_raises_stores_nothing(self, store: LogStore) -> None:
        log = new_log(store)
        log.append(entry())
        stranger = writer()

        def decide(at_end: AtTheEnd) -> Writes:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            store.appends.append(log.log.id, stranger, decide)
        assert stranger.number is None
        log.check()

    def test_a_decision_for_nothing_stores_nothing(self, store: LogStore) -> None:
        log = new_log(store)
        end, stranger = log.append(entry()), writer()
        assert store.appends.append(log.log.id, stranger, lambda at_end: Writes()) == end
        assert stranger.number is None
        assert set(store.reads.writers(log.log.id)) == {1}

    def test_an_order_that_is_taken_stores_nothing_of_the_batch(self, store: LogStore) -> None:
        log = new_log(store)
        log.append(*entries_of(range(5)))
        late = numbered(log.log.id, 4, [entry(event_id="rival"), *entries_of(range(200))])
        with pytest.raises(StoreError):
            store.appends.append(log.log.id, log.writer, lambda at_end: Writes(late))
        assert store.reads.order_of(log.log.id, "rival") is None
        log.check()

    def test_an_event_id_is_taken_once_a_log(self, store: LogStore) -> None:
        log, other = new_log(store), new_log(store, "other")
        for each in (log, other):
            each.append(entry(), entry(event_id="id"))
            assert store.reads.order_of(each.log.id, "id") == 2
        with pytest.raises(StoreError):
            log.append(entry(), entry(event_id="id"))
        assert store.reads.order_of(log.log.id, "another") is None
        log.check()

    def test_the_end_knows_what_was_logged_before(self, store: LogStore) -> None:
        log, other = new_log(store), new_log(store, "other")
        log.append(*entries_of(range(4)), bundle(2, event_id="entry"), Move(2, "0xa"))
        other.append(entry(), entry(event_id="exit"))
        seen = []

        def decide(at_end: AtTheEnd) -> Writes:
            moved = at_end.lifecycle(lifecycle_id(log.log.id, 2), -1)
            seen.append(
                (
                    at_end.end.horizon,
                    at_end.order_of("entry"),
                    at_end.order_of("exit"),
                    list(at_end.states(4, 6)),
                    list(at_end.states(8, 9)),
                    list(moved),
                    list(at_end.lifecycle(lifecycle_id(log.log.id, 2), 0)),
                )
            )
            return Writes()

        store.appends.append(log.log.id, log.writer, decide)
        stored = transition_of(log.log, Move(2, "0xa"), 0)
        assert seen == [(Horizon(7, 1), 5, None, log.records[3:6], [], [stored], [])]

    def test_a_log_goes_on_under_another_identity_with_the_event_that_says_so(
        self, store: LogStore
    ) -> None:
        log, other = new_log(store), new_log(store, "other")
        log.append(entry())

        def decide(at_end: AtTheEnd) -> Writes:
            first = at_end.end.horizon.order + 1
            return Writes(numbered(log.log.id, first, entries_of(range(1))), identity="new")

        end = store.appends.append(log.log.id, log.writer, decide)
        assert end.horizon == Horizon(2, 0)
        assert [one.identity for one in store.reads.logs()] == [other.identity, "new"]
        with pytest.raises(StoreError):
            store.appends.append(
                log.log.id,
                log.writer,
                lambda at_end: Writes(numbered(log.log.id, 2, entries_of([9])), identity="late"),
            )
        found = store.reads.opened(log.log.id)
        assert found is not None
        assert found.identity == "new"

    def test_late_details_come_by_rising_order_of_the_detail(self, store: LogStore) -> None:
        log, other = new_log(store), new_log(store, "other")
        log.append(entry(), bundle(1))
        for parent in (2, 1, 2):
            log.append(entry(parent_event=parent))
        assert store.reads.late_details(log.log.id) == [(2, 4), (1, 5), (2, 6)]
        assert store.reads.late_details(other.log.id) == []
        assert store.reads.late_details(uuid4()) == []

    def test_corrections_come_by_the_order_that_they_correct(self, store: LogStore) -> None:
        log, other = new_log(store), new_log(store, "other")
        log.append(entry(), entry())
        for corrected in (2, 1, 2):
            log.append(entry(1, "CORRECTION", related_events=[corrected, 1]))
        log.append(entry(1, "CORRECTION"), entry(related_events=[1]))
        assert store.reads.corrections(log.log.id) == [(1, 4), (2, 3), (2, 5)]
        assert store.reads.corrections(other.log.id) == []
        assert store.reads.corrections(uuid4()) == []

    def test_an_event_is_found_by_any_hash_that_it_ever_had(self, store: LogStore) -> None:
        log, other = new_log(store), new_log(store, "other")
        log.append(entry(), entry(tx_hash="0xa"), Move(1, "0xb"))
        log.append(Move(1, "0xc"), Move(2, "0xb"), Move(1, "0xb"), Move(2))
        other.append(entry(tx_hash="0xc"))
        found = {name: store.reads.orders_with_hash(log.log.id, name) for name in ("0xa", "0xb")}
        assert found == {"0xa": [2], "0xb": [1, 2]}
        assert store.reads.orders_with_hash(log.log.id, "0xc") == [1]
        assert store.reads.orders_with_hash(log.log.id, "0xd") == []

    def test_transitions_are_numbered_per_log_without_gaps(self, store: LogStore) -> None:
        log, other = new_log(store), new_log(store, "other")
        log.append(entry(), Move(1), entry(), Move(2), Move(1))
        other.append(entry(), Move(1))
        log.append(Move(2), entry())
        other.append(Move(1), Move(1))
        log.check()
        other.check()
        assert log.horizon == Horizon(3, 4)
        assert other.horizon == Horizon(1, 3)

    def test_transitions_are_read_by_lifecycle(self, store: LogStore) -> None:
        log = new_log(store)
        log.append(*entries_of(range(3)), Move(1), Move(2), Move(1))
        ids = [lifecycle_id(log.log.id, order) for order in (1, 2, 3)]

        times = {
            one.number: one.committed_at
            for one in store.reads.entries(log.log.id, START, 100)
            if isinstance(one, TransitionEntry)
        }

        def expected(order: int, *numbers: int) -> list[StoredTransition]:
            stored = [transition_of(log.log, Move(order), version) for version in (0, 1)]
            return [
                StoredTransition(
                    one.originator_version, one.topic, number, one.state, times[number], 3
                )
                for one, number in zip(stored, numbers, strict=False)
            ]

        def read(*lifecycles: UUID) -> dict[UUID, list[StoredTransition]]:
            return store.reads.transitions(log.log.id, lifecycles)

        assert read(*ids) == {ids[0]: expected(1, 1, 3), ids[1]: expected(2, 2)}
        assert read(ids[2]) == read() == {}
        many = [lifecycle_id(log.log.id, order) for order in range(1, 1200)]
        assert read(*many) == read(*ids)
