"""Each fault of a commit twice: failed, and failed but persisted; then opened and checked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.errors import EventIdConflictError, ReadOnlyStoreError, StoreError
from event_logger import EventLogger, open_log
from infrastructure.stores.sqlite.appends import SQLiteAppends
from infrastructure.stores.sqlite.connections import Connections
from tests.faults.commits import AFTER, AT, BEFORE, failing
from tests.faults.interrupted import RaisedByHandlerError
from tests.support import HOUR, log_amounts, numbered, stored, url_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.db"


@pytest.fixture
def logger(path: Path) -> Iterator[EventLogger]:
    logger = EventLogger(store=url_of(path), commit_every=10)
    yield logger
    logger.close()


FULL = sqlite3.OperationalError("database or disk is full")
IO_ERROR = sqlite3.OperationalError("disk I/O error")
NOTHING_WRITTEN = (BEFORE, AT)


@pytest.mark.parametrize("when", NOTHING_WRITTEN)
@pytest.mark.parametrize("error", [FULL, IO_ERROR])
def test_a_failed_commit_refuses_the_event_and_keeps_the_earlier_ones(
    logger: EventLogger, path: Path, when: str, error: sqlite3.Error
) -> None:
    log_amounts(logger, *range(1, 10))
    with failing(error, when), pytest.raises(StoreError, match=str(error)):
        log_amounts(logger, 999)
    assert stored(path) == []
    assert log_amounts(logger, 10) == [10]
    assert stored(path) == numbered(10)
    assert [event["amount"] for event in logger.events] == list(range(1, 11))


@pytest.mark.parametrize("error", [RaisedByHandlerError(), StoreError("sqlite:///x", "failed")])
def test_what_a_signal_handler_raises_after_the_commit_takes_nothing_back(
    logger: EventLogger, path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    append = SQLiteAppends.append

    def interrupted(*arguments: Any) -> Any:
        append(*arguments)
        raise error

    log_amounts(logger, *range(1, 10))
    monkeypatch.setattr(SQLiteAppends, "append", interrupted)
    with pytest.raises(type(error)):
        log_amounts(logger, 10)
    monkeypatch.undo()
    assert log_amounts(logger, 11) == [11]
    logger.flush()
    assert stored(path) == numbered(11)


@pytest.mark.parametrize("when", NOTHING_WRITTEN)
def test_a_failed_flush_keeps_everything_for_the_next(
    logger: EventLogger, path: Path, when: str
) -> None:
    log_amounts(logger, 1, 2, 3)
    for _ in range(3):
        with failing(IO_ERROR, when), pytest.raises(StoreError):
            logger.flush()
    assert stored(path) == []
    log_amounts(logger, 4)
    logger.flush()
    assert stored(path) == numbered(4)


@pytest.mark.parametrize("when", NOTHING_WRITTEN)
def test_a_read_whose_flush_fails_raises_and_loses_nothing(
    logger: EventLogger, path: Path, when: str
) -> None:
    log_amounts(logger, 1, 2, 3)
    with failing(IO_ERROR, when), pytest.raises(StoreError):
        logger.get_summary_stats()
    assert logger.get_summary_stats()["total_events"] == 3


@pytest.mark.parametrize("when", NOTHING_WRITTEN)
def test_a_close_that_fails_may_be_tried_again(path: Path, when: str) -> None:
    logger = EventLogger(store=url_of(path))
    log_amounts(logger, 1, 2, 3)
    with failing(FULL, when), pytest.raises(StoreError):
        logger.close()
    logger.close()
    assert stored(path) == numbered(3)


@pytest.mark.parametrize("when", NOTHING_WRITTEN)
def test_a_bundle_refused_by_a_failed_commit_leaves_no_part_of_it(
    logger: EventLogger, path: Path, when: str
) -> None:
    log_amounts(logger, *range(1, 8))
    details = [{"event_type": "FLASH_BORROW", "venue": "BALANCER"}] * 4
    with failing(FULL, when), pytest.raises(StoreError):
        logger.log_atomic_transaction(HOUR, "ENTRY", details, event_id="entry")
    assert logger.global_order == 7
    assert stored(path) == numbered(7)
    assert logger.log_atomic_transaction(HOUR, "ENTRY", details, event_id="entry") == [
        *range(8, 13)
    ]
    assert logger.global_order == 12


@pytest.mark.parametrize("when", [BEFORE, AT, AFTER])
def test_an_interrupt_in_a_commit_loses_nothing_and_doubles_nothing(
    logger: EventLogger, path: Path, when: str
) -> None:
    """Whether the interrupted call's own event is stored, nobody knows yet: it stays pending."""
    log_amounts(logger, *range(1, 10))
    with failing(KeyboardInterrupt(), when), pytest.raises(KeyboardInterrupt):
        log_amounts(logger, 10)
    assert log_amounts(logger, 11) == [11]
    logger.flush()
    assert stored(path) == numbered(11)


