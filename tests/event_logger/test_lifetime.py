"""From opening to closing, and what happens to events when nobody closes."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from domain.errors import LoggerClosedError
from event_logger import EventLogger
from event_logger.writing import letting_go
from tests.redis_server import eventually
from tests.support import HOUR, log_amounts, numbered, run_program, stored, url_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.db"


LOG_THREE = """
logger = EventLogger(store=sys.argv[1])
for n in (1, 2, 3):
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", n)
"""


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("", 0),
        ("raise SystemExit(7)", 7),
        ("1 / 0", 1),
        ("import threading; threading.Thread(target=logger.get_all_events).start()", 0),
        ("reading = iter(logger.events); next(reading)", 0),
    ],
)
def test_a_program_that_never_closes_exits_and_its_events_are_stored(
    path: Path, ending: str, code: int
) -> None:
    run_program(LOG_THREE + ending, url_of(path), code=code)
    assert stored(path) == numbered(3)


def test_a_garbage_collected_logger_stores_its_events_and_lets_go(path: Path) -> None:
    logger = EventLogger(store=url_of(path))
    log_amounts(logger, 1, 2, 3)
    del logger
    gc.collect()
    # A thread of its own closes it, which on a busy machine takes longer than is waited for.
    eventually(lambda: not letting_go._closing)
    assert stored(path) == numbered(3)
    with EventLogger(store=url_of(path)) as another:
        assert log_amounts(another, 4) == [4]


def test_closing_twice_does_nothing(path: Path) -> None:
    logger = EventLogger(store=url_of(path))
    log_amounts(logger, 1)
    logger.close()
    logger.close()
    assert stored(path) == numbered(1)


def test_a_closed_logger_refuses_every_call_with_a_sentence(path: Path) -> None:
    logger = EventLogger(store=url_of(path))
    log_amounts(logger, 1)
    events = logger.events
    logger.close()
    for call in (
        lambda: log_amounts(logger, 2),
        lambda: logger.log_stake(HOUR, "LIDO", 1, 1, 1),
        lambda: logger.log_atomic_transaction(HOUR, "ENTRY", []),
        lambda: logger.bundle(HOUR, "ENTRY"),
        logger.flush,
        logger.get_all_events,
        logger.get_summary_stats,
        logger.live_status,
        logger.to_dataframe,
        logger.export_to_csv,
        lambda: list(logger.bundle_trees()),
        lambda: logger.bundle_tree(1),
        lambda: logger.history(1),
        lambda: logger.global_order,
        lambda: logger.events,
        lambda: events[0],
        lambda: list(events),
    ):
        with pytest.raises(LoggerClosedError) as refused:
            call()
        assert str(refused.value) == (
            "the logger of log 'default' is closed; open another to go on"
        )
    assert stored(path) == numbered(1)


def test_a_bundle_that_outlives_its_logger_is_refused(path: Path) -> None:
    logger = EventLogger(store=url_of(path))
    log_amounts(logger, 1)
    with pytest.raises(LoggerClosedError), logger.bundle(HOUR, "ENTRY") as bundle:
        bundle.log_event(HOUR, "FLASH_BORROW", "BALANCER")
        logger.close()
    assert stored(path) == numbered(1)


def test_an_exception_in_the_block_keeps_what_was_logged(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), EventLogger(store=url_of(path)) as logger:
        log_amounts(logger, 1, 2)
        raise ZeroDivisionError
    assert stored(path) == numbered(2)
    with pytest.raises(LoggerClosedError):
        log_amounts(logger, 3)


def test_batches_are_committed_when_full_and_no_sooner(path: Path) -> None:
    with EventLogger(store=url_of(path), commit_every=5) as logger:
        for n in range(1, 13):
            log_amounts(logger, n)
            assert stored(path) == numbered(n - n % 5)
    assert stored(path) == numbered(12)


def test_a_batch_of_one_commits_every_event(path: Path) -> None:
    with EventLogger(store=url_of(path), commit_every=1) as logger:
        for n in range(1, 4):
            log_amounts(logger, n)
            assert stored(path) == numbered(n)


def test_a_bundle_larger_than_a_batch_is_one_transaction(path: Path) -> None:
    with EventLogger(store=url_of(path), commit_every=3) as logger:
        details = [{"event_type": "FLASH_BORROW", "venue": "BALANCER"}] * 10
        logger.log_atomic_transaction(HOUR, "ENTRY", details)
        assert len(stored(path)) == 11


@pytest.mark.parametrize(
    "read",
    [
        lambda logger: logger.global_order,
        lambda logger: logger.events,
        lambda logger: logger.get_all_events(),
        lambda logger: logger.get_events_by_order_range(1, 2),
        lambda logger: logger.get_events_by_type("PRICE_UPDATE"),
        lambda logger: logger.get_events_by_venue("BINANCE"),
        lambda logger: logger.get_summary_stats(),
        lambda logger: logger.live_status(),
        lambda logger: logger.history(1),
        lambda logger: logger.bundle_tree(1),
        lambda logger: list(logger.bundle_trees()),
        lambda logger: logger.to_dataframe(),
        lambda logger: logger.flush(),
    ],
)
def test_everything_is_committed_before_any_read(path: Path, read) -> None:  # type: ignore[no-untyped-def]
    with EventLogger(store=url_of(path)) as logger:
        log_amounts(logger, 1, 2, 3)
        assert stored(path) == []
        read(logger)
        assert stored(path) == numbered(3)


def test_reopening_continues_the_order(path: Path) -> None:
    for first in (1, 4, 7):
        with EventLogger(store=url_of(path)) as logger:
            assert logger.global_order == first - 1
            assert log_amounts(logger, first, first + 1, first + 2)[0] == first
    assert stored(path) == numbered(9)
