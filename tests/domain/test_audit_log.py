"""The aggregate: given a log, when something is logged, then …"""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from domain.audit_log import AuditLog, log_id
from domain.errors import ConcurrencyError, LogConfigurationError, LogInUseError, UnknownOrderError
from infrastructure.audit_logs import AuditLogs

NOON = pd.Timestamp("2024-05-12 12:00", tz="UTC")
DETAIL = {"event_type": "FLASH_BORROW", "venue": "BALANCER"}


def test_opening_takes_version_0_and_the_first_event_order_1() -> None:
    log = AuditLog.open("run-1", metadata={"strategy": "restaking"})
    assert (log.version, log.last_order) == (0, 0)
    assert [type(event) for event in log.pending_events] == [AuditLog.Opened]
    assert log.log_event(NOON, "X", "V") == 1
    assert log.version == 1


def test_orders_have_no_gaps_whatever_was_refused_between() -> None:
    log = AuditLog.open("run-1")
    orders = [log.log_event(NOON, "X", "V")]
    with pytest.raises(UnknownOrderError):
        log.log_event(NOON, "X", "V", parent_event=2)
    orders += log.log_atomic_transaction(NOON, "B", [DETAIL, DETAIL])
    orders.append(log.log_event(NOON, "X", "V", parent_event=2))
    assert orders == [1, 2, 3, 4, 5]
    assert [event.originator_version for event in log.logged_after(0)] == orders


def test_the_state_has_constant_size() -> None:
    log = AuditLog.open("run-1")
    log.collect_events()
    before = set(vars(log))
    for _ in range(100):
        log.log_event(NOON, "X", "V")
    log.collect_events()
    assert set(vars(log)) == before
    assert not [name for name, value in vars(log).items() if isinstance(value, list) and value]


@pytest.mark.parametrize(
    ("name", "mode", "sentence"),
    [
        ("", "backtest", "log must be a name, not ''"),
        ("run", "paper", "execution_mode must be 'backtest' or 'live', not 'paper'"),
    ],
)
def test_a_log_that_cannot_be_is_refused(name: str, mode: str, sentence: str) -> None:
    with pytest.raises(LogConfigurationError) as raised:
        AuditLog.open(name, mode)
    assert str(raised.value) == sentence


def test_strategy_code_can_work_one_level_down() -> None:
    with AuditLogs() as logs:
        log = logs.open("run-1")
        log.log_stake(NOON, "ETHERFI", Decimal("50"), Decimal("48.16"), Decimal("1.0382"))
        log.log_atomic_transaction(NOON, "ENTRY", [DETAIL], {"collateral": 95.24})
        logs.save(log)
        assert not log.pending_events
        again = logs.open("run-1")
        assert (again.version, again.name, again.mode) == (3, "run-1", "backtest")
        assert [order for order, _ in logs.records(again)] == [1, 2, 3]


def test_saving_nothing_new_does_nothing() -> None:
    with AuditLogs() as logs:
        log = logs.open("run-1")
        logs.save(log)
        logs.save(log)
        assert logs.last_order(log) == 0


def test_a_log_that_has_grown_meanwhile_is_refused_and_keeps_what_it_holds() -> None:
    with AuditLogs() as logs:
        logs.save(logs.open("run-1"))
        one, other = logs.open("run-1"), logs.open("run-1")
        one.log_event(NOON, "X", "V")
        other.log_event(NOON, "Y", "V")
        logs.save(one)
        with pytest.raises(ConcurrencyError, match="has grown past order 0 since it was opened"):
            logs.save(other)
        assert len(other.pending_events) == 1
        assert logs.last_order(one) == 1


def test_a_second_writer_of_a_backtest_log_is_refused(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    store = f"sqlite:///{tmp_path_factory.mktemp('lease') / 'runs.db'}"
    with AuditLogs(store) as one, AuditLogs(store) as other:
        one.save(one.open("run-1"))
        log = other.open("run-1")
        log.log_event(NOON, "X", "V")
        with pytest.raises(LogInUseError):
            other.save(log)


def test_the_library_s_own_repository_rebuilds_the_log() -> None:
    with AuditLogs() as logs:
        log = logs.open("run-1", metadata={"strategy": "restaking"})
        log.log_event(NOON, "X", "V")
        logs.save(log)
        rebuilt: AuditLog = logs.repository.get(log_id("run-1"))
        assert (rebuilt.version, rebuilt.metadata) == (1, {"strategy": "restaking"})
