"""Each fault of a live commit twice: failed, and failed but persisted; and updates that collide."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.errors import (
    IllegalTransitionError,
    InvalidUpdateError,
    LoggerClosedError,
    StoreError,
)
from event_logger import AsyncEventLogger, EventLogger
from infrastructure.stores.sqlite import at_the_end
from infrastructure.stores.sqlite.appends import SQLiteAppends
from tests.faults.commits import AFTER, AT, failing
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

IO_ERROR = sqlite3.OperationalError("disk I/O error")
FULL = sqlite3.OperationalError("database or disk is full")
DETAILS = [{"event_type": "FLASH_BORROW", "venue": "BALANCER", "event_id": "borrow"}] + [
    {"event_type": "STAKE_DEPOSIT", "venue": "LIDO"}
] * 120
SUBMITTED = {"status": "submitted", "tx_hash": "0xa"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "live.db"


@pytest.fixture
def logger(path: Path) -> Iterator[EventLogger]:
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        log_amounts(logger, 1, 2)
        yield logger


@pytest.mark.parametrize("error", [IO_ERROR, FULL])
def test_a_failed_commit_leaves_nothing_of_an_event(
    logger: EventLogger, path: Path, error: sqlite3.Error
) -> None:
    with failing(error, AT), pytest.raises(StoreError, match=str(error)):
        log_amounts(logger, 999)
    assert stored(path) == numbered(2)
    assert log_amounts(logger, 3) == [3]
    assert stored(path) == numbered(3)


def test_a_failed_commit_leaves_nothing_of_a_bundle_and_its_ids(
    logger: EventLogger, path: Path
) -> None:
    with failing(FULL, AT), pytest.raises(StoreError):
        logger.log_atomic_transaction(HOUR, "ENTRY", DETAILS, event_id="entry")
    assert stored(path) == numbered(2)
    assert logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", event_id="borrow") == 3
    assert logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", event_id="entry") == 4


def test_a_failed_commit_leaves_nothing_of_an_update(logger: EventLogger) -> None:
    with failing(IO_ERROR, AT), pytest.raises(StoreError):
        logger.update_event(1, SUBMITTED)
    assert len(logger.history(1)) == 1
    logger.update_event(1, SUBMITTED)
    with failing(IO_ERROR, AT), pytest.raises(StoreError):
        logger.update_event(1, {"status": "confirmed"})
    assert [step["status"] for step in logger.history(1)] == ["pending", "submitted"]
    assert logger.live_status()["counts"] == {"pending": 1, "submitted": 1}


def test_what_persisted_although_the_commit_failed_is_logged_once(
    logger: EventLogger, path: Path
) -> None:
    with failing(IO_ERROR, AFTER):
        assert log_amounts(logger, 3) == [3]
        orders = logger.log_atomic_transaction(HOUR, "ENTRY", DETAILS, event_id="entry")
    assert logger.log_atomic_transaction(HOUR, "ENTRY", DETAILS, event_id="entry") == orders
    assert orders == list(range(4, 126))
    assert log_amounts(logger, 126) == [126]
    assert [order for order, _ in stored(path)] == list(range(1, 127))


def test_an_update_that_persisted_although_its_commit_failed_is_stored_once(
    logger: EventLogger,
) -> None:
    with failing(IO_ERROR, AFTER):
        assert logger.update_event(1, SUBMITTED) == 1
        assert logger.update_event(1, SUBMITTED) == 1
        assert logger.update_event(1, {"status": "confirmed"}) == 1
    assert [step["status"] for step in logger.history(1)] == ["pending", "submitted", "confirmed"]


def test_an_interrupt_after_the_commit_leaves_a_logger_that_goes_on(
    logger: EventLogger, path: Path
) -> None:
    def log() -> int:
        return logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 3, event_id="a")

    with failing(KeyboardInterrupt(), AFTER), pytest.raises(KeyboardInterrupt):
        log()
    assert log() == 3
    assert log_amounts(logger, 4) == [4]
    assert stored(path) == numbered(4)


@pytest.fixture
def overtaken(path: Path) -> Iterator[Callable[[int, dict[str, Any]], None]]:
    """Has another logger update the event just before the next update holds the log's end."""
    append = SQLiteAppends.append
    with (
        EventLogger("live", store=url_of(path), redis=False) as theirs,
        pytest.MonkeyPatch.context() as patch,
    ):

        def overtake(order: int, first: dict[str, Any]) -> None:
            def late(*arguments: Any) -> Any:
                patch.setattr(SQLiteAppends, "append", append)
                theirs.update_event(order, first)
                return append(*arguments)

            patch.setattr(SQLiteAppends, "append", late)

        yield overtake


def test_an_update_is_judged_by_what_the_event_is_at_the_log_s_end(
    logger: EventLogger, overtaken: Callable[[int, dict[str, Any]], None]
) -> None:
    logger.update_event(1, SUBMITTED)
    overtaken(1, {"tx_hash": "0xb"})
    logger.update_event(1, {"tx_hash": "0xc"})
    overtaken(1, {"status": "confirmed", "confirmation_blocks": 3})
    logger.update_event(1, {"status": "confirmed", "confirmation_blocks": 3})
    hashes = [step.get("tx_hash") for step in logger.history(1)]
    assert hashes == [None, "0xa", "0xb", "0xc", None]
    overtaken(1, {"confirmation_blocks": 5})
    with pytest.raises(InvalidUpdateError, match="never decreases: order 1 has 5 already, not 4"):
        logger.update_event(1, {"confirmation_blocks": 4})
    assert logger.history(1)[-1]["confirmation_blocks"] == 5


