"""A store made in an empty file that was there, by a process that is killed at its commit."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.errors import StoreError
from event_logger import EventLogger
from tests.support import log_amounts, numbered, run_program, stored, url_of

KILLED_AT_THE_COMMIT = """
import signal, sqlite3
from infrastructure.stores.sqlite import schema
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
# Pages are written to the file before the commit, as they are in the middle of it.
connection.execute(f"PRAGMA page_size = {schema.PAGE_SIZE}")
connection.execute("PRAGMA cache_size = 1")
connection.execute("PRAGMA cache_spill = 1")
class Killed:
    def execute(self, statement):
        if statement == "COMMIT":
            for n in range(200):
                connection.execute(f"CREATE TABLE filler_{n} (x)")
            os.kill(os.getpid(), signal.SIGKILL)
        return connection.execute(statement)
schema.create_tables(Killed())
"""


def test_is_made_anew_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    path.touch()
    run_program(KILLED_AT_THE_COMMIT, path, code=-9)
    assert path.stat().st_size > 0
    assert path.with_name("runs.db-journal").exists()
    with EventLogger(store=url_of(path)) as logger:
        log_amounts(logger, 1, 2)
    assert stored(path) == numbered(2)


def test_what_is_left_of_a_store_whose_file_is_gone_never_gets_into_a_new_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "runs.db"
    program = """
logger = EventLogger("live", store=sys.argv[1], redis=False)
for n in (7, 8, 9):
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", n)
os.kill(os.getpid(), 9)
"""
    run_program(program, url_of(path), code=-9)
    moved = path.rename(tmp_path / "moved.db")
    for _ in range(2):
        with pytest.raises(StoreError, match=r"runs\.db-wal is left of a store whose"):
            EventLogger(store=url_of(path))
    assert not path.exists()
    moved.rename(path)
    assert stored(path) == [(1, 7), (2, 8), (3, 9)]
