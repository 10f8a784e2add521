"""A backtest log has one writer: a second is refused at once, and the first is not disturbed."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from domain.audit_log import AuditLog
from domain.errors import ConcurrencyError, LogInUseError
from event_logger import EventLogger, open_log
from infrastructure.audit_logs import AuditLogs
from tests.support import (
    HOUR,
    PATIENCE,
    log_amounts,
    numbered,
    run_program,
    start_program,
    stored,
    url_of,
)

SENTENCE = (
    "log 'default' is being written by another logger; close that one, or log to another name"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.db"


def is_refused_at_once(logger: EventLogger) -> bool:
    """Whether logging is refused, and without waiting for the other to end."""
    with (
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(LogInUseError) as error,
    ):
        patch.setattr(time, "sleep", None)
        log_amounts(logger, 999)
    return str(error.value) == SENTENCE


def test_a_second_logger_is_refused_at_once_and_the_first_goes_on(path: Path) -> None:
    with EventLogger(store=url_of(path), commit_every=3) as first:
        log_amounts(first, 1, 2)
        with EventLogger(store=url_of(path)) as second:
            assert is_refused_at_once(second)
            assert log_amounts(first, 3) == [3]
            assert second.global_order == 3
            assert is_refused_at_once(second)
        assert log_amounts(first, 4, 5) == [4, 5]
    assert stored(path) == numbered(5)


def test_a_second_writer_in_another_thread_is_refused(path: Path) -> None:
    errors: list[BaseException] = []

    def write() -> None:
        with EventLogger(store=url_of(path)) as second:
            try:
                log_amounts(second, 999)
            except LogInUseError as error:
                errors.append(error)

    with EventLogger(store=url_of(path)) as first:
        log_amounts(first, 1)
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
        log_amounts(first, 2)
    assert list(map(str, errors)) == [SENTENCE]
    assert stored(path) == numbered(2)


TRY_TO_WRITE = """
from domain.errors import LogInUseError
with EventLogger(store=sys.argv[1]) as logger:
    print(len(logger.events))
    try:
        logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 999)
    except LogInUseError as error:
        print(error)
"""

WRITE_UNTIL_TOLD = """
with EventLogger(store=sys.argv[1]) as logger:
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 1)
    print("leased", flush=True)
    while not os.path.exists(sys.argv[2]):
        pass
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 2)
"""


def test_a_second_writer_in_another_process_is_refused(path: Path) -> None:
    with EventLogger(store=url_of(path)) as first:
        log_amounts(first, 1)
        first.flush()
        assert run_program(TRY_TO_WRITE, url_of(path)).splitlines() == ["1", SENTENCE]
        log_amounts(first, 2)
    assert stored(path) == numbered(2)


def test_a_process_that_writes_keeps_this_one_out_until_it_ends(path: Path) -> None:
    go_on = path.parent / "go-on"
    with start_program(WRITE_UNTIL_TOLD, url_of(path), go_on) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "leased\n"
        with EventLogger(store=url_of(path)) as second:
            assert is_refused_at_once(second)
            go_on.touch()
            writer.communicate(timeout=PATIENCE)
            assert log_amounts(second, 3) == [3]
    assert stored(path) == numbered(3)


def test_another_log_of_the_store_has_a_writer_of_its_own(path: Path) -> None:
    with (
        EventLogger(store=url_of(path), log="one") as one,
        EventLogger(store=url_of(path), log="two") as two,
    ):
        log_amounts(one, 1)
        log_amounts(two, 1)
        log_amounts(one, 2)
    assert stored(path, "one") == numbered(2)
    assert stored(path, "two") == numbered(1)


def test_opening_and_reading_take_no_lease(path: Path) -> None:
    with EventLogger(store=url_of(path)) as idle, EventLogger(store=url_of(path)) as writer:
        assert idle.get_all_events() == []
        log_amounts(writer, 1, 2)
        writer.flush()
        assert idle.global_order == 2
        assert len(open_log(url_of(path)).events) == 2


def test_a_logger_that_waited_its_turn_goes_on_where_the_other_stopped(path: Path) -> None:
    with EventLogger(store=url_of(path)) as second:
        with EventLogger(store=url_of(path)) as first:
            log_amounts(first, 1, 2)
            assert is_refused_at_once(second)
        assert log_amounts(second, 3) == [3]
    assert stored(path) == numbered(3)


def test_one_of_many_that_start_at_once_becomes_the_writer(path: Path) -> None:
    EventLogger(store=url_of(path)).close()
    together, done = threading.Barrier(6), threading.Barrier(6)
    outcomes: list[object] = []

    def write() -> None:
        with EventLogger(store=url_of(path)) as logger:
            together.wait()
            try:
                outcomes.append(log_amounts(logger, 1))
            except LogInUseError:
                outcomes.append("refused")
            done.wait()

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["[1]"] + ["refused"] * 5
    assert stored(path) == numbered(1)


def test_an_application_that_appends_to_an_old_state_is_told(path: Path) -> None:
    with AuditLogs(url_of(path)) as logs:
        log = logs.open("default")
        log.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 1)
        stale = AuditLog.open("default")
        stale.collect_events()
        logs.save(log)
        stale.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 999)
        with pytest.raises(ConcurrencyError, match="has grown past order 0 since it was opened"):
            logs.save(stale)
    assert stored(path) == numbered(1)
