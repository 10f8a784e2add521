"""Several threads on one logger: every order once, none missing, nothing lost."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from domain.errors import EventLoggerError
from event_logger import EventLogger
from tests.support import HOUR, PATIENCE, run_program, url_of

THREADS = 8


@pytest.fixture(params=["memory", "file"])
def logger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventLogger]:
    store = ":memory:" if request.param == "memory" else url_of(tmp_path / "runs.db")
    with EventLogger(store=store, commit_every=50) as logger:
        yield logger


def in_threads(run: Callable[[int], None]) -> None:
    failures: list[BaseException] = []
    together = threading.Barrier(THREADS)

    def guarded(number: int) -> None:
        together.wait()
        try:
            run(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_every_order_is_given_once_and_names_the_event_it_was_given_for(
    logger: EventLogger,
) -> None:
    given: dict[int, str] = {}

    def log(number: int) -> None:
        for i in range(200):
            order = logger.log_event(HOUR, "PRICE_UPDATE", f"VENUE_{number}", "ETH", i)
            given[order] = f"VENUE_{number}"

    in_threads(log)
    assert sorted(given) == list(range(1, THREADS * 200 + 1))
    events = logger.get_all_events()
    assert {event["order"]: event["venue"] for event in events} == given
    for number in range(THREADS):
        amounts = [event["amount"] for event in logger.get_events_by_venue(f"VENUE_{number}")]
        assert amounts == list(range(200))


def test_bundles_stay_together(logger: EventLogger) -> None:
    def log(number: int) -> None:
        detail = {"event_type": "FLASH_BORROW", "venue": f"VENUE_{number}"}
        for i in range(30):
            orders = logger.log_atomic_transaction(HOUR, f"BUNDLE_{number}", [detail] * (i % 5))
            assert orders == list(range(orders[0], orders[0] + 1 + i % 5))
            logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE")

    in_threads(log)
    trees = list(logger.bundle_trees())
    assert len(trees) == THREADS * 30
    for tree in trees:
        number = tree["event"]["bundle_name"].removeprefix("BUNDLE_")
        assert {detail["event"]["venue"] for detail in tree["details"]} <= {f"VENUE_{number}"}
        assert len(tree["details"]) == tree["event"]["detail_count"]


def test_readers_read_while_others_log(logger: EventLogger) -> None:
    def work(number: int) -> None:
        for i in range(40):
            if number % 2:
                logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", i)
            else:
                orders = [event["order"] for event in logger.events]
                assert orders == list(range(1, len(orders) + 1))
                assert logger.get_summary_stats()["total_events"] >= len(orders)

    in_threads(work)
    assert logger.global_order == 40 * THREADS // 2


def test_one_event_id_is_logged_once_by_all(logger: EventLogger) -> None:
    orders: list[int] = []

    def log(number: int) -> None:
        for i in range(20):
            orders.append(logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", event_id=f"id-{i}"))

    in_threads(log)
    assert sorted(orders) == sorted(list(range(1, 21)) * THREADS)
    assert logger.global_order == 20


def test_a_refused_call_in_one_thread_leaves_no_gap_for_the_others(logger: EventLogger) -> None:
    def log(number: int) -> None:
        for i in range(100):
            if i % 3 == number % 3:
                with pytest.raises(EventLoggerError):
                    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", float("nan"))
            else:
                logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", i)

    in_threads(log)
    orders = [event["order"] for event in logger.get_all_events()]
    assert orders == list(range(1, len(orders) + 1))


def test_a_bundle_being_built_holds_nobody_up(logger: EventLogger) -> None:
    with logger.bundle(HOUR, "ENTRY") as bundle:
        bundle.log_event(HOUR, "FLASH_BORROW", "BALANCER")
        orders: list[int] = []
        thread = threading.Thread(
            target=lambda: orders.append(logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE"))
        )
        thread.start()
        thread.join(timeout=PATIENCE)
        assert orders == [1]
    assert bundle.orders == [2, 3]


def test_close_in_one_thread_stops_the_others_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    logger = EventLogger(store=url_of(path), commit_every=10)
    last: list[int] = []
    refusals: list[str] = []

    def log(number: int) -> None:
        if number == 0:
            threading.Event().wait(0.02)
            logger.close()
            return
        order = 0
        try:
            while order < 100_000:
                order = logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
                last.append(order)
        except EventLoggerError as error:
            refusals.append(str(error))

    in_threads(log)
    assert set(refusals) <= {"the logger of log 'default' is closed; open another to go on"}
    with EventLogger(store=url_of(path)) as reopened:
        assert reopened.global_order == len(last) == max(last)


CLOSE_UNDER_READERS = """
import sqlite3
import threading
from event_logger import EventLoggerError
for number in range(10):
    logger = EventLogger(store=sys.argv[1], log=f"run-{number}")
    for n in range(1200):
        logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", n)
    together, refusals = threading.Barrier(4), []
    def read():
        together.wait()
        try:
            while True:
                list(logger.events)
        except EventLoggerError as error:
            refusals.append(error)
    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    together.wait()
    threading.Event().wait(0.003 * (number % 5))
    logger.close()
    for thread in threads:
        thread.join()
    assert len(refusals) == 3
"""


@pytest.mark.parametrize("store", ["memory", "file"])
def test_a_close_under_readers_refuses_them_and_crashes_nothing(tmp_path: Path, store: str) -> None:
    run_program(CLOSE_UNDER_READERS, ":memory:" if store == "memory" else url_of(tmp_path / "a.db"))


def test_a_connection_that_cannot_be_made_leaves_the_next_writer_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "runs.db"
    EventLogger(store=url_of(path)).close()
    logger = EventLogger(store=url_of(path), commit_every=1)
    connect = sqlite3.connect

    def failing(*arguments: object, **options: object) -> sqlite3.Connection:
        raise sqlite3.OperationalError("unable to open database file")

    # As if the connection that writes were not made yet: a look at the store has made it.
    connections: Any = cast(Any, logger._logs.store)._connections
    writer, connections._writer = connections._writer, None
    if writer is not None:
        writer.close()
    monkeypatch.setattr(sqlite3, "connect", failing)
    with pytest.raises(EventLoggerError, match="unable to open database file"):
        logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE")
    monkeypatch.setattr(sqlite3, "connect", connect)
    orders: list[int] = []
    thread = threading.Thread(
        target=lambda: orders.append(logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE"))
    )
    thread.start()
    thread.join(timeout=PATIENCE)
    assert orders == [1]
    logger.close()
