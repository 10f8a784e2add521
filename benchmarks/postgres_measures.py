"""The measures of a store on a PostgreSQL server that syncs, beside the bare driver in one run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path

import psycopg

from benchmarks.contestants import flat_arguments
from benchmarks.figure import Figure, interleaved, micros, ratio, timed
from benchmarks.live_measures import latency_of
from benchmarks.postgres_contestants import (
    backtest,
    live,
    many_tasks,
    raw_copy,
    raw_statements,
    raw_tables,
)
from benchmarks.workload import calls
from event_logger import EventLogger, open_log
from tests.postgres_server import PostgresServer, running

ROUND, LIVE, GROUPED, TWO = 10_000, 1_000, 6_000, 1_500
SLOWED_MICROSECONDS = 2000

_schemas = count()


def postgres(events: int) -> Iterator[Figure]:
    """All of them, on a server of its own in a folder where `work_in` says."""
    with server() as one:
        yield _batches(one)
        for slowed in (False, True):
            _slow_down(one, SLOWED_MICROSECONDS if slowed else 0)
            yield from _live(one, slowed)
            yield _two_logs(one, slowed)
        _slow_down(one, 0)
        yield _beside_a_snapshot(one)
        yield from _of_length(one, events)
        yield from latency_of(_fresh(one), "on a server, ", 10.0)


@contextmanager
def server() -> Iterator[PostgresServer]:
    """A server from the wheel that syncs."""
    with tempfile.TemporaryDirectory(prefix=".bench-") as name:
        Path(name).chmod(0o755)
        with running(Path(name) / "data", settings={"shared_buffers": "256MB"}) as one:
            yield one


def _slow_down(server: PostgresServer, microseconds: int) -> None:
    """Let each flush wait: on a disk that is as slow as this."""
    server.set("commit_siblings", "0")
    server.set("commit_delay", str(microseconds))


def _fresh(server: PostgresServer) -> str:
    return server.url(f"bench_{next(_schemas)}")


def _in_fresh_schemas(
    server: PostgresServer,
    ours: dict[str, Callable[[str], float]],
    raw: dict[str, Callable[[psycopg.Connection, str], float]],
) -> dict[str, list[float]]:
    def of_ours(measure: Callable[[str], float]) -> float:
        return measure(_fresh(server))

    def of_raw(measure: Callable[[psycopg.Connection, str], float]) -> float:
        schema = f"bench_{next(_schemas)}"
        with server.connect() as connection:
            raw_tables(connection, schema)
            return measure(connection, schema)

    return interleaved(
        {name: partial(of_ours, one) for name, one in ours.items()}
        | {name: partial(of_raw, one) for name, one in raw.items()}
    )


def _batches(server: PostgresServer) -> Figure:
    logged = list(calls(ROUND))
    found = _in_fresh_schemas(
        server,
        {"ours": partial(backtest, logged)},
        {"raw": partial(raw_copy, flat_arguments(logged))},
    )
    return Figure(
        "on a server, a backtest, times raw binary COPY by 1,000",
        ratio(found["raw"], found["ours"]),
        0.4,
        0.6,
        detail=f"{micros(found['ours'], ROUND)} against {micros(found['raw'], ROUND)} µs an event",
    )


def _live(server: PostgresServer, slowed: bool) -> list[Figure]:
    logged = list(calls(GROUPED))
    few = logged[:LIVE]
    found = _in_fresh_schemas(
        server,
        {"one": partial(live, few), "tasks": partial(many_tasks, logged)},
        {"raw": partial(raw_statements, flat_arguments(few))},
    )
    one, tasks = ([seconds / n for seconds in found[name]] for name, n in _COUNTS.items())
    raw = [seconds / LIVE for seconds in found["raw"]]
    where = "slowed flush, " if slowed else "on a server, "
    return [
        Figure(
            f"{where}live, one at a time, times a raw statement",
            ratio(raw, one),
            0.6,
            0.6,
            detail=f"{micros(one, 1)} against {micros(raw, 1)} µs an event",
        ),
        Figure(
            f"{where}100 tasks, times one at a time",
            ratio(one, tasks),
            6.0,
            6.0,
            detail=f"{micros(tasks, 1)} against {micros(one, 1)} µs an event",
        ),
    ]


_COUNTS = {"one": LIVE, "tasks": GROUPED}


def _two_logs(server: PostgresServer, slowed: bool) -> Figure:
    """How much two processes gain over one, each with a log of its own, over what raw SQL gains."""
    gains: dict[str, list[float]] = {"ours": [], "raw": []}
    for _ in range(5):
        for kind, found in gains.items():
            (alone,) = _together(server, kind, 1)
            both = max(_together(server, kind, 2))
            found.append(2 * alone / both)
    ours, raw = (statistics.median(gains[kind]) for kind in ("ours", "raw"))
    where = "slowed flush, " if slowed else "on a server, "
    return Figure(
        f"{where}two logs from two processes, their gain over raw SQL's",
        statistics.median(o / r for o, r in zip(gains["ours"], gains["raw"], strict=True)),
        0.9,
        0.9,
        detail=f"a gain of {ours:.2f} against {raw:.2f}",
    )


_CHILD = """
import sys
from benchmarks.contestants import flat_arguments
from benchmarks.postgres_contestants import live, raw_statements
from benchmarks.workload import calls
import psycopg
kind, url, address, schema, events = sys.argv[1:]
logged = list(calls(int(events)))
flat = flat_arguments(logged)
host, port = address.split(":")
connection = psycopg.connect(host=host, port=port, user="postgres", dbname="postgres",
                             autocommit=True)
