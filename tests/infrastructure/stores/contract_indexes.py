"""Indexes made anew: they follow from the entries, and nothing else is in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from domain.horizon import START
from infrastructure.rebuilding import IndexRows
from infrastructure.store import LogStore
from infrastructure.stored import IndexChange, StoredEntry
from projections.indexed import IndexRow
from tests.infrastructure.stores.written import (
    ALL,
    Move,
    OnStore,
    Written,
    bundle,
    entries_of,
    entry,
    new_log,
)

WRONG = [
    IndexRow("event_ids", "b", 2),
    IndexRow("event_ids", "a", 1),
    IndexRow("event_ids", "c", 7),
    IndexRow("transaction_hashes", "0xa", 1),
    IndexRow("transaction_hashes", "0xa", 1),
    IndexRow("transaction_hashes", "0x\0é", 3),
    IndexRow("late_details", 1, 2),
    IndexRow("corrections", 3, 4),
]


def filled(store: LogStore, name: str = "run") -> Written:
    """A log with something in every index."""
    log = new_log(store, name)
    log.append(entry(event_id="a"), entry(tx_hash="0xa", event_id="b"), bundle(2), Move(1, "0xb"))
    log.append(entry(parent_event=3), Move(1, "0xa"), Move(3, "0xc"), Move(1))
    log.append(entry(1, "CORRECTION", related_events=[1]), *entries_of(range(3)))
    return log


def indexed(log: Written) -> tuple[object, ...]:
    """All that the log's indexes say."""
    reads, one = log.store.reads, log.log.id
    return (
        {name: reads.order_of(one, name) for name in "abc"},
        {name: reads.orders_with_hash(one, name) for name in ("0xa", "0xb", "0xc", "0x\0é")},
        reads.late_details(one),
        reads.corrections(one),
    )


def given(rows: Sequence[IndexRow]) -> Iterator[IndexRow]:
    yield from rows


class IndexesContract(OnStore):
    """Indexes made anew."""

    def test_indexes_that_are_right_stay(self, store: LogStore) -> None:
        log = filled(store)
        before = indexed(log)
        assert before[1:] == (
            {"0xa": [1, 2], "0xb": [1], "0xc": [3], "0x\0é": []},
            [(3, 6)],
            [(1, 7)],
        )
        assert store.indexes.rebuild(log.log.id, lambda: IndexRows(log.log).of) == []
        assert indexed(log) == before
        log.check()

    def test_an_index_becomes_what_its_rows_are_and_what_differed_is_said(
        self, store: LogStore
    ) -> None:
        log, other = filled(store), filled(store, "other")
        before, others = indexed(log), indexed(other)
        rows = iter([WRONG])
        changes = store.indexes.rebuild(log.log.id, lambda: lambda page: next(rows, []))
        assert changes == [
            IndexChange("event_ids", 1, 0, (7,)),
            IndexChange("transaction_hashes", 1, 3, (1, 2, 3)),
            IndexChange("late_details", 1, 1, (2, 6)),
            IndexChange("corrections", 1, 1, (4, 7)),
        ]
        assert indexed(log) == (
            {"a": 1, "b": 2, "c": 7},
            {"0xa": [1], "0xb": [], "0xc": [], "0x\0é": [3]},
            [(1, 2)],
            [(3, 4)],
        )
        assert indexed(other) == others
        again = store.indexes.rebuild(log.log.id, lambda: IndexRows(log.log).of)
        assert [(one.name, one.added, one.removed) for one in again] == [
            ("event_ids", 0, 1),
            ("transaction_hashes", 3, 1),
            ("late_details", 1, 1),
            ("corrections", 1, 1),
        ]
        assert indexed(log) == before

    def test_an_index_that_was_lost_is_made_again(self, store: LogStore) -> None:
        log = new_log(store)
        log.append(*[entry(event_id=f"id {n}", tx_hash=f"0x{n}") for n in range(600)])
        lost = store.indexes.rebuild(log.log.id, lambda: lambda page: ())
        assert [(one.name, one.removed) for one in lost] == [
            ("event_ids", 600),
            ("transaction_hashes", 600),
        ]
        assert store.reads.order_of(log.log.id, "id 7") is None
        found = store.indexes.rebuild(log.log.id, lambda: IndexRows(log.log).of)
        assert found[0] == IndexChange("event_ids", 600, 0, tuple(range(1, 11)))
        assert store.reads.order_of(log.log.id, "id 7") == 8

    def test_an_id_that_two_events_have_leads_to_the_first(self, store: LogStore) -> None:
        log = new_log(store)
        log.append(*entries_of(range(3)))
        rows = iter([[IndexRow("event_ids", "a", 2), IndexRow("event_ids", "a", 1)]])
        store.indexes.rebuild(log.log.id, lambda: lambda page: next(rows, []))
        assert store.reads.order_of(log.log.id, "a") == 1

    def test_rows_are_made_of_all_entries_in_the_order_of_commit(self, store: LogStore) -> None:
        log, pages = filled(store), list[StoredEntry]()
        log.append(*entries_of(range(700)))

        def rows_of(page: Sequence[StoredEntry]) -> Iterator[IndexRow]:
            pages.extend(page)
            return given([])

        store.indexes.rebuild(log.log.id, lambda: rows_of)
        assert pages == store.reads.stored_entries(log.log.id, START, ALL)

    def test_rows_that_cannot_be_made_change_nothing(self, store: LogStore) -> None:
        log = filled(store)
        before = indexed(log)

        def rows_of(page: Sequence[StoredEntry]) -> Iterator[IndexRow]:
            yield IndexRow("event_ids", "z", 1)
            raise LookupError("no")

        for _ in range(2):
            with pytest.raises(LookupError, match=r"^no$"):
                store.indexes.rebuild(log.log.id, lambda: rows_of)
            assert indexed(log) == before
        log.append(entry(event_id="c"))
        log.check()
