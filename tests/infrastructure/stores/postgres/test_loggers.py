"""The loggers, the readers and the command line on a server, as they are on a file."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from domain.errors import LogInUseError, StoreError
from event_logger import AsyncEventLogger, EventLogger, open_log
from tests.commands import run
from tests.postgres_server import PostgresServer
from tests.redis_server import RedisServer, Subscriber, eventually
from tests.support import HOUR, log_amounts, run_program


@pytest.fixture
def url(postgres: PostgresServer, schema: str) -> str:
    return postgres.url(schema)


def log_a_day(logger: EventLogger) -> None:
    """Events of every kind that a table of the store is there for."""
    logger.log_event(HOUR, "GAS_FEE_PAID", "ETHEREUM", "ETH", 0.01, event_id="gas \x00")
    orders = logger.log_atomic_transaction(
        HOUR,
        "ENTRY",
        [{"event_type": "STAKE_DEPOSIT", "venue": "LIDO", "token": "ETH", "amount": 2}] * 2,
        {"eth": 1},
    )
    logger.log_event(
        HOUR, "LOAN_CREATED", "AAVE", "ETH", 10**30, parent_event=orders[0], note="Ärger \x00"
    )
    log_amounts(logger, *range(250))


def log_live(logger: EventLogger) -> None:
    order = logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 2, event_id="x" * 5000)
    logger.update_event(order, {"status": "submitted", "tx_hash": "0x" + "a" * 4000})
    logger.update_event(order, {"status": "confirmed", "confirmation_blocks": 2})
    logger.log_event(HOUR, "STAKE_DEPOSIT", "VENUE " + "x" * 4000, "ETH", 2)
    assert logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 2, event_id="x" * 5000) == order


def test_a_backtest_gives_the_same_file_as_on_a_file(url: str, tmp_path: Path) -> None:
    made = []
    for number, store in enumerate((f"sqlite:///{tmp_path}/runs.db", url)):
        with EventLogger(store=store, log="run-1", durability="relaxed") as logger:
            log_a_day(logger)
            made.append(Path(logger.export_to_csv(str(tmp_path / f"{number}.csv"))).read_bytes())
            assert logger.get_events_by_order_range(2, 4) == list(logger.events[1:4])
            assert len(list(logger.bundle_trees())) == 1
            with (
                pytest.raises(LogInUseError),
                EventLogger(store=store, log="run-1", durability="relaxed") as second,
            ):
                log_amounts(second, 1)
        with open_log(store, "run-1") as reader:
            assert reader.global_order == 255
            assert reader.events[0]["event_id"] == "gas \x00"
    assert made[0] == made[1]


def test_a_backtest_goes_on_where_it_ended(url: str) -> None:
    for run_number in range(3):
        with EventLogger(store=url, durability="relaxed", commit_every=7) as logger:
            assert log_amounts(logger, *range(20)) == list(
                range(20 * run_number + 1, 20 * run_number + 21)
            )
    with open_log(url) as reader:
        assert [event["amount"] for event in reader.events] == [*range(20)] * 3


def test_a_logger_that_is_dropped_commits_and_lets_go(url: str) -> None:
    logger = EventLogger(store=url, durability="relaxed")
    log_amounts(logger, 1, 2)
    del logger
    gc.collect()
    with EventLogger(store=url, durability="relaxed") as logger:
        assert log_amounts(logger, 3) == [3]


def test_a_program_that_never_closes_its_logger_ends_and_has_logged(url: str) -> None:
    for mode in ("backtest", "live"):
        run_program(
            "logger = EventLogger(sys.argv[2], store=sys.argv[1], log=sys.argv[2], redis=False,"
            " durability='relaxed')\n"
            "logger.log_event(HOUR, 'STAKE_DEPOSIT', 'LIDO', 'ETH', 1)",
            url,
            mode,
        )
        with open_log(url, mode) as reader:
            assert reader.global_order == 1


def test_a_live_log_is_read_while_it_is_written(url: str, tmp_path: Path) -> None:
    boards = []
    for store in (f"sqlite:///{tmp_path}/live.db", url):
        with EventLogger("live", store=store, redis=False, durability="relaxed") as logger:
            log_live(logger)
            with open_log(store) as reader:
                board = reader.live_status()
                assert board["counts"] == {"confirmed": 1, "pending": 1}
                boards.append([board["by_venue"], board["by_type"], len(board["open"])])
                assert [step["status"] for step in reader.history(1)] == [
                    "pending",
                    "submitted",
                    "confirmed",
                ]
                found = reader.search(tx_hash="0x" + "a" * 4000)
                assert [event["order"] for event in found] == [1]
                assert [event["order"] for event in reader.search(event_id="x" * 5000)] == [1]
    assert boards[0] == boards[1]


def test_tasks_share_commits(url: str) -> None:
    async def log_all() -> list[int]:
        async with AsyncEventLogger("live", store=url, redis=False, durability="relaxed") as logger:
            calls = [logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", n) for n in range(200)]
            orders = await asyncio.gather(*calls)
            await asyncio.gather(
                *[logger.update_event(o, {"status": "confirmed"}) for o in orders[:50]]
            )
            return list(map(int, orders))

    assert asyncio.run(log_all()) == list(range(1, 201))
    with open_log(url) as reader:
        assert [event["amount"] for event in reader.events] == list(range(200))
        assert reader.live_status()["counts"] == {"confirmed": 50, "pending": 150}


def test_two_loggers_write_one_live_log(url: str) -> None:
    options: dict[str, Any] = {"store": url, "redis": False, "durability": "relaxed"}
    with EventLogger("live", **options) as first, EventLogger("live", **options) as second:
        orders: list[int] = []

        def log(logger: EventLogger) -> None:
            for number in range(40):
                order = logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", number)
                logger.update_event(order, {"status": "confirmed"})
                orders.append(order)

        threads = [threading.Thread(target=log, args=(one,)) for one in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(orders) == list(range(1, 81))
        assert first.live_status()["counts"] == {"confirmed": 80}


def test_what_is_committed_is_published_once(url: str, server: RedisServer) -> None:
    subscriber = Subscriber(server)
    options: dict[str, Any] = {"store": url, "redis": server.url, "durability": "relaxed"}
    with EventLogger("live", **options) as first, EventLogger("live", **options) as second:
        for logger in (first, second, first):
            log_amounts(logger, *range(20))
        eventually(lambda: len(subscriber.orders()) == 60)
        assert subscriber.orders() == list(range(1, 61))
        assert server.logged() == list(range(1, 61))
    subscriber.close()


def test_a_forked_child_leaves_the_connections_alone(url: str) -> None:
    with EventLogger("live", store=url, redis=False, durability="relaxed") as logger:
        log_amounts(logger, 1)
        child = os.fork()
        if child == 0:
            try:
                logger.close()
                del logger
                gc.collect()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert log_amounts(logger, 2) == [2]
        assert logger.live_status()["counts"] == {"pending": 2}


def test_commands_read_a_store_on_a_server(url: str, tmp_path: Path) -> None:
    with EventLogger("live", store=url, log="desk", redis=False, durability="relaxed") as logger:
        log_live(logger)
    store = ("--store", url, "--log", "desk")
    assert "desk" in run("logs", "--store", url).stdout
    for command in ("stats", "events", "status", "tree 1", "show 1", "health"):
        run(*command.split(), *store)
    run("export", "-o", f"{tmp_path}/desk.csv", *store)
    run("export", "--format", "jsonl", "-o", f"{tmp_path}/desk.jsonl", *store)
    imported = ("--store", f"sqlite:///{tmp_path}/back.db", "--log", "desk")
    run("import", f"{tmp_path}/desk.jsonl", *imported)
    run("export", "-o", f"{tmp_path}/back.csv", *imported)
    assert (tmp_path / "desk.csv").read_bytes() == (tmp_path / "back.csv").read_bytes()


def test_a_closed_logger_says_so(url: str) -> None:
    logger = EventLogger("live", store=url, redis=False, durability="relaxed")
    log_amounts(logger, 1)
    logger.close()
    with pytest.raises((StoreError, RuntimeError), match="closed"):
        log_amounts(logger, 2)
