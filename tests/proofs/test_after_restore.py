"""A log that lost what was signed of it is not gone on with unseen: only under a new identity."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from event_logger import (
    AsyncEventLogger,
    EventLogger,
    LogBehindError,
    LogConfigurationError,
    open_log,
)
from tests.commands import run
from tests.proofs.attacks import of
from tests.proofs.desk import LOG, Desk, more
from tests.redis_server import RedisServer, eventually
from tests.support import HOUR, url_of


def put_back(desk: Desk, backup: Path) -> None:
    """Have the store be what it was when the backup was made."""
    for suffix in ("-wal", "-shm"):
        Path(f"{desk.path}{suffix}").unlink(missing_ok=True)
    shutil.copyfile(backup, desk.path)


def restored(desk: Desk) -> None:
    """Log one event more, sign, and put back what was there before."""
    backup = desk.folder / "backup.db"
    run("backup", str(backup), "--store", desk.url)
    desk.log(more)
    desk.checkpoint("lost")
    put_back(desk, backup)


def cut(desk: Desk) -> None:
    """Delete the last event."""
    desk.run_sql(f"DELETE FROM stored_events {of(10)}")


def cut_and_grown(desk: Desk) -> None:
    """Delete the last event, and log others where nothing was kept."""
    cut(desk)
    kept = desk.folder / "kept"
    kept.rename(desk.folder / "away")
    desk.log(more)
    desk.log(more)
    (desk.folder / "away").rename(kept)


BEHIND = [restored, cut]
BROKEN = [*BEHIND, cut_and_grown]


@pytest.mark.parametrize("broken", BEHIND)
def test_a_store_that_is_behind_is_not_opened_for_writing(
    desk: Desk, broken: Callable[[Desk], None]
) -> None:
    broken(desk)
    with pytest.raises(LogBehindError, match=r"after_restore=True, or event-logger") as caught:
        desk.log(more)
    assert caught.value.found < caught.value.size
    before = desk.path.read_bytes()
    assert not Path(desk.checkpoint("new", code=1)).exists()
    assert desk.path.read_bytes() == before
    with open_log(desk.url) as reader:
        assert reader.global_order == caught.value.found - 6


@pytest.mark.parametrize("kept", [b"", b"nonsense", b"\xff", None])
def test_health_says_that_what_was_signed_cannot_be_read(desk: Desk, kept: bytes | None) -> None:
    (path,) = (desk.folder / "kept").glob("*.checkpoint")
    path.unlink()
    path.mkdir() if kept is None else path.write_bytes(kept)
    assert f"cannot be read: {path}" in desk.run("health", code=1).stdout


def test_health_says_that_a_log_is_behind_what_was_signed(desk: Desk) -> None:
    cut(desk)
    assert "has 15 leaves, and a checkpoint of 16 was signed" in desk.run("health", code=1).stdout


@pytest.mark.parametrize("broken", BROKEN)
def test_it_goes_on_under_a_new_identity(desk: Desk, broken: Callable[[Desk], None]) -> None:
    former = desk.vkey
    broken(desk)
    kept = {path: path.read_bytes() for path in (desk.folder / "kept").glob("*.checkpoint")}
    with EventLogger("live", store=desk.url, redis=False, after_restore=True) as logger:
        event = logger.events[-1]
        more(logger)
    assert (event["event_type"], event["venue"]) == ("LOG_CONTINUED", "LOG")
    assert event["status"] == "completed"
    origin, size, root = Path(next(iter(kept))).read_text().splitlines()[:3]
    assert event["former_origin"] == origin
    assert (event["former_size"], event["former_root"]) == (int(size), root)
    assert event["identity"] not in origin
    assert event["lost"]
    # Whatever opens it next, it is a log of its own, and what was signed is left as it was.
    desk.log(more)
    note = Path(desk.checkpoint("new"))
    assert note.read_text().startswith(f"example.com/desk1/{event['identity']}\n")
    assert desk.vkey != former
    assert {path: path.read_bytes() for path in kept} == kept
    desk.verify("--checkpoint", str(note), "--store", desk.url)
    done = run("verify", "--checkpoint", str(note), "--vkey", former, code=1)
    assert "is not signed by a known key" in done.stderr


def test_what_was_signed_of_what_is_kept_holds_and_of_what_was_lost_does_not(desk: Desk) -> None:
    former, size = desk.vkey, desk.size
    certificate = str(desk.folder / "certificate.json")
    desk.run("certify", "-o", certificate)
    proof = desk.prove("5", "--checkpoint", desk.held)
    restored(desk)
    done = desk.run("checkpoint", "--key", desk.key, "--after-restore", "-o", f"{desk.folder}/new")
    assert "goes on as" in done.stderr
    held = ("verify", "--store", desk.url, "--vkey", former)
    assert f"its first {size} leaves" in run(*held, "--checkpoint", desk.held).stdout
    lost = run(*held, "--checkpoint", f"{desk.folder}/lost", code=1)
    assert "it differs from order 11" in lost.stderr
    run("verify", proof, "--vkey", former)
    desk.prove("5", "--checkpoint", desk.held)
    desk.run("certify", "--check", certificate)
    done = desk.run("prove", "--since", desk.held, "--key", desk.key, code=1)
    assert "two logs, none grew of the other" in done.stderr


def test_a_log_that_lost_nothing_is_opened_as_it_is(desk: Desk) -> None:
    for _ in range(2):
        with EventLogger("live", store=desk.url, redis=False, after_restore=True) as logger:
            more(logger)
    assert logger.writer.usage.is_closed
    with open_log(desk.url) as reader:
        assert reader.global_order == 12
    desk.run("checkpoint", "--key", desk.key, "--after-restore")
    with pytest.raises(LogConfigurationError, match="after_restore must be"):
        EventLogger(after_restore="yes")  # type: ignore[arg-type]


def test_it_may_be_restored_more_than_once(desk: Desk) -> None:
    backup = desk.folder / "first.db"
    run("backup", str(backup), "--store", desk.url)
    keys = {desk.vkey}
    for _ in range(2):
        restored(desk)
        with EventLogger("live", store=desk.url, redis=False, after_restore=True) as logger:
            more(logger)
        desk.checkpoint("new")
        keys.add(desk.vkey)
        (desk.folder / "backup.db").unlink()
    assert len(keys) == 3
    desk.verify("--checkpoint", desk.checkpoint("last"), "--store", desk.url)
    desk.run("prove", "5", "--checkpoint", desk.held)
    put_back(desk, backup)
    with pytest.raises(LogBehindError):
        desk.log(more)


def test_what_the_store_calls_a_log_is_held_against_its_entries(desk: Desk) -> None:
    former = desk.vkey
    restored(desk)
    desk.run("checkpoint", "--key", desk.key, "--after-restore")
    desk.run_sql("UPDATE audit_logs SET identity='00000000-0000-4000-8000-000000000000'")
    held = ("--checkpoint", desk.held, "--vkey", former)
    done = desk.run("verify", *held, code=1)
    assert "and its entries say" in done.stderr


def test_a_backtest_goes_on_after_a_restore_and_nothing_is_found_wrong_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENT_LOGGER_CHECKPOINTS", str(tmp_path / "kept"))
    url, key = url_of(tmp_path / "runs.db"), str(tmp_path / "key")
    run("key", "new", key, "--prefix", "example.com/desk1")

    def log(hours: int, **options: Any) -> None:
        with EventLogger(store=url, **options) as logger:
            for _ in range(hours):
                at = HOUR + timedelta(hours=logger.global_order)
                logger.log_event(at, "STAKE_DEPOSIT", "LIDO", "ETH", 1)

    log(5)
    run("checkpoint", "--store", url, "--key", key)
    desk = Desk(tmp_path)
    desk.run_sql(f"DELETE FROM stored_events WHERE originator_id='{LOG}' AND originator_version=5")
    with pytest.raises(LogBehindError):
        log(1)
    log(2, after_restore=True)
    with open_log(url) as reader:
        types = [event["event_type"] for event in reader.events]
        assert types == ["STAKE_DEPOSIT"] * 4 + ["LOG_CONTINUED"] + ["STAKE_DEPOSIT"] * 2
        assert reader.audit().findings == ()


def test_from_asynchronous_code(desk: Desk) -> None:
    restored(desk)

    async def strategy(**options: Any) -> int:
        async with AsyncEventLogger("live", store=desk.url, redis=False, **options) as logger:
            return await logger.log_price_update(HOUR, "BINANCE", "ETH", 1)

    with pytest.raises(LogBehindError):
        asyncio.run(strategy())
    assert asyncio.run(strategy(after_restore=True)) == 12


def test_followers_and_redis_take_it_for_another_log(desk: Desk, server: RedisServer) -> None:
    def published(**options: Any) -> set[str]:
        with EventLogger("live", store=desk.url, redis=server.url, **options) as logger:
            more(logger)
            last = logger.global_order
            eventually(lambda: last in server.logged())
            eventually(lambda: not logger.health()["waiting"])
            assert sum(logger.live_status()["counts"].values()) == last
        with server.client() as client:
            entries: Any = client.xrange("events:stream")
        return {fields["log"] for _, fields in entries}

    def stored() -> list[tuple[int, int]]:
        return sorted(desk.rows("SELECT event_order, transition FROM follower_positions"))

    (former,) = published()
    desk.checkpoint("lost")
    assert stored() == [(11, 5)] * 2
    cut(desk)
    desk.run_sql(f"DELETE FROM stored_events {of(11)}")
    (identity,) = published(after_restore=True)
    assert identity != former
    assert stored() == [(11, 5)] * 2
    # What was kept was published before, and what is new once, in a stream of its own.
    assert server.logged() == [10, 11]
    with server.client() as client:
        (aside,) = [key for key in client.keys("events:stream:*") if key != "events:stream:log"]
    assert former in str(aside)
