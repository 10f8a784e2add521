"""Every recorder of ours passes the library's own suite, and the same tests of what we added."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import TestCase
from uuid import uuid4

import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.tests import persistence as library

from domain.audit_log import AuditLog
from infrastructure.codec import AuditLogMapper
from infrastructure.sqlite_datastore import AuditDatastore
from infrastructure.sqlite_recorder import AuditLogRecorder, Claim
from tests.support import HOUR


def memory_database() -> str:
    return f"file:{uuid4().hex}?mode=memory&cache=shared"


def recorder_of(datastore: AuditDatastore) -> AuditLogRecorder:
    recorder = AuditLogRecorder(datastore)
    with datastore.transaction(commit=True) as cursor:
        for statement in recorder.construct_create_table_statements():
            cursor.execute(statement)
    return recorder


class InMemory(TestCase):
    def create_recorder(self) -> AuditLogRecorder:
        datastore = AuditDatastore(memory_database())
        self.addCleanup(datastore.close)
        return recorder_of(datastore)


class OnFile(TestCase):
    def create_recorder(self) -> AuditLogRecorder:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        datastore = AuditDatastore(f"file:{folder.name}/store.db")
        self.addCleanup(datastore.close)
        return recorder_of(datastore)


class TestLibrarySuiteInMemory(InMemory, library.ApplicationRecorderTestCase[AuditLogRecorder]): ...


class TestLibrarySuiteOnFile(OnFile, library.ApplicationRecorderTestCase[AuditLogRecorder]): ...


class TestNotificationsOfTwoWritersInMemory(
    InMemory, library.NonInterleavingNotificationIDsBaseCase
): ...


class TestNotificationsOfTwoWritersOnFile(
    OnFile, library.NonInterleavingNotificationIDsBaseCase
): ...


@pytest.fixture(params=["memory", "file"])
def recorder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AuditLogRecorder]:
    on_file = request.param == "file"
    datastore = AuditDatastore(f"file:{tmp_path}/store.db" if on_file else memory_database())
    yield recorder_of(datastore)
    datastore.close()


def opened_event(log: AuditLog) -> StoredEvent:
    return AuditLogMapper().to_stored_event(log.collect_events()[0])


def new_log(recorder: AuditLogRecorder, name: str = "run") -> AuditLog:
    log = AuditLog.open(name)
    recorder.append(log.id, [], opened_event(log), name)
    return log


def events(log: AuditLog) -> list[AuditLog.EventLogged]:
    return [event for event in log.collect_events() if isinstance(event, AuditLog.EventLogged)]


def logged(log: AuditLog, count: int) -> list[AuditLog.EventLogged]:
    for n in range(count):
        log.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", n)
    return events(log)


def pairs(logged: list[AuditLog.EventLogged]) -> list[tuple[int, bytes]]:
    return [(event.originator_version, event.record) for event in logged]


def test_an_unknown_log_has_no_version_and_an_opened_one_has_0(recorder: AuditLogRecorder) -> None:
    log = AuditLog.open("run")
    assert recorder.last_version(log.id) is None
    recorder.append(log.id, [], opened_event(log), "run")
    assert recorder.last_version(log.id) == 0
    assert recorder.log_names() == ["run"]


@pytest.mark.parametrize(
    "count",
    [1, 2, 49, 99, 100, 101, 187, 1000, 1001],
)
def test_what_was_appended_is_read_back_in_order(recorder: AuditLogRecorder, count: int) -> None:
    log = new_log(recorder)
    first, second = logged(log, count), logged(log, 3)
    recorder.append(log.id, [first])
    recorder.append(log.id, [second])
    assert recorder.last_version(log.id) == count + 3
    assert recorder.records(log.id, 1, count + 3, count + 3) == pairs(first + second)


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
def test_records_gives_the_orders_asked_for(
    recorder: AuditLogRecorder, first: int, last: int, limit: int, orders: range
) -> None:
    log, other = new_log(recorder), new_log(recorder, "other")
    recorder.append(log.id, [logged(log, 10)])
    recorder.append(other.id, [logged(other, 20)])
    assert [order for order, _ in recorder.records(log.id, first, last, limit)] == list(orders)


def test_an_order_that_is_taken_stores_nothing_of_the_batch(recorder: AuditLogRecorder) -> None:
    log, rival = new_log(recorder), AuditLog.open("run")
    opened_event(rival)
    first = logged(log, 5)
    recorder.append(log.id, [first])
    rival.forget_after(3)
    rival.version = 3
    rival.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", event_id="rival")
    late = [*events(rival), *logged(rival, 200)]
    with pytest.raises(IntegrityError):
        recorder.append(log.id, [late])
    assert recorder.records(log.id, 1, 1000, 1000) == pairs(first)
    assert recorder.claim(log.id, "rival") is None


def test_a_log_opened_twice_is_refused_the_second_time(recorder: AuditLogRecorder) -> None:
    log = new_log(recorder)
    recorder.append(log.id, [logged(log, 2)])
    with pytest.raises(IntegrityError):
        new_log(recorder)
    assert recorder.last_version(log.id) == 2


def test_a_claim_says_what_was_logged_under_an_event_id(recorder: AuditLogRecorder) -> None:
    log, other = new_log(recorder), new_log(recorder, "other")
    log.log_event(HOUR, "STAKE_DEPOSIT", "LIDO")
    log.log_atomic_transaction(
        HOUR,
        "ENTRY",
        [{"event_type": "FLASH_BORROW", "venue": "BALANCER"}] * 2,
        event_id="entry",
    )
    entry = events(log)
    recorder.append(log.id, [entry])
    assert entry[1].fingerprint is not None
    assert recorder.claim(log.id, "entry") == Claim(2, 3, entry[1].fingerprint)
    assert recorder.claim(log.id, "exit") is None
    assert recorder.claim(other.id, "entry") is None


def test_an_event_id_is_claimed_once_a_log(recorder: AuditLogRecorder) -> None:
    log, other = new_log(recorder), new_log(recorder, "other")
    for each in (log, other):
        each.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", event_id="id")
        recorder.append(each.id, [events(each)])
    log.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", event_id="id")
    with pytest.raises(IntegrityError):
        recorder.append(log.id, [events(log)])
    assert recorder.last_version(log.id) == 1


def test_late_details_come_by_rising_order_of_the_detail(recorder: AuditLogRecorder) -> None:
    log = new_log(recorder)
    for parent in (None, None, 2, 1, 2):
        log.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", parent_event=parent)
    recorder.append(log.id, [events(log)])
    assert recorder.late_details(log.id) == [(2, 3), (1, 4), (2, 5)]
    assert recorder.late_details(uuid4()) == []


def test_log_names_are_sorted(recorder: AuditLogRecorder) -> None:
    for name in ("run-2", "Ärger", "run-1"):
        new_log(recorder, name)
    assert recorder.log_names() == ["run-1", "run-2", "Ärger"]


def test_what_append_inserted_on_a_file_another_connection_sees(tmp_path: Path) -> None:
    datastore = AuditDatastore(f"file:{tmp_path}/store.db")
    recorder = recorder_of(datastore)
    log = new_log(recorder)
    recorder.append(log.id, [logged(log, 7)])
    other = sqlite3.connect(tmp_path / "store.db")
    assert other.execute("SELECT COUNT(*) FROM stored_events").fetchone() == (8,)
    other.close()
    datastore.close()


def test_batches_are_one_transaction(recorder: AuditLogRecorder) -> None:
    log = AuditLog.open("run")
    opened = opened_event(log)
    first = logged(log, 150)

    def batches() -> Iterator[list[AuditLog.EventLogged]]:
        yield first
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        recorder.append(log.id, batches(), opened, "run")
    assert recorder.last_version(log.id) is None
    assert recorder.log_names() == []
    recorder.append(log.id, [first, logged(log, 7)], opened, "run")
    assert recorder.last_version(log.id) == 157


def test_holds_knows_these_very_events_from_others_of_the_same_orders(
    recorder: AuditLogRecorder,
) -> None:
    log, rival = new_log(recorder), AuditLog.open("run")
    opened_event(rival)
    mine, others = logged(log, 5), logged(rival, 5)
    assert not recorder.holds(log.id, mine)
    recorder.append(log.id, [mine])
    assert recorder.holds(log.id, mine)
    assert recorder.holds(log.id, mine[2:])
    assert not recorder.holds(log.id, others)
    assert not recorder.holds(log.id, [*mine, *logged(log, 1)])
    assert not recorder.holds(log.id, [])
