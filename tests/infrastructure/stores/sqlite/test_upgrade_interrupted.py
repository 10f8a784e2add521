"""An upgrade that is killed, that two begin at once, or that the former code looks on at."""

from __future__ import annotations

import random
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from infrastructure.stores import open_store
from tests.infrastructure.stores.sqlite.former import (
    format_1_store,
    run_former,
    start_former,
)
from tests.infrastructure.stores.sqlite.upgraded import Row, format_of, golden_rows, rows_of
from tests.support import PATIENCE, start_program, url_of

EVENTS, UPDATED = 12_000, 200

LARGE = f"""
with EventLogger(store=sys.argv[1], log="past") as logger:
    for n in range({EVENTS}):
        logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", n, event_id=str(n))
with EventLogger("live", store=sys.argv[1], log="live", redis=False) as logger:
    for n in range({UPDATED}):
        order = logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", n)
        logger.update_event(order, {{"status": "submitted", "tx_hash": hex(n)}})
"""

UPGRADES = """
from infrastructure.stores import open_store
print("ready", flush=True)
sys.stdin.readline()
open_store(sys.argv[1]).close()
print("done", flush=True)
"""

READS = """
from infrastructure.stores import open_store
from domain.audit_log import log_id
with open_store(sys.argv[1], must_exist=True) as store:
    for name in ("past", "live"):
        print(*store.reads.end(log_id(name)).horizon)
"""

OPEN_MEANWHILE = """
logger = EventLogger("live", store=sys.argv[1], log="live", redis=False)
order = logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 1)
logger.update_event(order, {"status": "submitted", "tx_hash": "0xa"})
past = EventLogger(store=sys.argv[1], log="past", commit_every=1)
past.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 1)
print("ready", flush=True)
sys.stdin.readline()
for write in (
    lambda: logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 2),
    lambda: logger.update_event(order, {"status": "confirmed"}),
    lambda: logger.log_atomic_transaction(HOUR, "B", [{"event_type": "STAKE_DEPOSIT", "venue": "V"}]
    ),
    lambda: past.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", "ETH", 2),
):
    try:
        write()
        print("stored", flush=True)
    except Exception as error:
        print(type(error).__name__, flush=True)
os._exit(0)
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of format 1 whose upgrade takes a while."""
    path = tmp_path_factory.mktemp("large") / "large.db"
    run_former(LARGE, url_of(path))
    return path


@pytest.fixture
def copied(large: Path, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(large, tmp_path / "runs.db"))


def whole(path: Path, rows: list[Row]) -> int:
    """See that the store is whole in one of the formats, and say in which."""
    found = format_of(path)
    assert rows_of(path) == rows
    with closing(sqlite3.connect(path)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        columns = connection.execute("PRAGMA table_info(stored_events)").fetchall()
    assert ("transitions" in tables, len(columns)) == ((True, 7) if found == 2 else (False, 4))
    assert not any(name.startswith("former_") for name in tables)
    return found


def test_kill_9_at_any_moment_leaves_the_one_format_or_the_other(
    large: Path, tmp_path: Path
) -> None:
    rows = rows_of(large)
    seconds = 0.0
    formats = []
    chance = random.Random(7)
    for attempt in range(9):
        path = Path(shutil.copyfile(large, tmp_path / f"{attempt}.db"))
        with start_program(UPGRADES, url_of(path)) as program:
            assert program.stdin is not None
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
            began = time.monotonic()
            program.stdin.write("go\n")
            program.stdin.flush()
            if attempt == 0:
                # The first one is left alone, to know how long it takes.
                assert program.stdout.readline() == "done\n"
                seconds = time.monotonic() - began
            else:
                time.sleep(seconds * chance.random())
                program.kill()
        formats.append(whole(path, rows))
        # Whatever was left, the next writer finishes it.
        open_store(url_of(path)).close()
        assert whole(path, rows) == 2
    assert formats[0] == 2
    assert 1 in formats


def test_two_processes_that_upgrade_at_once_both_find_it_done(copied: Path) -> None:
    rows = rows_of(copied)
    programs = [start_program(UPGRADES, url_of(copied)) for _ in range(2)]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        out, err = program.communicate("go\n", timeout=PATIENCE)
        assert (out, err) == ("done\n", "")
        assert program.returncode == 0
    assert whole(copied, rows) == 2
    with start_program(READS, url_of(copied)) as reader:
        out, _ = reader.communicate(timeout=PATIENCE)
    assert out.splitlines() == [f"{EVENTS} 0", f"{UPDATED} {UPDATED}"]


def test_the_former_code_that_has_it_open_fails_at_its_next_write_and_stores_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "runs.db"
    with start_former(OPEN_MEANWHILE, url_of(path)) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        rows = rows_of(path)
        open_store(url_of(path)).close()
        assert whole(path, rows) == 2
        out, err = program.communicate("go\n", timeout=PATIENCE)
    assert out.splitlines() == ["StoreError"] * 4, err
    assert whole(path, rows) == 2
    with open_store(url_of(path)) as store:
        assert [opened.name for opened in store.reads.logs()] == ["live", "past"]


def test_an_upgrade_that_fails_half_way_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from infrastructure.stores.sqlite import upgrade

    path = format_1_store(tmp_path)

    def failing(connection: sqlite3.Connection) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(upgrade, "_move_notifiers", failing)
        with pytest.raises(KeyboardInterrupt):
            open_store(url_of(path))
    assert whole(path, golden_rows()) == 1
    open_store(url_of(path)).close()
    assert whole(path, golden_rows()) == 2
