"""Several writers on one live log, and stores that fail it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from domain.errors import StoreError
from event_logger import EventLogger, open_log
from tests.faults.commits import AFTER, failing
from tests.support import HOUR, PATIENCE, log_amounts, numbered, start_program, stored, url_of

WRITE = """
import json
with EventLogger("live", store=sys.argv[1], redis=False) as logger:
    orders = [
        logger.log_event(HOUR, "TRADE_EXECUTED", "BINANCE", "ETH", n, writer=sys.argv[2])
        for n in range(500)
    ]
print(json.dumps(orders))
"""


def test_four_processes_append_to_one_log(tmp_path: Path) -> None:
    store = url_of(tmp_path / "live.db")
    programs = [start_program(WRITE, store, writer) for writer in range(4)]
    outputs = [program.communicate(timeout=PATIENCE) for program in programs]
    assert [program.returncode for program in programs] == [0] * 4, outputs
    told = [json.loads(out) for out, _ in outputs]
    assert sorted(order for orders in told for order in orders) == list(range(1, 2001))
    with open_log(store) as reader:
        for event in reader.events:
            assert told[int(event["writer"])][event["amount"]] == event["order"]


UPDATE = """
from domain.errors import IllegalTransitionError
with EventLogger("live", store=sys.argv[1], redis=False) as logger:
    sys.stdin.readline()
    for order in range(1, 51):
        try:
            logger.update_event(order, {"status": "submitted", "tx_hash": sys.argv[2]})
            logger.update_event(order, {"status": "confirmed", "reason": sys.argv[2]})
        except IllegalTransitionError:
            continue
"""


def test_of_two_updates_at_once_the_later_is_judged_by_the_earlier(tmp_path: Path) -> None:
    store = url_of(tmp_path / "live.db")
    with EventLogger("live", store=store, redis=False) as logger:
        log_amounts(logger, *range(1, 51))
        programs = [start_program(UPDATE, store, tx_hash) for tx_hash in ("0xa", "0xb")]
        outputs = [program.communicate("go\n", timeout=PATIENCE) for program in programs]
        assert [program.returncode for program in programs] == [0, 0], outputs
        for order in range(1, 51):
            steps = [step["status"] for step in logger.history(order)]
            ranks = [("pending", "submitted", "confirmed").index(status) for status in steps]
            assert ranks == sorted(ranks)
            assert ranks[-1] == 2


def test_an_error_after_the_commit_does_not_lose_the_event(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        log_amounts(logger, 1)
        with failing(sqlite3.OperationalError("disk I/O error"), AFTER):
            assert log_amounts(logger, 2) == [2]
        assert log_amounts(logger, 3) == [3]
    assert stored(path) == numbered(3)


def test_a_failing_store_leaves_nothing_half_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "live.db"
    with EventLogger("live", store=url_of(path), redis=False) as logger:
        log_amounts(logger, 1)

        def failing(*_: Any) -> None:
            raise sqlite3.OperationalError("disk I/O error")

        monkeypatch.setattr("infrastructure.stores.sqlite.appends.insert_events", failing)
        with pytest.raises(StoreError, match="disk I/O error"):
            logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 9, event_id="a")
        assert logger.global_order == 1
        monkeypatch.undo()
        assert logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 2, event_id="a") == 2
    assert stored(path) == numbered(2)
