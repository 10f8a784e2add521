"""The eventsourcing library on our store.

Its own recorder suite, followers as it documents them, and the parts of it that we lean on without
its word.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import TestCase
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest
from eventsourcing import persistence, sqlite
from eventsourcing.application import AggregateNotFoundError, ProcessingEvent
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, AggregateCreated, AggregateEvent
from eventsourcing.persistence import Mapper
from eventsourcing.system import NotificationLogReader, ProcessApplication
from eventsourcing.tests import persistence as library

from domain.audit_log import AuditLog
from domain.intake import Update
from domain.lifecycle import EventLifecycle
from infrastructure.audit_logs import AuditLogs
from infrastructure.codec import AuditLogMapper
from infrastructure.stores import open_store
from infrastructure.stores.sqlite.recorder import Datastore, Recorder
from tests.infrastructure.stores.written import HOUR
from tests.support import url_of


class InMemory(TestCase):
    def create_recorder(self) -> Any:
        store = open_store(":memory:")
        self.addCleanup(store.close)
        return store.recorder


class OnFile(TestCase):
    def create_recorder(self) -> Any:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        store = open_store(url_of(Path(folder.name) / "store.db"))
        self.addCleanup(store.close)
        return store.recorder


class TestLibrarySuiteInMemory(InMemory, library.ApplicationRecorderTestCase[Recorder]): ...


class TestLibrarySuiteOnFile(OnFile, library.ApplicationRecorderTestCase[Recorder]): ...


class TestNotificationsOfTwoWritersInMemory(
    InMemory, library.NonInterleavingNotificationIDsBaseCase
): ...


class TestNotificationsOfTwoWritersOnFile(
    OnFile, library.NonInterleavingNotificationIDsBaseCase
): ...


class Tally(Aggregate):
    """How often something happened to the logs; an aggregate of the follower's own."""

    class Begun(AggregateCreated):
        what: str

    class Counted(AggregateEvent):
        order: int

        def apply(self, aggregate: Aggregate) -> None:
            assert isinstance(aggregate, Tally)
            aggregate.orders.append(self.order)

    Created = Begun  # type: ignore[assignment]

    def __init__(self, what: str) -> None:
        self.what = what
        self.orders: list[int] = []

    @classmethod
    def id_of(cls, what: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"/tallies/{what}")

    @classmethod
    def begin(cls, what: str) -> Tally:
        return cls._create(cls.Begun, id=cls.id_of(what), what=what)

    def count(self, order: int) -> None:
        self.trigger_event(self.Counted, order=order)


class Tallies(ProcessApplication[UUID]):
    """A follower as the library documents it: a policy per kind of event, aggregates of its own."""

    def construct_mapper(self) -> Mapper[UUID]:
        return self.factory.mapper(self.construct_transcoder(), mapper_class=AuditLogMapper)

    @singledispatchmethod
    def policy(self, domain_event: Any, processing_event: ProcessingEvent[UUID]) -> None:
        """Nothing is done about the opening of a log."""

    @policy.register
    def _(self, event: AuditLog.EventLogged, processing_event: ProcessingEvent[UUID]) -> None:
        self._count("logged", event.originator_version, processing_event)

    @policy.register
    def _(self, event: EventLifecycle.Started, processing_event: ProcessingEvent[UUID]) -> None:
        self._count("moved", event.order, processing_event)

    @policy.register
    def _(self, event: EventLifecycle.Updated, processing_event: ProcessingEvent[UUID]) -> None:
        self._count("moved", event.order, processing_event)

    def _count(self, what: str, order: int, processing_event: ProcessingEvent[UUID]) -> None:
        try:
            tally: Tally = self.repository.get(Tally.id_of(what))
        except AggregateNotFoundError:
            tally = Tally.begin(what)
        tally.count(order)
        processing_event.collect_events(tally)

    def orders(self, what: str) -> list[int]:
        tally: Tally = self.repository.get(Tally.id_of(what))
        return tally.orders


@contextmanager
def live_log(path: Path) -> Iterator[tuple[AuditLogs, AuditLog]]:
    with AuditLogs(url_of(path)) as logs:
        yield logs, logs.open_or_create("live", "live")


