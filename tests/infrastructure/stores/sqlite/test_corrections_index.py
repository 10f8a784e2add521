"""A store from before the index of corrections: readers scan, the next writer makes the index."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from event_logger import EventLogger, open_log
from infrastructure.stores import open_store
from tests.support import HOUR, url_of

FOUND = [(1, 2), (1, 4), (3, 5)]


def test_the_index_is_made_by_the_next_writer(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with EventLogger(store=url_of(path)) as logger:
        for corrects in (None, 1, None, 1, 3):
            if corrects is None:
                logger.log_event(HOUR, "GAS_FEE_PAID", "ETHEREUM", "ETH", 1)
            else:
                logger.log_correction(HOUR, corrects, {"amount": 2}, "a digit was lost")
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE corrections")
    connection.close()
    with open_log(url_of(path)) as reader:
        log_id = reader._log.id
    with open_store(url_of(path), must_exist=True) as store:
        assert store.reads.corrections(log_id) == FOUND
    with open_store(url_of(path)) as store:
        assert store.reads.corrections(log_id) == FOUND
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT COUNT(*) FROM corrections").fetchone() == (3,)
    connection.close()
