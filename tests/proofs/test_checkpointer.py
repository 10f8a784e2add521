"""Checkpoints are signed as a log goes on: at the end of a backtest, live by a follower."""

from __future__ import annotations

import logging
import time
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from event_logger import EventLogger, KeyFileError, LogConfigurationError
from infrastructure.audit_logs import AuditLogs
from infrastructure.followers import checkpointer as module
from infrastructure.followers.checkpointer import Checkpointer, Pace
from infrastructure.signing import read_key
from projections.checkpoint import Note, VerifierKey
from projections.verification import checked_checkpoint, signers
from tests.commands import run
from tests.proofs.attacks import of
from tests.proofs.desk import Desk, more
from tests.redis_server import RedisServer, eventually
from tests.support import HOUR, url_of


@pytest.fixture(autouse=True)
def owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An owner's key that the environment names."""
    key = str(tmp_path / "owner")
    run("key", "new", key, "--prefix", "example.com/desk1")
    monkeypatch.setenv("EVENT_LOGGER_CHECKPOINTS", str(tmp_path / "kept"))
    monkeypatch.setenv("EVENT_LOGGER_KEY", key)
    monkeypatch.setenv("EVENT_LOGGER_CHECKPOINT_SECONDS", "0.05")
    return key


def kept(tmp_path: Path) -> list[int]:
    """The sizes of the checkpoints that this machine keeps."""
    notes = (path.read_text() for path in sorted((tmp_path / "kept").glob("*.checkpoint")))
    return [int(note.splitlines()[1]) for note in notes]


def vkey(url: str, owner: str) -> str:
    return run("key", "show", owner, "--store", url).stdout.strip()


def test_a_backtest_signs_when_it_is_closed(tmp_path: Path, owner: str) -> None:
    url = url_of(tmp_path / "runs.db")
    for events in (3, 6):
        with EventLogger(store=url) as logger:
            for _ in range(3):
                more(logger)
            assert kept(tmp_path) == ([] if events == 3 else [4])
        assert kept(tmp_path) == [1 + events]
    (note,) = (tmp_path / "kept").glob("*.checkpoint")
    held = ("--store", url, "--checkpoint", str(note), "--vkey", vkey(url, owner))
    assert "its first 7 leaves" in run("verify", *held).stdout
    with EventLogger():
        pass
    assert len(kept(tmp_path)) == 1


def test_a_backtest_that_cannot_be_signed_is_stored_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("EVENT_LOGGER_CHECKPOINTS", str(tmp_path / "owner"))
    url = url_of(tmp_path / "runs.db")
    with EventLogger(store=url) as logger:
        more(logger)
    assert "cannot keep checkpoints" in caplog.text
    monkeypatch.delenv("EVENT_LOGGER_KEY")
    with EventLogger(store=url) as logger:
        assert logger.global_order == 1


@pytest.mark.parametrize("mode", ["backtest", "live"])
def test_a_key_that_is_none_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("EVENT_LOGGER_KEY", str(tmp_path / "none"))
    with pytest.raises(KeyFileError):
        EventLogger(mode, store=url_of(tmp_path / "runs.db"), redis=False)
    monkeypatch.delenv("EVENT_LOGGER_KEY")
    monkeypatch.setenv("EVENT_LOGGER_CHECKPOINT_SECONDS", "often")
    with pytest.raises(LogConfigurationError, match="must be a number of seconds"):
        EventLogger(mode, store=url_of(tmp_path / "runs.db"), redis=False)
    assert not (tmp_path / "runs.db").exists()


