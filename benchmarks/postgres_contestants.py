"""Ways to log to a PostgreSQL server, and to do the same with its driver; seconds each took."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Iterable, Sequence
from uuid import uuid4

import orjson
import psycopg

from benchmarks.contestants import BATCH, Arguments, plain_arguments
from benchmarks.live_contestants import TASKS
from benchmarks.workload import Call
from event_logger import AsyncEventLogger, EventLogger

_TABLES = (
    "CREATE TABLE {schema}.heads (log_id uuid PRIMARY KEY, last_order bigint NOT NULL)"
    " WITH (fillfactor=10)",
    "CREATE TABLE {schema}.events (log_id uuid, event_order bigint, topic text NOT NULL,"
    " state bytea NOT NULL, committed_at bigint, writer int, token bigint,"
    " PRIMARY KEY (log_id, event_order))",
)
"""What a raw contestant writes to: a head to advance, and events with our columns."""


def backtest(calls: Iterable[Call], url: str) -> float:
    """`EventLogger` in backtest mode, closed at the end."""
    started = time.perf_counter()
    with EventLogger(store=url) as logger:
        for method, arguments in calls:
            getattr(logger, method)(**arguments)
    return time.perf_counter() - started


def live(calls: Iterable[Call], url: str, log: str = "default") -> float:
    """`EventLogger` in live mode with its status board, each event durable before the next."""
    with EventLogger("live", store=url, log=log, redis=False) as logger:
        started = time.perf_counter()
        for method, arguments in calls:
            getattr(logger, method)(**arguments)
        return time.perf_counter() - started


def many_tasks(calls: Iterable[Call], url: str) -> float:
    """`AsyncEventLogger` with a hundred tasks that each await event after event."""

    async def run() -> float:
        async with AsyncEventLogger("live", store=url, redis=False) as logger:
            await logger.flush()
            waiting = iter(calls)

            async def task() -> None:
                for method, arguments in waiting:
                    await getattr(logger, method)(**arguments)

            started = time.perf_counter()
            await asyncio.gather(*(task() for _ in range(TASKS)))
            return time.perf_counter() - started

    return asyncio.run(run())


def raw_tables(connection: psycopg.Connection, schema: str) -> None:
    """Make what the raw contestants write to."""
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}".encode())
    for statement in _TABLES:
        connection.execute(statement.format(schema=schema).encode())


def raw_copy(events: Sequence[Arguments], connection: psycopg.Connection, schema: str) -> float:
    """Binary COPY of orjson bytes by 1,000, each batch committed: nothing checked or known."""
    plain, log = plain_arguments(events), uuid4()
    topic = b"audit-log.event-logged"
    head = struct.pack("!hi16si", 7, 16, log.bytes, 8)
    between = struct.pack("!i", len(topic)) + topic
    after = struct.pack("!iqiii", 8, 1, 4, 1, -1)
    statement = f"COPY {schema}.events FROM STDIN (FORMAT binary)".encode()
    started = time.perf_counter()
    for start in range(0, len(plain), BATCH):
        parts = [b"PGCOPY\n\xff\r\n\x00" + bytes(8)]
        for order, one in enumerate(plain[start : start + BATCH], start + 1):
            state = orjson.dumps(one)
            parts += (head, struct.pack("!q", order), between, struct.pack("!i", len(state)))
            parts += (state, after)
        parts.append(b"\xff\xff")
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(b"".join(parts))
    return time.perf_counter() - started


def raw_statements(
    events: Sequence[Arguments], connection: psycopg.Connection, schema: str
) -> float:
    """One statement an event that advances a head row and inserts, committed by itself."""
    plain, log = plain_arguments(events), uuid4()
    connection.execute(f"INSERT INTO {schema}.heads VALUES (%s, 0)".encode(), (log,))
    statement = (
        f"WITH head AS (UPDATE {schema}.heads SET last_order = last_order + 1 WHERE log_id = %s"
        f" RETURNING log_id, last_order) INSERT INTO {schema}.events SELECT log_id, last_order,"
        " 'audit-log.event-logged', %b, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,"
        " 1, NULL FROM head"
    ).encode()
    started = time.perf_counter()
    for one in plain:
        connection.execute(statement, (log, orjson.dumps(one)), prepare=True)
    return time.perf_counter() - started
