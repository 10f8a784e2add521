"""Entries in the order of their commit: nothing skipped or doubled, no toll for other logs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.horizon import START, Horizon
from infrastructure.store import LogStore
from projections.entries import LogEntry, LoggedEntry, TransitionEntry
from tests.infrastructure.stores.written import (
    RECORDED_AT,
    Backend,
    Move,
    OnStore,
    Part,
    Written,
    bundle,
    entries_of,
    entry,
    new_log,
)

SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
"""The store is the same for all examples, and every backend runs the same test."""

_names = count()

commits = st.lists(
    st.tuples(st.booleans(), st.lists(st.sampled_from(["event", "bundle", "move"]), max_size=6)),
    max_size=12,
)
"""Each commit goes to one of two logs and stores these parts."""


def parts_of(log: Written, names: list[str]) -> Iterator[Part]:
    """What the names stand for; a move is of the first event, once there is one."""
    is_there = bool(log.horizon.order)
    for name in names:
        if name == "move":
            if is_there:
                yield Move(1)
            continue
        is_there = True
        yield entry() if name == "event" else bundle(2)


@contextmanager
def two_logs(store: LogStore) -> Iterator[tuple[Written, Written]]:
    """Two logs of the store that nobody has written to."""
    yield new_log(store, f"log {next(_names)}"), new_log(store, f"log {next(_names)}")


def followed(log: Written, after: Horizon, limit: int) -> list[LogEntry]:
    """All entries after a horizon, page after page."""
    found: list[LogEntry] = []
    while page := log.entries(found[-1].horizon if found else after, limit):
        assert len(page) <= limit
        found += page
    return found


class FollowingContract(OnStore):
    """What followers are handed."""

    @settings(
        max_examples=60,
        suppress_health_check=SHARED,
    )
    @given(commits=commits, limit=st.integers(1, 9), data=st.data())
    def test_nothing_is_skipped_and_nothing_doubled(
        self, store: LogStore, commits: Any, limit: int, data: st.DataObject
    ) -> None:
        with two_logs(store) as logs:
            for which, names in commits:
                logs[which].append(*parts_of(logs[which], names))
            for log in logs:
                log.check()
                start = data.draw(st.sampled_from([START, *log.committed]))
                found = followed(log, start, limit)
                assert [one.horizon for one in found] == log.committed[start.position :]
                full = [len(log.entries(one, limit)) for one in [START, *log.committed]]
                left = range(len(log.committed), -1, -1)
                assert full == [min(limit, more) for more in left]

    @settings(
        max_examples=40,
        suppress_health_check=SHARED,
    )
    @given(commits=commits, limit=st.integers(1, 5))
    def test_a_follower_that_looks_between_commits_misses_nothing(
        self, store: LogStore, commits: Any, limit: int
    ) -> None:
        with two_logs(store) as logs:
            seen: dict[Written, list[LogEntry]] = {log: [] for log in logs}
            for which, names in commits:
                logs[which].append(*parts_of(logs[which], names))
                for log, found in seen.items():
                    found += log.entries(found[-1].horizon if found else START, limit)
            for log, found in seen.items():
                found += followed(log, found[-1].horizon if found else START, limit)
                assert [one.horizon for one in found] == log.committed

    def test_an_entry_says_what_followers_need(self, store: LogStore) -> None:
        log = new_log(store)
        log.append(bundle(2, tx_hash="0xa", bundle_name="ENTRY"), Move(1, "0xb"), entry(7))
        wrapper, _, _, move, last = log.entries()
        assert isinstance(wrapper, LoggedEntry)
        assert wrapper.record | {"recorded_at": ""} == {
            "recorded_at": "",
            "timestamp": "2024-05-12T14:00:00Z",
            "event_type": "ATOMIC_TRANSACTION",
            "venue": "INSTADAPP",
            "tx_hash": "0xa",
            "detail_orders": [2, 3],
            "bundle_name": "ENTRY",
        }
        assert isinstance(last, LoggedEntry)
        assert "amount" not in last.record
        assert isinstance(move, TransitionEntry)
        assert (move.position, move.number, move.order) == (4, 1, 1)
        assert (move.from_status, move.status, move.tx_hash) == ("pending", "submitted", "0xb")
        assert (move.recorded_at, move.from_since) == (RECORDED_AT, RECORDED_AT)

    def test_other_logs_cost_a_follower_nothing(self, store: LogStore, backend: Backend) -> None:
        log, other = new_log(store), new_log(store, "other")
        log.append(*entries_of(range(20)), Move(1))
        other.append(entry())
        middle = Horizon(10)

        def costs() -> list[int]:
            return [
                backend.cost(store, lambda: log.entries(START, 100)),
                backend.cost(store, lambda: log.entries(middle, 5)),
                backend.cost(store, lambda: log.entries(log.horizon, 100)),
                backend.cost(store, lambda: store.reads.end(log.log.id)),
            ]

        before = costs()
        assert min(before) > 0
        for _ in range(10):
            other.append(*[Move(1)] * 1000)
        assert other.horizon == Horizon(1, 10_000)
        assert costs() == before
        log.append(Move(2), entry())
        log.check()

    def test_a_page_costs_the_same_however_long_the_log(
        self, store: LogStore, backend: Backend
    ) -> None:
        log = new_log(store)
        log.append(*entries_of(range(20)), *[Move(1)] * 20)

        def costs() -> list[int]:
            return [
                backend.cost(store, lambda: log.entries(START, 10)),
                backend.cost(store, lambda: log.entries(Horizon(15), 3)),
                backend.cost(store, lambda: store.reads.end(log.log.id)),
                backend.cost(store, lambda: store.reads.order_of(log.log.id, "none")),
                backend.cost(store, lambda: store.reads.orders_with_hash(log.log.id, "0xa")),
            ]

        before = costs()
        log.append(*entries_of(range(2000)), *[Move(1)] * 2000)
        assert costs() == before