def test_a_live_log_is_signed_as_it_goes_on(
    tmp_path: Path, owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a machine that is busy the last round takes longer than closing waits for it.
    monkeypatch.setattr("infrastructure.followers.follower._STOP_SECONDS", 20.0)
    url = url_of(tmp_path / "live.db")
    with EventLogger("live", store=url, redis=False) as logger:
        more(logger)
        eventually(lambda: kept(tmp_path) == [2])
        more(logger)
        eventually(lambda: kept(tmp_path) == [3])
        assert logger.health()["checkpoints"]["size"] == 3
        assert logger.health()["last_errors"] == []
    found = run("health", "--store", url).stdout
    assert f"checkpoints: the last is of 3 leaves; kept in {tmp_path / 'kept'}\n" in found
    with AuditLogs(url, must_exist=True) as logs:
        assert logs.store.tiles.leaves(logs.get("default").id) == 3


def test_one_of_several_processes_signs(tmp_path: Path) -> None:
    url = url_of(tmp_path / "live.db")
    with (
        EventLogger("live", store=url, redis=False) as one,
        EventLogger("live", store=url, redis=False) as other,
    ):
        more(one)
        more(other)
        eventually(lambda: kept(tmp_path) == [3])
    with EventLogger("live", store=url, redis=False) as logger:
        more(logger)
        eventually(lambda: kept(tmp_path) == [4])


def test_checkpoints_and_heartbeats_are_published(
    tmp_path: Path, owner: str, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = url_of(tmp_path / "live.db")
    monkeypatch.setattr(module, "Pace", partial(Pace, heartbeat_seconds=0.0))
    with server.client() as client, client.pubsub() as heard:
        heard.psubscribe("desk:events:*")

        def stream() -> list[dict[str, Any]]:
            entries: Any = client.xrange("desk:events:checkpoint")
            return [orjson.loads(fields["data"]) for _, fields in entries]

        with EventLogger("live", store=url, redis=server.url, channel_prefix="desk:") as logger:
            more(logger)
            eventually(lambda: len([one for one in stream() if one["size"] == 2]) > 2)
            identity = logger._log.identity or ""
        channels = set()
        while message := heard.get_message():
            channels.add(message["channel"])
        assert "desk:events:checkpoint" in channels
    key = read_key(owner)
    known = [key.verifier_key(identity), key.heartbeat_key(identity).public]
    for said in stream_of(server):
        note = Note.parse(said["note"].encode())
        assert signers(note, known) == known
        trusted = checked_checkpoint(said["note"].encode(), known)
        assert trusted.checkpoint.size == said["size"]
        assert abs(said["signed_at"] - time.time()) < 3600
    # Nobody takes the one key for the other.
    assert known[0].public != known[1].public
    with pytest.raises(ValueError, match="is not signed by a known key"):
        checked_checkpoint(said["note"].encode(), known[1:])
    assert str(VerifierKey.parse(str(known[1]))) == str(known[1])


def stream_of(server: RedisServer) -> list[dict[str, Any]]:
    with server.client() as client:
        entries: Any = client.xrange("desk:events:checkpoint")
    return [orjson.loads(fields["data"]) for _, fields in entries]


def test_without_redis_it_is_signed_all_the_same_and_published_when_it_is_back(
    tmp_path: Path, stopped_server: RedisServer
) -> None:
    url = url_of(tmp_path / "live.db")
    with EventLogger("live", store=url, redis=stopped_server.url) as logger:
        more(logger)
        eventually(lambda: kept(tmp_path) == [2])
        eventually(lambda: any("Redis" in one for one in logger.writer.last_errors))
        stopped_server.start()
        with stopped_server.client() as client:
            eventually(lambda: client.xlen("events:checkpoint") > 0)


def test_what_was_changed_is_not_signed_any_more_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(tmp_path)
    with EventLogger("live", store=desk.url, redis=False) as logger:
        more(logger)
        eventually(lambda: kept(tmp_path) == [2])
        desk.run_sql(f"UPDATE stored_events SET committed_at=committed_at+1 {of(1)}")
        with caplog.at_level(logging.WARNING):
            more(logger)
            eventually(lambda: "nothing is signed" in caplog.text)
        # The log itself goes on.
        assert logger.log_event(HOUR, "GAS_FEE_PAID", "ETHEREUM", "ETH", 1) == 3
        assert any("has other entries" in one for one in logger.health()["last_errors"])
    assert kept(tmp_path) == [2]


def test_many_entries_are_signed_for_before_their_time(
    tmp_path: Path, owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EVENT_LOGGER_KEY")
    url = url_of(tmp_path / "live.db")
    with EventLogger("live", store=url, redis=False) as logger, AuditLogs(url) as logs:
        one = Checkpointer(logs.store, logs.get("default"), read_key(owner), (), Pace(3600.0, 5))
        one._round()
        assert kept(tmp_path) == [1]
        for _ in range(4):
            more(logger)
        one._round()
        assert kept(tmp_path) == [1]
        more(logger)
        one._round()
        assert kept(tmp_path) == [6]
