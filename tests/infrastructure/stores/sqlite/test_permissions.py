"""Who may read what a store consists of: its owner and group as the umask says, nobody else."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from event_logger import EventLogger
from infrastructure.stores import back_up_store, upgrade_store
from tests.commands import run
from tests.support import log_amounts, url_of


@pytest.fixture(params=[0o000, 0o002, 0o022, 0o027, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {one.name: stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()}


def test_new_files_of_a_store_are_readable_by_no_others(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "runs.db"
    with (
        EventLogger("live", store=url_of(path), redis=False) as live,
        EventLogger(store=url_of(path), log="run") as backtest,
    ):
        log_amounts(live, 1)
        log_amounts(backtest, 1)
        back_up_store(url_of(path), str(tmp_path / "backup.db"))
        found = modes(tmp_path)
    upgrade_store(url_of(path), str(tmp_path / "upgraded.db"))
    found |= modes(tmp_path)
    assert {name.rpartition("-")[2] for name in found} >= {"wal", "shm"}
    assert any(name.endswith(".lease") for name in found)
    assert found == dict.fromkeys(found, 0o640 & ~umask)


def test_so_is_a_store_that_an_import_makes(tmp_path: Path, umask: int) -> None:
    export = str(tmp_path / "run.csv")
    with EventLogger() as logger:
        log_amounts(logger, 1)
        logger.export_to_csv(export)
    os.mkdir(tmp_path / "stores")
    run("import", export, "--store", url_of(tmp_path / "stores" / "runs.db"), "--log", "run")
    found = modes(tmp_path / "stores")
    assert found == dict.fromkeys(found, 0o640 & ~umask)


def test_what_stands_beside_a_store_is_for_whom_the_store_is_for(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    EventLogger(store=url_of(path)).close()
    path.chmod(0o660)
    with EventLogger(store=url_of(path)) as logger:
        log_amounts(logger, 1)
        logger.flush()
        found = modes(tmp_path)
    assert found == dict.fromkeys(found, 0o660)


def test_what_the_administrator_leaves_beside_it_is_the_store_s_owner_s(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    EventLogger(store=url_of(path)).close()
    is_administrator = os.geteuid() == 0
    owner = 65534 if is_administrator else os.geteuid()
    if is_administrator:
        os.chown(path, owner, owner)
    with EventLogger(store=url_of(path)) as logger:
        log_amounts(logger, 1)
        logger.flush()
        owners = {one.name: one.stat().st_uid for one in tmp_path.iterdir()}
    assert len(owners) == 4
    assert owners == dict.fromkeys(owners, owner)