def test_an_event_that_persisted_although_the_commit_failed_is_logged(
    logger: EventLogger, path: Path
) -> None:
    log_amounts(logger, *range(1, 10))
    with failing(IO_ERROR, AFTER):
        assert log_amounts(logger, 10) == [10]
    assert stored(path) == numbered(10)
    assert log_amounts(logger, *range(11, 31))[-1] == 30
    logger.close()
    assert stored(path) == numbered(30)
    assert open_log(url_of(path)).global_order == 30


def test_a_flush_that_persisted_although_it_failed_is_not_stored_twice(
    logger: EventLogger, path: Path
) -> None:
    log_amounts(logger, 1, 2, 3)
    with failing(IO_ERROR, AFTER):
        logger.flush()
    log_amounts(logger, 4)
    logger.close()
    assert stored(path) == numbered(4)


def test_an_interrupt_after_the_commit_leaves_a_logger_that_goes_on(
    logger: EventLogger, path: Path
) -> None:
    log_amounts(logger, *range(1, 10))
    with failing(KeyboardInterrupt(), AFTER), pytest.raises(KeyboardInterrupt):
        log_amounts(logger, 10)
    assert stored(path) == numbered(10)
    assert log_amounts(logger, 11) == [11]
    logger.close()
    assert stored(path) == numbered(11)


def test_what_persisted_and_cannot_be_seen_at_once_is_found_by_the_next_flush(
    logger: EventLogger, path: Path
) -> None:
    log_amounts(logger, 1, 2, 3)
    with failing(IO_ERROR, AFTER), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connections, "reading", _raising_always)
        with pytest.raises(StoreError):
            logger.flush()
    logger.flush()
    log_amounts(logger, 4)
    logger.flush()
    assert stored(path) == numbered(4)


def _raising_always(*arguments: object) -> None:
    raise IO_ERROR


def test_an_opening_that_persisted_although_it_failed_opens_that_log(path: Path) -> None:
    with failing(IO_ERROR, AFTER):
        EventLogger(store=url_of(path), metadata={"run": 1}).close()
    with EventLogger(store=url_of(path), metadata={"run": 1}) as logger:
        assert log_amounts(logger, 1) == [1]
    assert stored(path) == numbered(1)


def test_a_store_that_becomes_read_only_refuses_and_keeps(logger: EventLogger, path: Path) -> None:
    log_amounts(logger, *range(1, 10))
    error = sqlite3.OperationalError("attempt to write a readonly database")
    with failing(error, BEFORE), pytest.raises(ReadOnlyStoreError):
        log_amounts(logger, 999)
    assert log_amounts(logger, 10) == [10]
    assert stored(path) == numbered(10)


def test_the_ids_of_refused_events_are_free_again(logger: EventLogger) -> None:
    log_amounts(logger, *range(1, 10))
    with failing(FULL, BEFORE), pytest.raises(StoreError):
        logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", event_id="stake")
    assert logger.log_event(HOUR, "STAKE_DEPOSIT", "ETHERFI", event_id="stake") == 10
    assert logger.events[9]["venue"] == "ETHERFI"


@pytest.mark.parametrize("when", [BEFORE, AT, AFTER])
def test_an_interrupted_call_made_again_is_logged_once(logger: EventLogger, when: str) -> None:
    log_amounts(logger, *range(1, 10))
    with failing(KeyboardInterrupt(), when), pytest.raises(KeyboardInterrupt):
        logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", event_id="stake")
    with pytest.raises(EventIdConflictError):
        logger.log_event(HOUR, "STAKE_DEPOSIT", "ETHERFI", event_id="stake")
    assert logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", event_id="stake") == 10
    assert logger.global_order == 10
