"""The stored status board is at any time what folding all events from nothing gives."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.audit_log import AuditLog
from domain.bundle import atomic_wrapper
from domain.errors import StoreError
from domain.horizon import START
from infrastructure.audit_logs import AuditLogs
from infrastructure.followers import board as followed
from infrastructure.followers.board import StatusBoard
from infrastructure.stores.running_quantiles import quantiles
from infrastructure.stores.sqlite.board import FOLLOWER, SQLiteBoard
from infrastructure.stores.sqlite.confirmation_times import ConfirmationTimes
from infrastructure.stores.sqlite.reads import SQLiteReads
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
    entry = log.intake.event(HOUR, "STAKE_DEPOSIT", venue, None, None, None, {})
    logs.appending(log).append([entry])


def log_bundle(logs: AuditLogs, log: AuditLog) -> None:
    wrapper = atomic_wrapper(HOUR, "B", None, None, {})
    details = [LEAF, LEAF | {"detail_events": [LEAF]}]
    logs.appending(log).append([log.intake.bundle(wrapper, details)])


def is_rebuilt(board: StatusBoard) -> bool:
    expected = board.rebuilt().as_dict(NOW, 60.0, timestamp_of)
    return board.read(60.0, NOW) == expected


actions = st.lists(
    st.sampled_from(["one", "bundle", "catch up", "other catches up", "check"])
    | st.tuples(st.integers(1, 12), st.sampled_from(STATUSES)),
    max_size=40,
)


@settings(max_examples=60)
@given(actions=actions, page=st.integers(1, 7))
def test_the_board_is_the_fold_of_all(actions: list[Any], page: int) -> None:
    with TemporaryDirectory() as folder, live_log(folder) as (logs, log):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(followed, "PAGE", page)
            boards = StatusBoard(logs.store, log), StatusBoard(logs.store, log)
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
                    logs.appending(log).append([log.intake.update(action[0], update)])
            assert is_rebuilt(boards[0])
            boards[0].catch_up()
            assert is_rebuilt(boards[1])


def test_each_transition_is_folded_once_though_two_followers_race(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with live_log(tmp_path) as (logs, log):
        log_one(logs, log)
        first, second = StatusBoard(logs.store, log), StatusBoard(logs.store, log)
        entries = SQLiteReads.entries

        def overtaken(*arguments: Any) -> Any:
            found = entries(*arguments)
            monkeypatch.setattr(SQLiteReads, "entries", entries)
            second.catch_up()
            return found

        first.catch_up()
        log_one(logs, log)
        monkeypatch.setattr(SQLiteReads, "entries", overtaken)
        first.catch_up()
        assert first.read(now=NOW)["counts"] == {"pending": 2}
        assert is_rebuilt(first)


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM status_counts",
        "DELETE FROM open_events",
        "DELETE FROM open_events WHERE event_order=2",
        "DELETE FROM follower_positions",
        "UPDATE status_counts SET events=events+1 WHERE status='pending'",
        "UPDATE follower_positions SET event_order=1",
        "INSERT INTO open_events SELECT log_id, 1, venue, event_type, 'pending', NULL,"
        " '2024-05-12T14:00:00Z', 0 FROM status_counts LIMIT 1",
    ],
)
def test_a_board_that_does_not_add_up_is_folded_anew(tmp_path: Path, damage: str) -> None:
    with live_log(tmp_path) as (logs, log):
        board = StatusBoard(logs.store, log)
        log_one(logs, log)
        log_bundle(logs, log)
        for status in ("submitted", "confirmed"):
            update = {"status": status, "tx_hash": "0x1"}
            logs.appending(log).append([log.intake.update(1, update)])
        board.catch_up()
        right = board.read(60.0, NOW)
        connection = sqlite3.connect(tmp_path / "live.db")
        with connection:
            connection.execute(damage)
        connection.close()
        assert board.read(60.0, NOW) == right
        board.catch_up()
        rows = logs.store.board.read(log.id)
        assert (rows.counts.total(), sorted(rows.open)) == (5, [2, 3, 4, 5])
        assert board.read(60.0, NOW) == right


def test_a_failure_before_the_commit_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with live_log(tmp_path) as (logs, log):
        log_bundle(logs, log)
        board = StatusBoard(logs.store, log)

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


def test_a_follower_looks_at_the_whole_board_only_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with live_log(tmp_path) as (logs, log):
        looks: list[object] = []
        whole = SQLiteBoard.read

        def looking(board: SQLiteBoard, log_id: UUID) -> Any:
            looks.append(log_id)
            return whole(board, log_id)

        monkeypatch.setattr(SQLiteBoard, "read", looking)
        monkeypatch.setattr(followed, "_SHARE_OF_LOOKING", 1e-9)
        follower = StatusBoard(logs.store, log).follower(logs.store.commits)
        follower.start()

        def is_followed() -> bool:
            end = logs.store.reads.end(log.id).horizon
            return logs.store.followers.position(FOLLOWER, log.id) == end

        for _ in range(3):
            log_one(logs, log)
            eventually(is_followed)
        follower.stop()
        assert looks == [log.id]
        assert is_rebuilt(StatusBoard(logs.store, log))


def test_the_follower_keeps_the_board_and_outlives_a_failing_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with live_log(tmp_path) as (logs, log):
        board = StatusBoard(logs.store, log)
        follower = board.follower(logs.store.commits)

        def failing(*_: Any) -> None:
            raise StoreError("live.db", "failed (disk I/O error)")

        with monkeypatch.context() as patch:
            patch.setattr(SQLiteReads, "entries", failing)
            follower.start()
            eventually(lambda: "has a status board that waits" in caplog.text)
        log_one(logs, log)
        eventually(lambda: logs.store.followers.position(FOLLOWER, log.id) == logs.horizon(log))
        follower.stop()
        assert caplog.text.count("has a status board that waits") == 1
        assert is_rebuilt(board)


times = st.integers(0, 40)


@settings(max_examples=80)
@given(st.lists(st.lists(times, max_size=8), max_size=8), st.lists(times, max_size=8))
def test_the_quantiles_are_exact(stored: list[list[int]], further: list[int]) -> None:
    with TemporaryDirectory() as folder, live_log(folder) as (_, log):
        position = 0
        everything: list[int] = []
        connection = sqlite3.connect(Path(folder) / "live.db")
        kept = ConfirmationTimes(connection, log.id)
        for batch in stored:
            everything += batch
            kept.add([(taken, position + i) for i, taken in enumerate(batch)])
            position += len(batch)
        last = [(taken, position + i) for i, taken in enumerate(further)]
        found = quantiles(kept, last)
        connection.close()
        everything += further
        if not everything:
            assert found == {"median": None, "p95": None}
            return
        expected = np.quantile(everything, [0.5, 0.95])
        assert [found["median"], found["p95"]] == pytest.approx(expected.tolist())


def test_reading_writes_nothing(tmp_path: Path) -> None:
    with live_log(tmp_path) as (logs, log):
        log_one(logs, log)
        connection = sqlite3.connect(tmp_path / "live.db")
        (before,) = connection.execute("PRAGMA data_version").fetchone()
        assert StatusBoard(logs.store, log).read(now=NOW)["counts"] == {"pending": 1}
        assert logs.store.board.read(log.id).horizon == START
        assert logs.store.followers.position(FOLLOWER, log.id) is None
        assert connection.execute("PRAGMA data_version").fetchone() == (before,)
        connection.close()


def test_venues_that_differ_after_a_nul_are_two(tmp_path: Path) -> None:
    with live_log(tmp_path) as (logs, log):
        for venue in ("A\0B", "A\0C"):
            log_one(logs, log, venue)
        board = StatusBoard(logs.store, log)
        folded_in_memory = board.read(60.0, NOW)
        board.catch_up()
        assert board.read(60.0, NOW) == folded_in_memory
        assert folded_in_memory["by_venue"] == {"A\0B": {"pending": 1}, "A\0C": {"pending": 1}}
        assert [event["venue"] for event in folded_in_memory["open"]] == ["A\0B", "A\0C"]


def test_catching_up_ends_while_others_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each fold is a transaction: what comes while it lasts is the next round's, not one of one."""
    with live_log(tmp_path) as (logs, log):
        for _ in range(5):
            log_one(logs, log)
        monkeypatch.setattr(followed, "PAGE", 2)
        folds: list[Any] = []
        board = logs.store.board

        def fold(*arguments: Any) -> bool:
            if len(folds) < 20:
                log_one(logs, log)
            folds.append(arguments)
            return type(board).fold(board, *arguments)

        monkeypatch.setattr(board, "fold", fold)
        StatusBoard(logs.store, log).catch_up()
        assert len(folds) == 5
        StatusBoard(logs.store, log).catch_up()
        assert is_rebuilt(StatusBoard(logs.store, log))
