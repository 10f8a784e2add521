"""A server that is killed under its writers and started again: what it acknowledged is there."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from event_logger import EventLogger, LogInUseError, StoreError, open_log
from tests.faults_postgres.written import check, first_of, start_writers, told_by
from tests.postgres_server import PostgresServer
from tests.redis_server import RedisServer, eventually
from tests.support import log_amounts


def test_a_server_killed_under_four_writers_keeps_what_it_acknowledged(
    durable: PostgresServer,
) -> None:
    EventLogger("live", store=durable.url(), redis=False).close()
    writers = start_writers(durable.url(), 4, 300)
    told = first_of(writers)
    for _ in range(3):
        time.sleep(0.2)
        durable.kill()
        durable.start()
    told |= told_by(writers)
    assert len(told) == 1200
    assert check(durable.url(), told) == 4 * (240 + 60 * 3)


def test_writers_that_are_killed_leave_no_gap_and_no_lock(durable: PostgresServer) -> None:
    EventLogger("live", store=durable.url(), redis=False).close()
    writers = start_writers(durable.url(), 3, 100_000)
    told: dict[str, int] = {}
    for writer in writers:
        assert writer.stdout is not None
        for _ in range(60):
            said, _, name = writer.stdout.readline().strip().partition(" ")
            told[name] = int(said)
        writer.kill()
        told |= told_by([writer], code=None)
    with EventLogger("live", store=durable.url(), redis=False) as logger:
        (order,) = log_amounts(logger, 1)
    assert check(durable.url(), told) == order


def test_a_backtest_goes_on_over_a_restart(durable: PostgresServer) -> None:
    with EventLogger(store=durable.url(), commit_every=100) as logger:
        log_amounts(logger, *range(250))
        durable.kill()
        durable.start()
        log_amounts(logger, *range(250, 500))
        with EventLogger(store=durable.url()) as rival, pytest.raises(LogInUseError):
            log_amounts(rival, 1)
    with open_log(durable.url()) as reader:
        assert [event["amount"] for event in reader.events] == list(range(500))


def test_followers_go_on_over_a_restart(durable: PostgresServer, server: RedisServer) -> None:
    with (
        EventLogger("live", store=durable.url(), redis=server.url) as logger,
        EventLogger("live", store=durable.url(), redis=server.url) as other,
    ):
        log_amounts(logger, *range(20))
        eventually(lambda: server.logged() == list(range(1, 21)))
        durable.kill()
        durable.start()
        log_amounts(other, *range(20))
        log_amounts(logger, *range(20))
        eventually(lambda: server.logged() == list(range(1, 61)))
        assert logger.live_status()["counts"] == {"pending": 60}


@pytest.mark.parametrize("mode", ["live", "backtest"])
def test_an_orderly_restart_is_no_more_than_a_pause(durable: PostgresServer, mode: str) -> None:
    with EventLogger(mode, store=durable.url(), redis=False, commit_every=10) as logger:
        for round_number in range(3):
            log_amounts(logger, *range(25))
            durable.stop()
            durable.start()
            assert logger.events[-1]["order"] == 25 * (round_number + 1)


@pytest.mark.parametrize("mode", ["live", "backtest"])
@pytest.mark.parametrize("end", [lambda server: server.kill(), lambda server: server.stop()])
def test_without_a_server_a_call_says_that_nothing_is_stored(
    durable: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[PostgresServer], None],
    mode: str,
) -> None:
    from infrastructure.stores.postgres import appends

    monkeypatch.setattr(appends, "WAIT_SECONDS", 0.3)
    with EventLogger(mode, store=durable.url(), redis=False, commit_every=1) as logger:
        log_amounts(logger, 1, 2)
        end(durable)
        for amount in (3, 4):
            with pytest.raises(StoreError, match=r"cannot be reached .*; nothing of this is"):
                log_amounts(logger, amount)
        durable.start()
        assert log_amounts(logger, 5) == [3]
    with open_log(durable.url()) as reader:
        assert [event["amount"] for event in reader.events] == [1, 2, 5]
