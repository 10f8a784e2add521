"""The stored status board is at any time what folding all events from nothing gives."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.audit_log import AuditLog
from domain.errors import EventLoggerError, StoreError
from infrastructure import status_board
from infrastructure.application import AuditLogs
from infrastructure.confirmation_times import ConfirmationTimes
from infrastructure.status_board import StatusBoard, StatusBoardFollower
from infrastructure.timestamps import timestamp_of
from tests.redis_server import eventually
from tests.support import HOUR, url_of

NOW = datetime(2100, 1, 1, tzinfo=UTC)
STATUSES = ["submitted", "confirmed", "finalized", "reorged", "failed", "dropped"]
LEAF = {"event_type": "STAKE_DEPOSIT", "venue": "LIDO"}


@contextmanager
def live_log(folder: Path | str) -> Iterator[tuple[AuditLogs, AuditLog]]:
    with AuditLogs(url_of(Path(folder) / "live.db")) as logs:
        yield logs, logs.open_or_create("live", "live")


def log_one(logs: AuditLogs, log: AuditLog, venue: str = "LIDO") -> None:
    with logs.appending(log):
        log.log_event(HOUR, "STAKE_DEPOSIT", venue)


def log_bundle(logs: AuditLogs, log: AuditLog) -> None:
    with logs.appending(log):
        log.log_atomic_transaction(HOUR, "B", [LEAF, LEAF | {"detail_events": [LEAF]}])


def is_rebuilt(board: StatusBoard) -> bool:
    expected = board.rebuilt().as_dict(NOW, 60.0, timestamp_of)
    return board.read(60.0, NOW) == expected


actions = st.lists(
    st.sampled_from(["one", "bundle", "catch up", "other catches up", "check"])
    | st.tuples(st.integers(1, 12), st.sampled_from(STATUSES)),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(actions=actions, page=st.integers(1, 7))
def test_the_board_is_the_fold_of_all(actions: list[Any], page: int) -> None:
    with TemporaryDirectory() as folder, live_log(folder) as (logs, log):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(status_board, "PAGE", page)
            boards = StatusBoard(logs, log), StatusBoard(logs, log)
            for action in actions:
                if action == "one":
                    log_one(logs, log, f"VENUE{len(actions) % 3}")
                elif action == "bundle":
                    log_bundle(logs, log)
                elif action == "check":
                    assert is_rebuilt(boards[0])
                elif isinstance(action, str):
                    boards["other" in action].catch_up()
                elif action[0] <= logs.last_order(log):
                    update = {"status": action[1], "tx_hash": f"0x{action[0]}"}
                    try:
                        logs.update(log, action[0], update)
                    except EventLoggerError:
                        continue
            assert is_rebuilt(boards[0])
            boards[0].catch_up()
            assert is_rebuilt(boards[1])


def test_each_transition_is_folded_once_though_two_followers_race(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with live_log(tmp_path) as (logs, log):
        log_one(logs, log)
        first, second = StatusBoard(logs, log), StatusBoard(logs, log)
        committed = AuditLogs.committed

        def overtaken(*arguments: Any) -> Any:
            found = committed(*arguments)
            monkeypatch.setattr(AuditLogs, "committed", committed)
            second.catch_up()
            return found

        first.catch_up()
        log_one(logs, log)
        monkeypatch.setattr(AuditLogs, "committed", overtaken)
        first.catch_up()
        assert first.read(now=NOW)["counts"] == {"pending": 2}
        assert is_rebuilt(first)


def test_a_failure_before_the_commit_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with live_log(tmp_path) as (logs, log):
        log_bundle(logs, log)
        board = StatusBoard(logs, log)

        def failing(*_: Any) -> None:
            raise sqlite3.OperationalError("disk I/O error")

        monkeypatch.setattr(ConfirmationTimes, "add", failing)
        with pytest.raises(StoreError, match="disk I/O error"):
            board.catch_up()
        assert is_rebuilt(board)
        monkeypatch.undo()
        board.catch_up()
        assert is_rebuilt(board)
        assert board.read(now=NOW)["counts"] == {"pending": 4}


def test_the_follower_keeps_the_board_and_outlives_a_failing_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with live_log(tmp_path) as (logs, log):
        board = StatusBoard(logs, log)
        follower = StatusBoardFollower(board)
        name = f"status-board:{log.id}"

        def failing(*_: Any) -> None:
            raise StoreError("live.db", "failed (disk I/O error)")

        with monkeypatch.context() as patch:
            patch.setattr(AuditLogs, "committed", failing)
            follower.start()
            eventually(lambda: "the status board waits: store live.db: failed" in caplog.text)
        log_one(logs, log)
        eventually(lambda: (logs.position(name) or 0) > logs.first_position(log))
        follower.stop()
        assert caplog.text.count("the status board waits") == 1
        assert is_rebuilt(board)


times = st.integers(0, 40)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(times, max_size=8), max_size=8), st.lists(times, max_size=8))
def test_the_quantiles_are_exact(stored: list[list[int]], further: list[int]) -> None:
    with TemporaryDirectory() as folder, live_log(folder) as (logs, log):
        kept = ConfirmationTimes(log.id)
        position = 0
        everything: list[int] = []
        with logs.recorder.datastore.transaction(commit=True) as cursor:  # type: ignore[attr-defined]
            for batch in stored:
                everything += batch
                kept.add(cursor, [(taken, position + i) for i, taken in enumerate(batch)])
                position += len(batch)
            last = [(taken, position + i) for i, taken in enumerate(further)]
            found = kept.quantiles(cursor, last)
        everything += further
        if not everything:
            assert found == {"median": None, "p95": None}
            return
        expected = np.quantile(everything, [0.5, 0.95])
        assert [found["median"], found["p95"]] == pytest.approx(expected.tolist())


def test_reading_writes_nothing(tmp_path: Path) -> None:
    with live_log(tmp_path) as (logs, log):
        log_one(logs, log)
        before = logs.recorder.max_notification_id(), logs.position(f"status-board:{log.id}")
        assert StatusBoard(logs, log).read(now=NOW)["counts"] == {"pending": 1}
        after = logs.recorder.max_notification_id(), logs.position(f"status-board:{log.id}")
        assert after == before == (2, None)
