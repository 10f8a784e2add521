"""Old snapshots: an idle session of somebody's costs time and nothing else, and ours keep none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from event_logger import EventLogger, open_log
from infrastructure.copying import copy_logs
from tests.postgres_server import PostgresServer
from tests.small_log import fill
from tests.support import log_amounts, url_of

EVENTS = 1200


def test_loggers_and_readers_go_on_beside_an_idle_snapshot(durable: PostgresServer) -> None:
    with EventLogger("live", store=durable.url(), redis=False) as logger:
        fill(logger)
        with durable.connect() as idle, idle.transaction():
            idle.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            idle.execute("SELECT last_order FROM event_logger.heads")
            orders = log_amounts(logger, *range(300))
            assert logger.update_event(10, {"status": "submitted", "tx_hash": "0xf"}) == 10
            (seen,) = idle.execute("SELECT last_order FROM event_logger.heads").fetchone() or (0,)
        assert seen == 10
        assert orders == list(range(11, 311))
        assert logger.audit().is_sound


def export(url: str, folder: Path, look: Callable[..., None]) -> None:
    with open_log(url) as reader:
        reader.export_to_jsonl(str(folder / "log.jsonl"), progress=look)
        reader.export_to_csv(str(folder / "log.csv"), progress=look)


def copy(url: str, folder: Path, look: Callable[..., None]) -> None:
    copy_logs(url, url_of(folder / "copy.db"), progress=look)


def certify(url: str, folder: Path, look: Callable[..., None]) -> None:
    with open_log(url) as reader:
        for _ in reader.events:
            look()
            break
        reader.certify()


@pytest.mark.parametrize("read", [export, copy, certify])
def test_what_reads_a_log_whole_keeps_no_transaction_open(
    durable: PostgresServer, tmp_path: Path, read: Callable[..., None]
) -> None:
    with EventLogger(store=durable.url()) as logger:
        log_amounts(logger, *range(EVENTS))
    looks = 0

    def look(*_: Any) -> None:
        nonlocal looks
        looks += 1
        held = durable.run(
            "SELECT pid, state, query FROM pg_stat_activity WHERE application_name ="
            " 'event-logger' AND (backend_xmin IS NOT NULL OR xact_start IS NOT NULL)"
        )
        assert held == []

    read(durable.url(), tmp_path, look)
    assert looks > 0
