"""An event_id is logged once on a live log: by one process, by several at once, and again later."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.errors import EventIdConflictError, InvalidEventError
from domain.horizon import Horizon
from event_logger import EventLogger, open_log
from infrastructure.stores.sqlite import at_the_end, selects
from tests.support import HOUR, PATIENCE, start_program, url_of

DETAILS: list[dict[str, Any]] = [
    {"event_type": "FLASH_BORROW", "venue": "BALANCER", "token": "WETH", "amount": 88.7},
    {"event_type": "LOOP", "venue": "AAVE", "detail_events": [{"event_type": "A", "venue": "B"}]},
]


@pytest.fixture
def store(tmp_path: Path) -> str:
    return url_of(tmp_path / "live.db")


@pytest.fixture
def logger(store: str) -> Iterator[EventLogger]:
    with EventLogger("live", store=store, redis=False) as logger:
        yield logger


def fill(logger: EventLogger, event_id: str, amount: float = 1.5, **event_data: Any) -> int:
    return logger.log_event(
        HOUR, "TRADE_EXECUTED", "BINANCE", "ETH", amount, event_id=event_id, **event_data
    )


def enter(logger: EventLogger, event_id: str, name: str = "ENTRY") -> list[int]:
    return list(logger.log_atomic_transaction(HOUR, name, DETAILS, event_id=event_id))


def test_the_same_content_has_the_first_order(logger: EventLogger) -> None:
    assert [fill(logger, "a"), fill(logger, "b"), fill(logger, "a")] == [1, 2, 1]
    assert enter(logger, "c") == enter(logger, "c") == [3, 4, 5, 6]
    assert fill(logger, "d") == 7
    assert logger.global_order == 7


def test_times_and_snapshot_are_no_content(logger: EventLogger) -> None:
    first = fill(logger, "a")
    again = logger.log_event(
        HOUR + timedelta(seconds=3),
        "TRADE_EXECUTED",
        "BINANCE",
        "ETH",
        1.5,
        {"wallet": {"ETH": 1}},
        event_id="a",
        completion_timestamp=HOUR,
        trigger_timestamp=HOUR,
    )
    assert again == first
    assert logger.events[0]["timestamp"] == HOUR
    assert logger.events[0]["wallet_balance_after"] is None


def test_different_content_is_a_conflict(logger: EventLogger) -> None:
    fill(logger, "a")
    enter(logger, "b")
    for log, differing in (
        (lambda: fill(logger, "a", 1.6), "amount"),
        (lambda: fill(logger, "a", note="partial"), "note"),
        (lambda: enter(logger, "a"), "event_type, "),
        (lambda: enter(logger, "b", "EXIT"), "purpose, bundle_name"),
        (lambda: fill(logger, "b"), "event_type, "),
    ):
        with pytest.raises(EventIdConflictError) as refused:
            log()
        known = {"a": 1, "b": 2}
        assert refused.value.order == known[refused.value.event_id]
        sentence = str(refused.value)
        assert f"with different content ({differing}" in sentence
        assert sentence.endswith("); use a new event_id for a new event")
    assert logger.global_order == 5
    assert fill(logger, "c") == 6


def test_a_detail_whose_id_is_taken_refuses_the_whole_bundle(logger: EventLogger) -> None:
    fill(logger, "a")
    details = [*DETAILS, {"event_type": "TRADE_EXECUTED", "venue": "BINANCE", "event_id": "a"}]
    for _ in range(2):
        with pytest.raises(EventIdConflictError):
            logger.log_atomic_transaction(HOUR, "ENTRY", details, event_id="b")
    assert logger.global_order == 1
    assert enter(logger, "b") == [2, 3, 4, 5]


@pytest.mark.parametrize("event_id", ["", " ", 7])
def test_an_id_that_is_no_text(logger: EventLogger, event_id: Any) -> None:
    with pytest.raises(InvalidEventError, match="event_id must be text that is not blank"):
        fill(logger, event_id)
    assert logger.global_order == 0


def test_repeating_leaves_status_and_values_as_they_are(logger: EventLogger) -> None:
    order = fill(logger, "a")
    logger.update_event(order, {"status": "confirmed", "tx_hash": "0xa"})
    before = logger.events[0]
    assert fill(logger, "a") == order
    assert logger.events[0] == before
    assert len(logger.history(order)) == 2


def test_each_log_has_its_own_ids(logger: EventLogger, store: str) -> None:
    fill(logger, "a")
    fill(logger, "b")
    with EventLogger("live", store=store, log="other", redis=False) as other:
        assert fill(other, "b", 2.5) == 1


def test_another_logger_knows_the_ids_at_once_and_after_reopening(
    logger: EventLogger, store: str
) -> None:
    with EventLogger("live", store=store, redis=False) as other:
        assert (fill(logger, "a"), fill(other, "a")) == (1, 1)
        assert enter(other, "b") == enter(logger, "b") == [2, 3, 4, 5]
    logger.close()
    with EventLogger("live", store=store, redis=False) as reopened:
        assert (fill(reopened, "a"), enter(reopened, "b")) == (1, [2, 3, 4, 5])
        with pytest.raises(EventIdConflictError):
            fill(reopened, "a", 9)
        assert reopened.global_order == 5


def test_a_group_settles_its_own_repeats(logger: EventLogger) -> None:
    intake = logger._log.intake.event
    group = [
        intake(HOUR, "TRADE_EXECUTED", "BINANCE", "ETH", amount, None, {"event_id": event_id})
        for event_id, amount in (("a", 1), ("a", 1), ("a", 2), ("b", 3))
    ]
    first, repeat, conflict, other = logger.writer.submit_all(group)
    assert (first, repeat, other) == (range(1, 2), range(1, 2), range(2, 3))
    assert isinstance(conflict, EventIdConflictError)
    assert [event["amount"] for event in logger.events] == [1, 3]


KILLED = """
import signal
logger = EventLogger("live", store=sys.argv[1], redis=False)
logger.log_event(HOUR, "TRADE_EXECUTED", "BINANCE", "ETH", 1.5, event_id="a")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_logged_is_not_logged_again(store: str) -> None:
    with start_program(KILLED, store) as program:
        program.communicate(timeout=PATIENCE)
    assert program.returncode == -signal.SIGKILL
    with EventLogger("live", store=store, redis=False) as logger:
        assert fill(logger, "a") == 1
        assert logger.global_order == 1


