"""`event-logger backup`: a whole copy of a store that is in use."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from event_logger import EventLogger, open_log
from infrastructure.stores import back_up_store
from tests.commands import run
from tests.support import log_amounts, url_of


@pytest.mark.parametrize("mode", ["backtest", "live"])
def test_a_copy_of_a_store_in_use_is_whole(tmp_path: Path, mode: str) -> None:
    url, target = url_of(tmp_path / "runs.db"), tmp_path / "copy.db"
    with EventLogger(mode, store=url, redis=False) as logger:
        log_amounts(logger, 1, 2, 3)
        logger.flush()
        out = run("backup", str(target), "--store", url).stdout
        assert out.endswith("copy.db: 1 log with 3 events\n")
        log_amounts(logger, 4)
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy.db"]
    with open_log(url_of(target)) as copy, open_log(url) as log:
        assert copy.get_all_events() == log.get_all_events()[:3]
    with EventLogger(mode, store=url_of(target), redis=False) as logger:
        assert log_amounts(logger, 5) == [4]


def test_each_copy_made_while_another_thread_logs_is_a_beginning_of_the_log(tmp_path: Path) -> None:
    url = url_of(tmp_path / "runs.db")
    done = threading.Event()
    with EventLogger("live", store=url, redis=False) as logger:

        def log() -> None:
            while not done.is_set():
                log_amounts(logger, 1)

        log_amounts(logger, 1)
        writer = threading.Thread(target=log)
        writer.start()
        try:
            copies = [back_up_store(url, str(tmp_path / f"{n}.db")) for n in range(5)]
        finally:
            done.set()
            writer.join()
        events = logger.get_all_events()
    for copy in copies:
        with open_log(copy.url) as reader:
            assert reader.get_all_events() == events[: copy.events]


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    url = url_of(tmp_path / "runs.db")
    with EventLogger(store=url) as logger:
        log_amounts(logger, 1)
    (tmp_path / "taken").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "taken")
    for target in ("taken", "link", "runs.db", "no/copy.db", ".", "sqlite:///", ":memory:"):
        name = target if ":" in target else str(tmp_path / target)
        err = run("backup", name, "--store", url, code=1).stderr
        assert err.startswith("event-logger: ")
        assert err.count("\n") == 1
    run("backup", str(tmp_path / "a.db"), "--store", ":memory:", code=1)
    run("backup", str(tmp_path / "a.db"), "--store", url_of(tmp_path / "no.db"), code=1)
    assert (tmp_path / "taken").read_text() == "precious"
    assert sorted(
        p.name for p in tmp_path.iterdir() if "-" not in p.name and ".lease" not in p.name
    ) == ["link", "runs.db", "taken"]


def test_it_says_so_in_json(tmp_path: Path) -> None:
    url, target = url_of(tmp_path / "runs.db"), url_of(tmp_path / "copy.db")
    EventLogger(store=url).close()
    told = json.loads(run("backup", target, "--store", url, "--json").stdout)
    assert told == {"url": target, "logs": 1, "events": 0}
