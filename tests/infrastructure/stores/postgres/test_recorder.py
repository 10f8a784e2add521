"""The eventsourcing library's recorder on a server: its own suite, and a notification log a log.

Of that suite, what numbers the events of a whole store is not applicable: two logs of a store on a
server never wait for each other, so that it has no sequence of its own. It is named here.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any
from unittest import TestCase

import pytest
from eventsourcing.persistence import ProgrammingError, StoredEvent
from eventsourcing.tests import persistence as library

from domain.lifecycle import lifecycle_id
from infrastructure.stores import open_store
from infrastructure.stores.postgres.recorder import Recorder
from tests.infrastructure.stores.written import Move, entry, new_log
from tests.postgres_server import PostgresServer

OF_THE_WHOLE_STORE = (
    "test_insert_select",
    "test_concurrent_no_conflicts",
    "optional_test_insert_subscribe",
)
"""The library's tests of notifications that are numbered throughout the store."""

_schemas = count()


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    schema = f"recorder_{next(_schemas)}"
    yield postgres.url(schema)
    postgres.run(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


class OnServer(TestCase):
    @pytest.fixture(autouse=True)
    def _on_server(self, url: str) -> None:
        self._url = url

    def create_recorder(self) -> Any:
        store = open_store(self._url, durability="relaxed")
        self.addCleanup(store.close)
        return store.recorder


class TestAggregates(OnServer, library.AggregateRecorderTestCase): ...


class TestApplication(OnServer, library.ApplicationRecorderTestCase[Recorder]):
    test_insert_select = None  # type: ignore[assignment]
    test_concurrent_no_conflicts = None  # type: ignore[assignment]


def test_what_is_left_out_is_of_the_whole_store_alone() -> None:
    suite = library.ApplicationRecorderTestCase
    tests = {name for name in dir(suite) if "test_" in name}
    assert tests - set(OF_THE_WHOLE_STORE) == {"test_performance", "test_concurrent_throughput"}


def test_a_store_says_that_it_has_no_sequence_of_its_own(url: str) -> None:
    with open_store(url, durability="relaxed") as store:
        recorder = store.recorder
        for ask in (
            lambda: recorder.select_notifications(1, 10),
            lambda: recorder.max_notification_id(),
            lambda: recorder.subscribe(),
        ):
            with pytest.raises(ProgrammingError, match="ask for the recorder of one log"):
                ask()


def test_the_recorder_of_a_log_numbers_its_entries(url: str) -> None:
    with open_store(url, durability="relaxed") as store:
        log, other = new_log(store), new_log(store, "other")
        assert isinstance(store.recorder, Recorder)
        recorder = store.recorder.of_log(log.log.id)
        assert recorder.max_notification_id() is None
        log.append(entry(1), Move(1), entry(2))
        other.append(entry(3))
        moved = lifecycle_id(log.log.id, 1)
        found = recorder.select_notifications(1, 10)
        assert [(one.id, one.originator_id, one.originator_version) for one in found] == [
            (2, log.log.id, 1),
            (3, moved, 0),
            (4, log.log.id, 2),
        ]
        assert recorder.max_notification_id() == 4
        assert [one.id for one in recorder.select_notifications(3, 1)] == [3]
        assert recorder.select_notifications(4, 10, inclusive_of_start=False) == []
        topics = [found[0].topic]
        assert [one.id for one in recorder.select_notifications(1, 10, topics=topics)] == [2, 4]
        assert [one.id for one in recorder.select_notifications(1, 10, stop=3)] == [2, 3]
        with recorder.subscribe(gt=2) as following:
            assert next(following).id == 3
        with pytest.raises(ProgrammingError, match="by its own commands"):
            recorder.insert_events([StoredEvent(log.log.id, 3, "topic", b"{}")])