def log_and_move(logs: AuditLogs, log: AuditLog, count: int) -> None:
    for _ in range(count):
        entry = log.intake.event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 1, None, {})
        ((order,),) = logs.appending(log).append([entry])  # type: ignore[misc]
        for hash_ in ("0xa", "0xb"):
            update = Update(order, {"status": "submitted", "tx_hash": hash_})
            logs.appending(log).append([update])


def test_a_follower_of_the_library_sees_every_event_in_order(tmp_path: Path) -> None:
    with live_log(tmp_path / "live.db") as (logs, log):
        log_and_move(logs, log, 13)
        tallies = Tallies()
        tallies.follow("AuditLogs", logs.notification_log)
        tallies.pull_and_process("AuditLogs")
        assert tallies.orders("logged") == list(range(1, 14))
        log_and_move(logs, log, 4)
        tallies.pull_and_process("AuditLogs")
        tallies.pull_and_process("AuditLogs")
        assert tallies.orders("logged") == list(range(1, 18))
        assert tallies.orders("moved") == [order for order in range(1, 18) for _ in range(2)]
        assert tallies.recorder.max_tracking_id("AuditLogs") == 1 + 3 * 17
        tallies.close()


def test_the_notification_log_is_read_as_the_library_documents_it(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with live_log(path) as (logs, log):
        log_and_move(logs, log, 5)
    with AuditLogs(url_of(path), must_exist=True) as logs:
        reader = NotificationLogReader(logs.notification_log, section_size=3)
        found = list(reader.read(start=1))
        assert [one.id for one in found] == list(range(1, 17))
        topics = [AuditLog.EventLogged.TOPIC, EventLifecycle.Started.TOPIC]
        topics.append(EventLifecycle.Updated.TOPIC)
        assert [one.topic for one in found] == [AuditLog.Opened.TOPIC, *topics * 5]
        events = [logs.mapper.to_domain_event(one) for one in found]
        assert isinstance(events[1], AuditLog.EventLogged)
        assert events[1].record == found[1].state
        assert logs.recorder.max_notification_id() == 16


def test_an_aggregate_is_got_from_the_repository(tmp_path: Path) -> None:
    with live_log(tmp_path / "live.db") as (logs, log):
        log_and_move(logs, log, 3)
        found: AuditLog = logs.repository.get(log.id)
        assert (found.name, found.mode, found.version) == ("live", "live", 3)


def parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_the_library_still_has_the_privates_that_we_lean_on() -> None:
    """What `infrastructure.stores.sqlite.recorder` replaces, sets or calls and the library does not
    document; the upper pin of the library in pyproject.toml is there because of these."""
    assert parameters(sqlite.SQLiteDatastore.transaction) == ["self", "commit"]
    assert issubclass(Datastore, sqlite.SQLiteDatastore)
    theirs = sqlite.SQLiteDatastore(":memory:")
    assert isinstance(theirs.single_row_tracking, bool)
    assert theirs.originator_id_type == "uuid"
    assert set(vars(Datastore(object()))) - {"_connections"} <= set(vars(theirs))  # type: ignore[arg-type]
    recorder = sqlite.SQLiteApplicationRecorder(theirs, "stored_events")
    assert recorder.insert_events_statement.split("VALUES")[0].strip() == (
        "INSERT INTO stored_events"
    )
    assert recorder.insert_events_statement.count("?") == 4
    assert any("stored_events" in one for one in recorder.construct_create_table_statements())
    connection = sqlite.SQLiteConnection(__import__("sqlite3").connect(":memory:"), 1)
    assert parameters(sqlite.SQLiteCursor.__init__) == ["self", "sqlite_cursor"]
    connection.close()
    theirs.close()


@pytest.mark.parametrize(
    "name",
    ["InterfaceError", "DataError", "OperationalError", "IntegrityError", "InternalError"],
)
def test_the_library_names_its_errors_as_the_driver_does(name: str) -> None:
    assert issubclass(getattr(persistence, name), persistence.PersistenceError)
