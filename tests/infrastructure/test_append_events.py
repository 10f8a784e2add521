"""Events that have their orders already: stored once however often it is tried, never twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from domain.audit_log import AuditLog, numbered
from domain.errors import ConcurrencyError
from domain.horizon import Horizon
from infrastructure.audit_logs import AuditLogs
from tests.infrastructure.stores.written import entries_of, entry


@pytest.fixture
def logs() -> Iterator[AuditLogs]:
    with AuditLogs() as logs:
        yield logs


def events(log: AuditLog, first: int, amounts: range) -> list[AuditLog.EventLogged]:
    return numbered(log.id, first, entries_of(amounts))


def stored(logs: AuditLogs, log: AuditLog) -> list[bytes]:
    return [state for _, state in logs.records(log, 1, logs.last_order(log))]


def records(*batches: list[AuditLog.EventLogged]) -> list[bytes]:
    return [event.record for batch in batches for event in batch]


def test_what_an_earlier_attempt_stored_is_not_stored_twice(logs: AuditLogs) -> None:
    log = logs.open_or_create("run")
    mine = events(log, 1, range(5))
    appending = logs.appending(log)
    appending.append_events(mine[:3])
    appending.append_events(mine)
    appending.append_events(mine)
    appending.append_events(mine[2:])
    appending.append_events([])
    assert stored(logs, log) == records(mine)
    assert logs.horizon(log) == Horizon(5)


@pytest.mark.parametrize("first", [1, 3, 5])
def test_others_of_the_same_orders_are_told_apart(logs: AuditLogs, first: int) -> None:
    log = logs.open_or_create("run")
    mine = events(log, 1, range(5))
    logs.appending(log).append_events(mine)
    rival = [*mine[first - 1 : -1], *events(log, 5, range(100, 102))]
    with pytest.raises(ConcurrencyError):
        logs.appending(log).append_events(rival)
    with pytest.raises(ConcurrencyError):
        logs.appending(log).append_events(events(log, first, range(200, 201)))
    assert stored(logs, log) == records(mine)


def test_a_gap_is_refused(logs: AuditLogs) -> None:
    log = logs.open_or_create("run")
    with pytest.raises(ConcurrencyError):
        logs.appending(log).append_events(numbered(log.id, 2, [entry()]))
    assert logs.horizon(log) == Horizon(0)
