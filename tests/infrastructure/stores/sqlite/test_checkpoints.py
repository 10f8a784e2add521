"""Checkpoints that are cut off, or kept from being made: the store stays whole, alone and not."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from domain.errors import StoreError
from event_logger import open_log
from infrastructure.stores import open_store, upgrade_store
from infrastructure.stores.sqlite import checkpoints
from infrastructure.stores.sqlite.connections import Turn
from tests.infrastructure.stores.sqlite.test_copies import REFUSED, copied, live
from tests.support import log_amounts, stored, url_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.db"


STEPS = ("REPLACE", "UPDATE write_ahead_log")


@pytest.mark.parametrize("fault", [KeyboardInterrupt, sqlite3.OperationalError, "a handler"])
@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_a_checkpoint_that_is_cut_off_leaves_a_store_that_is_whole_once_closed(
    path: Path, fault: Any, is_after: bool, step: str
) -> None:
    run_step = Turn.run
    faults = [fault]
    with live(path) as logger:

        def cut_off(turn: Turn, statement: str, *rest: Any) -> Any:
            if not statement.startswith(step) or not faults:
                return run_step(turn, statement, *rest)
            result = run_step(turn, statement, *rest) if is_after else None
            what = faults.pop()
            if what != "a handler":
                raise what
            log_amounts(logger, 1)
            return result if is_after else run_step(turn, statement, *rest)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(checkpoints, "LIMIT", 1)
            patch.setattr(Turn, "run", cut_off)
            with suppress(KeyboardInterrupt, StoreError):
                log_amounts(logger, 2)
        assert not faults
        alone, together = copied(path), copied(path, "-wal")
        assert stored(together) == stored(path)
        if is_after or fault == "a handler":
            log_amounts(logger, 3)
            copied(path)
            with pytest.raises(StoreError, match=REFUSED):
                open_log(url_of(alone))
        expected = stored(path)
    assert stored(copied(path)) == expected
    with open_store(url_of(alone)):
        pass


def died_in_a_checkpoint(path: Path) -> None:
    with closing(sqlite3.connect(path)) as died:
        died.execute("REPLACE INTO write_ahead_log VALUES (1, 1)")
        died.commit()


def test_what_another_process_left_when_it_died_is_made_good_by_those_that_go_on(
    path: Path,
) -> None:
    with live(path) as logger:
        log_amounts(logger, 1)
        died_in_a_checkpoint(path)
        with open_log(url_of(path)) as reader:
            assert len(reader.events) == 1
        log_amounts(logger, 2)
    with open_log(url_of(copied(path))) as reader:
        assert len(reader.events) == 2


@pytest.mark.parametrize("opening", [lambda url: open_store(url).close(), upgrade_store])
def test_and_by_the_next_that_opens_it(path: Path, opening: Any) -> None:
    with live(path) as logger:
        log_amounts(logger, 1)
        died_in_a_checkpoint(path)
        left = copied(path, "-wal")
    opening(url_of(left))
    assert not left.with_name("copy.db-wal").exists()
    with open_log(url_of(left)) as reader:
        assert len(reader.events) == 1


def test_a_reader_in_the_way_keeps_the_log_from_the_file_only_for_a_while(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "LIMIT", 1_000_000)
    with live(path) as logger:
        log_amounts(logger, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader, live(path) as logger:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM stored_events").fetchall()
        log_amounts(logger, *range(40))
        reader.execute("ROLLBACK")
        log_amounts(logger, *range(40))
        with pytest.raises(StoreError, match=REFUSED):
            open_log(url_of(copied(path)))
        sizes = []
        for _ in range(4):
            log_amounts(logger, *range(40))
            sizes.append(path.with_name("runs.db-wal").stat().st_size)
        # One that did not begin anew would be two and a half times as long by then.
        assert sizes[-1] < 1.5 * sizes[0]
