"""A log that is stored as another holds it: entries, times and writers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from domain.audit_log import AuditLog
from domain.horizon import START, Horizon
from domain.lifecycle import lifecycle_id
from infrastructure.store import LogStore
from infrastructure.stored import Commit, Source, Stored, StoredEntry, Transition, Writes
from tests.infrastructure.stores.written import (
    ALL,
    Backend,
    Move,
    OnStore,
    Written,
    entry,
    new_log,
    transition_of,
    writer,
)

NOON = 1_715_515_200_000_000


def commit(
    log: AuditLog, at: int | None, by: int | None, first: int, count: int, *moves: Transition
) -> Commit:
    of = AuditLog.EventLogged.of
    events = [of(log.id, order, entry(order)) for order in range(first, first + count)]
    return Commit(at, by, Writes(events, moves))


def move(log: AuditLog, order: int, version: int, after: int) -> Transition:
    tx_hash = f"0x{version}"
    stored = transition_of(log, Move(order, tx_hash), version)
    return Transition(order, stored, after, tx_hash)


class CopyingContract(OnStore):
    """A log whole, out of a store and into one."""

    def test_stored_entries_are_the_entries_whole(self, store: LogStore, backend: Backend) -> None:
        with backend.at_time(NOON):
            log = new_log(store)
        with backend.at_time(NOON + 1):
            log.append(entry(1), Move(1), entry(2))
        with backend.at_time(NOON + 2):
            log.append(Move(1, "0xb", "submitted", "submitted"), by=writer("second"))
        reads, log_id = store.reads, log.log.id
        found = reads.stored_entries(log_id, START, ALL)
        assert [(one.horizon, one.order, one.number, one.version) for one in found] == [
            (Horizon(1, 0), 1, None, None),
            (Horizon(1, 1), 1, 1, 0),
            (Horizon(2, 1), 2, None, None),
            (Horizon(2, 2), 1, 2, 1),
        ]
        times = [(one.committed_at, one.writer) for one in found]
        assert times == [(NOON + 1, 1)] * 3 + [(NOON + 2, 2)]
        assert [one.state for one in found if one.number is None] == log.records
        ((_, moves),) = reads.transitions(log_id, [lifecycle_id(log_id, 1)]).items()
        assert [one.state for one in found if one.number] == [one.state for one in moves]
        states = [log.opened.state, *(one.state or b"" for one in found)]
        assert reads.size(log_id) == sum(map(len, states))
        for limit in range(1, 4):
            pages: list[StoredEntry] = []
            after = START
            while page := reads.stored_entries(log_id, after, limit):
                pages += page
                after = page[-1].horizon
            assert pages == found
        for limit in range(4):
            plain = partial(reads.plain_events, log_id, limit=limit, take=list)
            entries = [one for one in found if one.number is None]
            rows = [
                (one.order, one.topic, one.state, one.committed_at, one.writer) for one in entries
            ]
            assert [tuple(row) for row in plain(START)] == rows[:1][:limit]
            assert plain(Horizon(1, 0)) == []
            assert [tuple(row) for row in plain(Horizon(1, 1))] == rows[1:][:limit]
            assert plain(Horizon(2, 2)) == []

    @pytest.mark.parametrize("opened_at", [NOON, None])
    def test_a_copied_log_is_as_it_was_committed_there(
        self, store: LogStore, opened_at: int | None
    ) -> None:
        copy = Written(store, "copy")
        source = Source(opened_at, [(1, b'{"id":1}', NOON + 9), (3, b'{"id":3}', None)])
        first = commit(copy.log, opened_at, 1, 1, 3, move(copy.log, 1, 0, 1))
        second = commit(copy.log, NOON + 5, 3, 4, 1, move(copy.log, 1, 1, 1))
        appends, reads, log_id = store.appends, store.reads, copy.log.id
        made = (copy.opened, "copy", copy.identity, copy.writer, source)
        assert appends.create_copied(*made, [[first], [second]])
        assert not appends.create_copied(*made, [])
        found = reads.stored_entries(log_id, START, ALL)
        assert [one.horizon for one in found] == [
            *(Horizon(1, 0), Horizon(1, 1), Horizon(2, 1), Horizon(3, 1)),
            *(Horizon(4, 1), Horizon(4, 2)),
        ]
        times = [(one.committed_at, one.writer) for one in found]
        assert times == [(opened_at, 1)] * 4 + [(NOON + 5, 3)] * 2
        assert reads.end(log_id) == (Horizon(4, 2), NOON + 5)
        assert reads.stored(log_id, START) == Stored(opened_at, 4)
        introductions = {number: (said, ended) for number, said, ended in source.writers}
        assert reads.writers(log_id) == introductions | {4: (copy.writer.introduction, None)}
        assert reads.orders_with_hash(log_id, "0x1") == [1]

    def test_a_copy_that_fails_on_the_way_leaves_nothing(self, store: LogStore) -> None:
        copy = Written(store, "copy")
        made = (copy.opened, "copy", copy.identity, copy.writer, Source(NOON, []))

        def batches() -> Iterator[list[Commit]]:
            yield [commit(copy.log, NOON, 1, 1, 1)]
            raise KeyError

        with pytest.raises(KeyError):
            store.appends.create_copied(*made, batches())
        assert store.reads.logs() == []
