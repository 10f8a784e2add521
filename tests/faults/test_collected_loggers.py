"""A logger that is garbage collected at the worst moment loses nothing and holds nobody up."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from event_logger import EventLogger
from infrastructure.stores.sqlite import appends, board
from tests.support import (
    PATIENCE,
    log_amounts,
    numbered,
    run_program,
    start_program,
    stored,
    url_of,
)


def dropped(path: Path) -> None:
    """A logger with three events pending, reachable from nowhere but itself."""
    logger = EventLogger(store=url_of(path), log="dropped")
    log_amounts(logger, 1, 2, 3)
    logger.itself = logger  # type: ignore[attr-defined]


def collecting(call: Callable[..., Any]) -> Callable[..., Any]:
    def and_collect(*arguments: Any) -> Any:
        gc.collect()
        return call(*arguments)

    return and_collect


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(("module", "name"), [(appends, "insert_events"), (board, "_apply")])
def test_one_collected_in_the_middle_of_anothers_transaction_stores_its_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    path = tmp_path / "runs.db"
    gc.disable()
    try:
        with EventLogger("live", store=url_of(path), log="live", redis=False) as live:
            dropped(path)
            monkeypatch.setattr(module, name, collecting(getattr(module, name)))
            assert log_amounts(live, 1, 2) == [1, 2]
            wait_until(lambda: stored(path, "dropped") == numbered(3))
    finally:
        gc.enable()
    assert stored(path, "live") == numbered(2)


def test_one_collected_while_a_stranger_holds_the_store_is_closed_before_the_program_ends(
    tmp_path: Path,
) -> None:
    path = tmp_path / "runs.db"
    program = """
import sqlite3, threading
logger = EventLogger(store=sys.argv[1])
for n in (1, 2, 3):
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", n)
stranger = sqlite3.connect(sys.argv[2], isolation_level=None, check_same_thread=False)
stranger.execute("BEGIN IMMEDIATE")
del logger
print("went on")
threading.Timer(0.5, lambda: stranger.execute("ROLLBACK")).start()
"""
    EventLogger(store=url_of(path)).close()
    assert run_program(program, url_of(path), path) == "went on\n"
    assert stored(path) == numbered(3)


AWAY = """
logger = EventLogger(store=sys.argv[1], log="run")
logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 1)
logger.flush()
for n in range(2, 2 + int(sys.argv[3])):
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", n)
os.rename(sys.argv[2], sys.argv[2] + ".away")
"""


@pytest.mark.parametrize(
    ("end", "pending"), [("del logger", 2), ("", 2), ("raise SystemExit(3)", 2), ("", 0)]
)
def test_what_cannot_be_stored_as_the_program_ends_is_said_in_a_sentence(
    tmp_path: Path, end: str, pending: int
) -> None:
    path = tmp_path / "runs.db"
    with start_program(AWAY + end, url_of(path), path, pending) as program:
        _, said = program.communicate(timeout=PATIENCE)
    lost = "nobody closed the logger of log 'run', and 2 events that it held are not stored"
    assert [lost in line for line in said.splitlines() if "nobody closed the" in line] == (
        [True] if pending else []
    )
    assert "Traceback" not in said
    assert ("was moved, deleted or replaced" in said) is bool(pending)
    assert program.returncode == (3 if "exit" in end.lower() else 0)
    Path(f"{path}.away").rename(path)
    assert stored(path, "run") == numbered(1)