print("ready", flush=True)
sys.stdin.readline()
if kind == "raw":
    print(raw_statements(flat, connection, schema))
else:
    print(live(logged, url, log=schema))
"""


def _together(server: PostgresServer, kind: str, processes: int) -> list[float]:
    """The seconds that each of so many processes takes for a log of its own, in one store."""
    url, schema = _fresh(server), f"bench_{next(_schemas)}"
    with server.connect() as connection:
        raw_tables(connection, schema)
    EventLogger("live", store=url, log="made", redis=False).close()
    with ExitStack() as stack:
        children = []
        for number in range(processes):
            name = schema if kind == "raw" else f"log-{number}"
            command = [sys.executable, "-c", _CHILD, kind, url, server.address, name, str(TWO)]
            child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            children.append(stack.enter_context(child))
        for child in children:
            if child.stdout is None or child.stdout.readline() != "ready\n":
                raise RuntimeError("a contestant did not start")
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        return [float(child.stdout.readline()) for child in children if child.stdout is not None]


def _beside_a_snapshot(server: PostgresServer) -> Figure:
    """Live logging while an idle session keeps an old snapshot, over the same without."""
    logged = list(calls(4 * LIVE))

    def beside(url: str) -> float:
        with server.connect() as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            connection.execute("SELECT count(*) FROM pg_catalog.pg_class")
            return live(logged, url)

    found = _in_fresh_schemas(server, {"with": beside, "without": partial(live, logged)}, {})
    return Figure(
        "on a server, live beside an idle snapshot, times without",
        ratio(found["without"], found["with"]),
        0.5,
        0.8,
        detail=f"{len(logged)} events",
    )


def _of_length(server: PostgresServer, events: int) -> list[Figure]:
    """What a long log costs, over the same of one of a thousand events."""
    urls = {"short": _fresh(server), "long": _fresh(server)}
    for name, n in (("short", 1000), ("long", events)):
        many_tasks(calls(n), urls[name])
        with EventLogger("live", store=urls[name], redis=False) as logger:
            logger.log_event(_TIME, "GAS_FEE_PAID", "ETHEREUM", event_id="needle", tx_hash="0x1")
    server.run("VACUUM ANALYZE")
    tasks: Sequence[tuple[str, Callable[[str], object]]] = (
        ("opening and appending one", _append_one),
        ("a look-up by event_id", partial(_look_up, event_id="needle")),
        ("a look-up by tx_hash", partial(_look_up, tx_hash="0x1")),
        ("live_status()", _status),
    )
    figures = []
    for what, task in tasks:
        found = interleaved(
            {name: partial(timed, partial(task, url)) for name, url in urls.items()}, rounds=9
        )
        long, short = (statistics.median(found[name]) for name in ("long", "short"))
        detail = f"{long * 1e3:.1f} against {short * 1e3:.1f} ms, {events:,} events"
        figures.append(
            Figure(f"on a server, {what}, times a short log", long / short, 2.0, 1.2, True, detail)
        )
    return figures


_TIME = datetime(2030, 1, 1, tzinfo=UTC)


def _append_one(url: str) -> None:
    with EventLogger("live", store=url, redis=False) as logger:
        logger.log_event(_TIME, "GAS_FEE_PAID", "ETHEREUM")


def _look_up(url: str, **what: str) -> None:
    with open_log(url) as reader:
        list(reader.search(**what))  # type: ignore[arg-type]


def _status(url: str) -> None:
    with open_log(url) as reader:
        reader.live_status()