RACE = """
details = [{"event_type": "STAKE_DEPOSIT", "venue": "LIDO"}] * 2
with EventLogger("live", store=sys.argv[1], redis=False) as logger:
    print("ready", flush=True)
    sys.stdin.readline()
    for n in range(150):
        name = f"fill-{n}"
        if n % 3 == 0:
            print(n, *logger.log_atomic_transaction(HOUR, name, details, event_id=name))
        else:
            print(n, logger.log_event(HOUR, "TRADE_EXECUTED", "BINANCE", "ETH", n, event_id=name))
"""


def test_processes_that_log_the_same_ids_at_once_agree(store: str) -> None:
    programs = [start_program(RACE, store) for _ in range(3)]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("go\n")
        program.stdin.flush()
    outputs = [program.communicate(timeout=PATIENCE) for program in programs]
    assert [program.returncode for program in programs] == [0] * 3, outputs
    assert len({out for out, _ in outputs}) == 1
    given = [list(map(int, line.split())) for line in outputs[0][0].splitlines()]
    assert [n for n, *_ in given] == list(range(150))
    assert sorted(order for _, *orders in given for order in orders) == list(range(1, 251))
    with open_log(store) as reader:
        events = reader.get_all_events()
        assert len(events) == 250
        for n, *orders in given:
            assert events[orders[0] - 1]["event_id"] == f"fill-{n}"
            assert len(orders) == (3 if n % 3 == 0 else 1)


def test_an_id_is_looked_up_while_other_threads_wait_to_write(
    logger: EventLogger, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = selects.select_order_of
    followers, log_id = logger._logs.store.followers, logger._log.id
    threads: list[threading.Thread] = []

    def held_up(*arguments: Any) -> Any:
        for _ in range(2):
            waiting = threading.Thread(
                target=followers.store_position, args=("one", log_id, Horizon(1))
            )
            threads.append(waiting)
            waiting.start()
            waiting.join(0.1)
            assert waiting.is_alive()
        return look_up(*arguments)

    monkeypatch.setattr(at_the_end, "select_order_of", held_up)
    assert [fill(logger, "a"), fill(logger, "b"), fill(logger, "a")] == [1, 2, 1]
    for thread in threads:
        thread.join()
    assert len(threads) == 6
