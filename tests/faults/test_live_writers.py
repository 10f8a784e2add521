"""Several writers on one live log, and stores that fail it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import PersistenceError

from domain.errors import StoreError, UpdateConflictError
from event_logger import EventLogger
from event_logger.reader import open_log
from infrastructure.live_logs import LiveLogs
from infrastructure.live_recorder import LiveRecorder
from tests.support import HOUR, log_amounts, numbered, start_program, stored, url_of

WRITE = """
import json
with EventLogger("live", store=sys.argv[1], redis=False) as logger:
    orders = [
        logger.log_event(HOUR, "TRADE_EXECUTED", "BINANCE", "ETH", n, writer=sys.argv[2])
        for n in range(2000)
    ]
print(json.dumps(orders))
"""


def test_four_processes_append_to_one_log(tmp_path: Path) -> None:
    store = url_of(tmp_path / "live.db")
    programs = [start_program(WRITE, store, writer) for writer in range(4)]
    outputs = [program.communicate(timeout=120) for program in programs]
    assert [program.returncode for program in programs] == [0] * 4, outputs
    told = [json.loads(out) for out, _ in outputs]
    assert sorted(order for orders in told for order in orders) == list(range(1, 8001))
    with open_log(store) as reader:
        for event in reader.events:
            assert told[int(event["writer"])][event["amount"]] == event["order"]


def test_of_two_updates_at_once_one_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = url_of(tmp_path / "live.db")
    with (
        EventLogger("live", store=store, redis=False) as ours,
        EventLogger("live", store=store, redis=False) as theirs,
    ):
        for _ in range(3):
            ours.log_event(HOUR, "STAKE_DEPOSIT", "LIDO")
        read = LiveLogs.lifecycle

        def overtaken(first: dict[str, Any]) -> None:
            def lifecycle(logs: LiveLogs, log: Any, order: int) -> Any:
                found = read(logs, log, order)
                monkeypatch.setattr(LiveLogs, "lifecycle", read)
                theirs.update_event(order, first)
                return found

            monkeypatch.setattr(LiveLogs, "lifecycle", lifecycle)

        overtaken({"status": "submitted", "tx_hash": "0xb"})
        with pytest.raises(
            UpdateConflictError,
            match=r"order 1 was updated .* is now 'submitted' with tx_hash '0xb'",
        ):
            ours.update_event(1, {"status": "submitted", "tx_hash": "0xa"})
        overtaken({"status": "submitted", "tx_hash": "0xa"})
        ours.update_event(2, {"status": "submitted", "tx_hash": "0xa"})
        assert [len(ours.history(order)) for order in (1, 2)] == [2, 2]
        assert ours.events[0]["tx_hash"] == "0xb"


def test_an_error_after_the_commit_does_not_lose_the_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "live.db"
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        log_amounts(logger, 1)
        write = LiveRecorder.at_the_end

        def failing(recorder: LiveRecorder, log_id: Any) -> Any:
            return _FailingAfter(write(recorder, log_id))

        monkeypatch.setattr(LiveRecorder, "at_the_end", failing)
        assert log_amounts(logger, 2) == [2]
        monkeypatch.undo()
        assert log_amounts(logger, 3) == [3]
    assert stored(path) == numbered(3)


class _FailingAfter:
    """A transaction whose commit reaches the disk and raises all the same."""

    def __init__(self, transaction: Any) -> None:
        self._transaction = transaction

    def __enter__(self) -> Any:
        return self._transaction.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._transaction.__exit__(*error)
        raise PersistenceError("disk I/O error")


def test_a_failing_store_leaves_nothing_half_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "live.db"
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        log_amounts(logger, 1)

        def failing(*_: Any) -> None:
            raise sqlite3.OperationalError("disk I/O error")

        monkeypatch.setattr("infrastructure.live_logs.insert_logged", failing)
        with pytest.raises(StoreError, match="disk I/O error"):
            logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 9, event_id="a")
        assert logger.global_order == 1
        monkeypatch.undo()
        assert logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 2, event_id="a") == 2
    assert stored(path) == numbered(2)