def test_an_update_that_the_others_made_illegal_is_told_so(
    logger: EventLogger, overtaken: Callable[[int, dict[str, Any]], None]
) -> None:
    overtaken(2, {"status": "failed"})
    with pytest.raises(IllegalTransitionError, match="order 2 is 'failed' and cannot become 'co"):
        logger.update_event(2, {"status": "confirmed"})
    assert [step["status"] for step in logger.history(2)] == ["pending", "failed"]


def test_updates_of_different_events_and_appends_never_collide(
    logger: EventLogger, overtaken: Callable[[int, dict[str, Any]], None], path: Path
) -> None:
    overtaken(2, {"status": "failed"})
    logger.update_event(1, SUBMITTED)
    with EventLogger("live", store=url_of(path), redis=False) as theirs:
        log_amounts(theirs, 3)
        logger.update_event(3, SUBMITTED)
    statuses = [event["status"] for event in logger.events]
    assert statuses == ["submitted", "failed", "submitted"]


def test_a_superseded_judgement_leaves_no_trace_in_what_is_kept(logger: EventLogger) -> None:
    """A lifecycle that was judged in a transaction that failed is read anew."""
    logger.update_event(1, SUBMITTED)
    with failing(IO_ERROR, AT), pytest.raises(StoreError):
        logger.update_event(1, {"status": "confirmed"})
    logger.update_event(1, {"tx_hash": "0xb"})
    assert [step["status"] for step in logger.history(1)] == ["pending", "submitted", "submitted"]


def test_a_closed_logger_updates_nothing(path: Path) -> None:
    logger = EventLogger("live", store=url_of(path), redis=False)
    log_amounts(logger, 1)
    logger.close()
    with pytest.raises(LoggerClosedError):
        logger.update_event(1, SUBMITTED)


FORK = """
from domain.errors import ForkedLoggerError
logger = EventLogger("live", store=sys.argv[1], redis=False)
logger.log_event(HOUR, "LOAN_CREATED", "BINANCE", "ETH", 1)
if os.fork() == 0:
    for call in (
        lambda: logger.update_event(1, {"status": "confirmed"}),
        lambda: logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 9),
    ):
        try:
            call()
        except ForkedLoggerError:
            print("refused", flush=True)
    logger.close()
    os._exit(0)
os.wait()
print(logger.update_event(1, {"status": "failed"}), logger.events[0]["status"])
"""


def test_a_forked_child_is_refused_and_its_parent_goes_on(path: Path) -> None:
    out = run_program(FORK, url_of(path))
    assert out.split() == ["refused", "refused", "1", "failed"]
    assert stored(path) == numbered(1)


COLLIDE = """
import json
from domain.errors import IllegalTransitionError
won, lost = [], []
with EventLogger("live", store=sys.argv[1], redis=False) as logger:
    print("ready", flush=True)
    sys.stdin.readline()
    for order in range(1, 201):
        try:
            logger.update_event(order, {"status": sys.argv[2]})
            won.append(order)
        except IllegalTransitionError as error:
            lost.append([order, error.status])
print(json.dumps([won, lost]))
"""


def test_of_two_processes_that_end_the_same_events_one_wins_each(path: Path) -> None:
    ends = ("failed", "confirmed")
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        log_amounts(logger, *range(1, 201))
        programs = [start_program(COLLIDE, url_of(path), end) for end in ends]
        for program in programs:
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
        for program in programs:
            assert program.stdin is not None
            program.stdin.write("go\n")
            program.stdin.flush()
        outputs = [program.communicate(timeout=PATIENCE) for program in programs]
        (failed, not_failed), (confirmed, not_confirmed) = (json.loads(out) for out, _ in outputs)
        assert sorted(failed + confirmed) == list(range(1, 201))
        assert not_failed == [[order, "confirmed"] for order in confirmed]
        assert not_confirmed == [[order, "failed"] for order in failed]
        statuses = {event["order"]: event["status"] for event in logger.events}
        assert statuses == dict.fromkeys(failed, "failed") | dict.fromkeys(confirmed, "confirmed")
        assert all(len(logger.history(order)) == 2 for order in range(1, 201))


def test_a_failing_look_up_stores_nothing_of_the_group_and_tells_every_caller(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the store cannot be read, nobody can say which of the group's ids are new."""

    def failing_look_up(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    async def main() -> None:
        async with AsyncEventLogger("live", store=url_of(path), redis=False) as logger:
            await logger.flush()

            async def price(amount: int, **event_data: Any) -> int:
                return await logger.log_event(
                    HOUR, "PRICE_UPDATE", "B", "ETH", amount, **event_data
                )

            with monkeypatch.context() as patch:
                patch.setattr(at_the_end, "select_order_of", failing_look_up)
                outcomes = await asyncio.gather(
                    price(1), price(2, event_id="a"), price(3), return_exceptions=True
                )
            assert len(set(map(id, outcomes))) == 3
            for outcome in outcomes:
                assert isinstance(outcome, StoreError)
                assert "disk I/O error" in str(outcome)
            orders = [await price(1), await price(2, event_id="a"), await price(3)]
            assert orders == [1, 2, 3]

    asyncio.run(main())
    assert stored(path) == numbered(3)
