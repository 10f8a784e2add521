"""A primary that is lost, and its standby in its place: nothing acknowledged is lost or doubled."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from event_logger import EventLogger, open_log
from infrastructure.stores import open_store
from tests.faults_postgres.test_fenced import go_on, start_holder
from tests.faults_postgres.written import check, first_of, start_writers, told_by
from tests.postgres_server import PostgresServer, server_folder
from tests.redis_server import eventually
from tests.support import log_amounts


@contextmanager
def pair(folder: Path, *, is_synchronous: bool) -> Iterator[tuple[PostgresServer, PostgresServer]]:
    """A primary, and a standby that has all of it."""
    primary = PostgresServer(folder / "primary")
    standby = PostgresServer(folder / "standby")
    try:
        primary.make()
        primary.start()
        standby.copy_of(primary, "standby")
        standby.start()
        eventually(lambda: primary.run("SELECT state FROM pg_stat_replication") == [("streaming",)])
        if is_synchronous:
            primary.set("synchronous_standby_names", "standby")
            eventually(
                lambda: primary.run("SELECT sync_state FROM pg_stat_replication") == [("sync",)]
            )
        yield primary, standby
    finally:
        primary.kill()
        standby.kill()


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = server_folder(tmp_path_factory, "pair")
    place.mkdir()
    return place


def both(*servers: PostgresServer) -> str:
    """The URL that names several hosts."""
    return f"postgresql://postgres@{','.join(one.address for one in servers)}/postgres"


def test_nothing_acknowledged_is_lost_when_a_standby_takes_over(folder: Path) -> None:
    with pair(folder, is_synchronous=True) as (primary, standby):
        url = both(primary, standby)
        EventLogger("live", store=url, redis=False).close()
        writers = start_writers(url, 2, 150)
        told = first_of(writers)
        holder = start_holder(f"{url}?schema=backtests")
        time.sleep(0.5)
        primary.kill()
        standby.promote()
        told |= told_by(writers)
        assert len(told) == 300
        assert check(standby.url(), told) == 2 * (120 + 30 * 3)
        assert go_on(holder) == "logged 40\n"

        # The old primary comes back as a standby of the new one, and answers.
        back = PostgresServer(folder / "back")
        back.copy_of(standby, "back")
        back.start()
        try:
            with EventLogger("live", store=both(back, standby), redis=False) as logger:
                assert log_amounts(logger, 1) == [421]
            eventually(lambda: check(back.url(), told) == 421)
        finally:
            back.kill()


def test_a_standby_is_read_and_refuses_writers(folder: Path) -> None:
    with pair(folder, is_synchronous=True) as (primary, standby):
        with EventLogger("live", store=primary.url(), redis=False) as logger:
            log_amounts(logger, 1, 2, 3)
        eventually(lambda: check(standby.url(), {}) == 3)
        with pytest.raises(OSError, match="is a standby, which takes no writes"):
            open_store(standby.url())


@pytest.mark.parametrize("end", ["pg_cancel_backend", "pg_terminate_backend"])
def test_a_wait_for_a_standby_that_is_ended_is_no_acknowledgement(folder: Path, end: str) -> None:
    with pair(folder, is_synchronous=True) as (primary, standby):
        with EventLogger("live", store=primary.url(), redis=False) as logger:
            log_amounts(logger, 1)
        writers = start_writers(primary.url(), 1, 5)
        told = first_of(writers)
        standby.kill()
        for _ in range(3):
            eventually(lambda: primary.run(f"SELECT pid {_WAITING}"))
            primary.run(f"SELECT {end}(pid) {_WAITING}")
        assert writers[0].poll() is None
        standby.start()
        told |= told_by(writers)
        assert len(told) == 5
        count = check(primary.url(), told)
        eventually(lambda: check(standby.url(), told) == count)


_WAITING = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


def test_followers_say_so_when_a_tail_was_lost(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pair(folder, is_synchronous=False) as (primary, standby):
        with EventLogger("live", store=primary.url(), redis=False) as logger:
            log_amounts(logger, *range(3))
            eventually(lambda: check(standby.url(), {}) == 3)
        # What the standby does not have: it is stopped before the tail is written.
        standby.stop()
        with EventLogger("live", store=primary.url(), redis=False) as logger:
            log_amounts(logger, *range(5))
            eventually(lambda: logger.live_status()["counts"] == {"pending": 8})
        primary.kill()
        standby.start()
        standby.promote()
        with open_log(standby.url()) as reader:
            assert reader.global_order == 3
        # A board that has seen the tail, as one that is kept elsewhere has.
        standby.run("UPDATE event_logger.follower_positions SET event_order = 8")
        with EventLogger("live", store=standby.url(), redis=False) as logger:
            eventually(lambda: "has lost its tail" in caplog.text)
            assert log_amounts(logger, 9) == [4]
