"""A store whose files are moved, deleted or replaced while it is open: nothing of another's is
read, nothing is written to it, and what is lost is not acknowledged."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from domain.errors import StoreError
from event_logger import EventLogger
from tests.support import log_amounts, numbered, stored, url_of

REPLACED = "was moved, deleted or replaced while"


def live(path: Path) -> EventLogger:
    return EventLogger("live", store=url_of(path), redis=False)


def move(path: Path, to: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(to.with_name(to.name + suffix))


def test_what_took_the_stores_place_is_not_read(tmp_path: Path) -> None:
    path, other = tmp_path / "runs.db", tmp_path / "other.db"
    with live(other) as logger:
        log_amounts(logger, 7, 8)
    with live(path) as logger:
        log_amounts(logger, 1)
        assert logger.global_order == 1
        move(path, tmp_path / "moved.db")
        move(other, path)
        refused: list[str] = []

        def read() -> None:
            for reading in (logger.get_all_events, logger.live_status, lambda: logger.global_order):
                with pytest.raises(StoreError, match=REPLACED) as error:
                    reading()
                refused.append(str(error.value))

        # Several at once need further connections, which lead to the new file.
        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(refused) == 12
        move(path, other)
        move(tmp_path / "moved.db", path)
        assert [event["amount"] for event in logger.events] == [1]
        assert log_amounts(logger, 2) == [2]
    assert stored(path) == numbered(2)


@pytest.mark.parametrize("is_replaced", [False, True])
def test_nothing_is_acknowledged_into_a_write_ahead_log_that_is_gone(
    tmp_path: Path, is_replaced: bool
) -> None:
    path = tmp_path / "runs.db"
    log = tmp_path / "runs.db-wal"
    moved = tmp_path / "moved"
    with live(path) as logger:
        log_amounts(logger, 1)
        log.rename(moved)
        if is_replaced:
            log.write_bytes(moved.read_bytes())
        for _ in range(2):
            with pytest.raises(StoreError, match=f"write-ahead log .*-wal {REPLACED}"):
                log_amounts(logger, 2)
        with pytest.raises(StoreError, match=f"write-ahead log .*-wal {REPLACED}"):
            logger.get_all_events()
        moved.rename(log)
        assert log_amounts(logger, 2) == [2]
    assert stored(path) == numbered(2)


@pytest.mark.parametrize("mode", ["live", "backtest"])
def test_a_write_ahead_log_that_is_removed_before_the_first_write_is_missed(
    tmp_path: Path, mode: str
) -> None:
    path = tmp_path / "runs.db"
    with EventLogger("live", store=url_of(path), log="other", redis=False) as other:
        EventLogger(mode, store=url_of(path), log="run", redis=False).close()
        log_amounts(other, 1)
        logger = EventLogger(mode, store=url_of(path), log="run", redis=False)
        path.with_name("runs.db-wal").rename(tmp_path / "away")
        with pytest.raises(StoreError, match=r"the write-ahead log .* was moved"):
            log_amounts(logger, 1)
            logger.flush()
        (tmp_path / "away").rename(path.with_name("runs.db-wal"))
        logger.close()
