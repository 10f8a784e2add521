"""A former holder of a lease cannot write any more, whatever became of it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable

import pytest

from domain.errors import EventLoggerError, LogInUseError, StoreError
from domain.horizon import Horizon
from event_logger import EventLogger, open_log
from infrastructure.audit_logs import AuditLogs
from infrastructure.stores import open_store
from tests.faults_postgres.proxy import Proxy
from tests.infrastructure.stores.written import Move, entry, new_log, writer
from tests.postgres_server import PostgresServer
from tests.redis_server import eventually
from tests.support import PATIENCE, log_amounts, start_program

HOLDER = """
from event_logger import EventLoggerError
logger = EventLogger(store=sys.argv[1], commit_every=10)
for number in range(20):
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", number)
print("holds", flush=True)
sys.stdin.readline()
try:
    for number in range(20, 40):
        logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", number)
except EventLoggerError as error:
    print(type(error).__name__, error, flush=True)
    os._exit(0)
logger.flush()
print("logged", logger.global_order, flush=True)
"""

FENCED = "gave the lease of this log to another writer meanwhile, and nothing of this batch is"


def start_holder(url: str) -> subprocess.Popen[str]:
    """A process that has logged twenty events, and goes on when it is told."""
    holder = start_program(HOLDER, url)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "holds\n"
    return holder


def end_sessions(server: PostgresServer) -> None:
    """What an operator does about a holder that answers no more."""
    server.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'event-logger'"
    )


def go_on(holder: subprocess.Popen[str]) -> str:
    out, err = holder.communicate("go on\n", timeout=PATIENCE)
    assert holder.returncode == 0, err
    return out


def take_over(url: str) -> None:
    """Another holder begins, and is at it while the former goes on."""
    with EventLogger(store=url) as logger:
        assert log_amounts(logger, 100, 101) == [21, 22]


def amounts(url: str) -> list[int]:
    with open_log(url) as reader:
        return [event["amount"] for event in reader.events]


def test_a_holder_that_was_stopped_cannot_go_on_after_another_began(
    durable: PostgresServer,
) -> None:
    url = durable.url()
    holder = start_holder(url)
    holder.send_signal(signal.SIGSTOP)
    with EventLogger(store=url) as rival:
        with pytest.raises(LogInUseError):
            log_amounts(rival, 1)
    end_sessions(durable)
    eventually(lambda: takes(url))
    take_over(url)
    holder.send_signal(signal.SIGCONT)
    said = go_on(holder)
    assert FENCED in said
    assert amounts(url) == [*range(20), 100, 101]


def takes(url: str) -> bool:
    """Whether the lease is free."""
    with AuditLogs(url) as logs:
        try:
            return logs.lease(logs.get("default"))
        except EventLoggerError:
            return False


def test_a_holder_whose_connections_were_cut_goes_on_if_nobody_came_between(
    durable: PostgresServer, proxy: Proxy
) -> None:
    holder = start_holder(proxy.url())
    proxy.cut_all()
    assert go_on(holder) == "logged 40\n"
    assert amounts(durable.url()) == list(range(40))


def test_a_holder_whose_connections_were_cut_is_fenced_by_the_next(
    durable: PostgresServer, proxy: Proxy
) -> None:
    holder = start_holder(proxy.url())
    proxy.cut_all()
    eventually(lambda: takes(durable.url()))
    take_over(durable.url())
    assert FENCED in go_on(holder)
    assert amounts(durable.url()) == [*range(20), 100, 101]


@pytest.mark.parametrize("again", [lambda server: server.kill(), lambda server: server.stop()])
def test_a_holder_is_fenced_by_who_came_after_a_restart(
    durable: PostgresServer, again: Callable[[PostgresServer], None]
) -> None:
    url = durable.url()
    holder = start_holder(url)
    holder.send_signal(signal.SIGSTOP)
    again(durable)
    durable.start()
    take_over(url)
    holder.send_signal(signal.SIGCONT)
    assert FENCED in go_on(holder)
    assert amounts(url) == [*range(20), 100, 101]


def test_a_holder_that_was_stopped_is_refused_while_another_is_at_it(
    durable: PostgresServer,
) -> None:
    holder = start_holder(durable.url())
    holder.send_signal(signal.SIGSTOP)
    end_sessions(durable)
    eventually(lambda: takes(durable.url()))
    with EventLogger(store=durable.url()) as rival:
        log_amounts(rival, 100)
        holder.send_signal(signal.SIGCONT)
        assert FENCED in go_on(holder)
    assert amounts(durable.url()) == [*range(20), 100]


def test_the_epoch_stops_a_holder_that_does_not_know_yet(
    durable: PostgresServer, proxy: Proxy
) -> None:
    """Its session was ended between its last look and its commit: what it sends names the epoch."""
    with open_store(proxy.url()) as former, open_store(durable.url()) as present:
        log = new_log(former)
        held, taken = (one.lease(log.log.id, "run", "") for one in (former, present))
        assert held.try_acquire()
        log.append(entry())
        for part in (entry(), Move(1), entry(event_id="late")):
            end_sessions(durable)
            eventually(taken.try_acquire)
            with pytest.raises(StoreError, match="gave the lease of this log to another writer"):
                log.append(part)
        assert present.reads.end(log.log.id).horizon == Horizon(1)
        log.append(entry(), store=present, by=writer())
        assert not held.is_held
        taken.release()


def test_a_holder_that_died_leaves_no_lease(durable: PostgresServer) -> None:
    holder = start_holder(durable.url())
    holder.kill()
    holder.communicate()
    eventually(lambda: takes(durable.url()))
    take_over(durable.url())
