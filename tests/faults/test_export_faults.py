"""An export that fails or is killed: the old file stays whole, and nothing is left beside it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from domain.errors import ExportError
from event_logger import EventLogger
from infrastructure.files import csv_export
from infrastructure.stores.sqlite.reads import SQLiteReads
from tests.support import PATIENCE, log_amounts, run_program, start_program, url_of

OLD = "the old file\n"


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / "event_log.csv"
    path.write_text(OLD)
    return path


def untouched(csv: Path) -> bool:
    return os.listdir(csv.parent) == [csv.name] and csv.read_text() == OLD


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("where", ["fsync", "replace", "rows"])
def test_an_export_that_fails_leaves_the_old_file_whole(
    csv: Path, monkeypatch: pytest.MonkeyPatch, where: str, error: BaseException
) -> None:
    def fail(*arguments: object) -> None:
        raise error

    with EventLogger() as logger:
        log_amounts(logger, *range(100))
        if where == "fsync":
            monkeypatch.setattr(os, "fsync", fail)
        elif where == "replace":
            monkeypatch.setattr(Path, "replace", fail)
        else:
            monkeypatch.setattr(csv_export, "csv_batches", fail)
        if isinstance(error, OSError):
            with pytest.raises(ExportError, match="No space left on device; the former file is"):
                logger.export_to_csv(str(csv))
        else:
            with pytest.raises(KeyboardInterrupt):
                logger.export_to_csv(str(csv))
        assert untouched(csv)
        monkeypatch.undo()
        logger.export_to_csv(str(csv))
    assert len(csv.read_text().splitlines()) == 101


ON_A_LIMITED_DISK = """
import resource, signal
from domain.errors import ExportError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with EventLogger() as logger:
    for n in range(2000):
        logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", n)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
    try:
        logger.export_to_csv(sys.argv[1])
    except ExportError as error:
        print(error)
"""


def test_an_export_to_a_full_disk_says_so_and_leaves_the_old_file_whole(csv: Path) -> None:
    printed = run_program(ON_A_LIMITED_DISK, csv)
    assert printed == f"{csv} was not written: File too large; the former file is unchanged\n"
    assert untouched(csv)


KILLED_BEFORE_THE_RENAME = """
import signal
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
with EventLogger() as logger:
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 1)
    logger.export_to_csv(sys.argv[1])
"""


def test_an_export_that_is_killed_leaves_the_old_file_whole(csv: Path) -> None:
    with start_program(KILLED_BEFORE_THE_RENAME, csv) as program:
        program.communicate(timeout=PATIENCE)
    assert program.returncode == -signal.SIGKILL
    assert csv.read_text() == OLD


def test_an_export_into_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    with EventLogger() as logger:
        log_amounts(logger, 1)
        with pytest.raises(ExportError, match=f"the folder {missing} does not exist; create it"):
            logger.export_to_csv(str(missing / "event_log.csv"))
        assert not missing.exists()
        assert log_amounts(logger, 2) == [2]


def test_an_export_onto_a_folder_is_refused(tmp_path: Path) -> None:
    with EventLogger() as logger, pytest.raises(ExportError, match="it is a folder; name a file"):
        logger.export_to_csv(str(tmp_path))
    assert os.listdir(tmp_path) == []


def test_an_export_over_a_store_that_fails_to_read_leaves_the_old_file_whole(
    csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "runs.db"
    with EventLogger(store=url_of(path)) as logger:
        log_amounts(logger, *range(3000))
        logger.flush()
        reading = SQLiteReads.events
        rows_read = 0

        def broken(*arguments: Any) -> Any:
            nonlocal rows_read
            rows = reading(*arguments)
            rows_read += len(rows)
            if rows_read > 2000:
                raise OSError(5, "Input/output error")
            return rows

        monkeypatch.setattr(SQLiteReads, "events", broken)
        with pytest.raises(ExportError, match="Input/output error"):
            logger.export_to_csv(str(csv))
    assert untouched(csv)
