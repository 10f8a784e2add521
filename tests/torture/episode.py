"""One episode: processes log to one store while everything is done to them that can be done."""

from __future__ import annotations

import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from event_logger import EventLoggerError, StoreError, open_log
from tests.redis_server import RedisServer, eventually
from tests.torture.listeners import Listeners
from tests.torture.places import FilePlace, Place
from tests.torture.plan import LIVE, LOGS, Plan, Strike
from tests.torture.processes import Processes
from tests.torture.ruin import Ruin
from tests.torture.verifier import verified

OF_PROCESSES = {
    "interrupt": signal.SIGINT,
    "log in a handler": signal.SIGUSR1,
}


@dataclass
class Result:
    """What an episode came to."""

    plan: Plan
    counts: Counter[str]
    faults: list[str]


@dataclass
class Episode:
    """Carries out a plan in a folder of its own."""

    plan: Plan
    folder: Path
    server: RedisServer
    place: Place
    faults: list[str] = field(default_factory=list)
    later: list[threading.Thread] = field(default_factory=list)
    of_redis: threading.Lock = field(default_factory=threading.Lock)
    is_redis_up: bool = False

    def run(self) -> Result:
        self.processes = Processes(self.folder, self.place.url, self.server.url)
        self._start_redis()
        listeners = Listeners(self.server, [log for log in LOGS if LIVE in LOGS[log]])
        for job in self.plan.jobs:
            self.processes.start(job)
        ruin = None
        try:
            self._strike_all()
            for one in self.later:
                one.join()
            place, known = self.place, None
            if self.plan.ruin is not None and isinstance(place, FilePlace):
                ruin = Ruin(place.path, self.folder, self.plan.ruin, self.plan.seed)
                self._stop_redis()
                place, known = ruin.strike(self.processes)
                self.processes.counts[self.plan.ruin] += 1
                self.faults += ruin.watched(self.processes)
        finally:
            for one in self.later:
                one.join()
            self.processes.stop_all(killed=self.plan.seed % len(self.plan.jobs))
        self._start_redis()
        counts = self.processes.counts
        if ruin is not None and known is not None:
            self.faults += ruin.verified(known)
        former = self.processes.former if known is None else known
        self.faults += verified(place, former, self.server, counts)
        self.faults += listeners.verified()
        counts["heard"] += listeners.heard
        return Result(self.plan, counts, self.faults)

    def _strike_all(self) -> None:
        if not self.plan.is_early:
            eventually(lambda: all(one.has_opened for one in self.processes.running))
        began = time.monotonic()
        for strike in self.plan.strikes:
            while (rest := began + strike.at - time.monotonic()) > 0:
                time.sleep(min(rest, 0.05))
                self.processes.replace()
            self._strike(strike)
        time.sleep(max(0.0, began + self.plan.seconds - time.monotonic()))

    def _strike(self, strike: Strike) -> None:
        self.processes.counts[strike.what] += 1
        running = self.processes.running
        one = running[strike.who % len(running)]
        match strike.what:
            case "interrupt" | "log in a handler":
                self.processes.signal(one, OF_PROCESSES[strike.what], strike.times)
            case "kill":
                self.processes.kill(one)
            case "terminate":
                self.processes.end(one)
            case "stop":
                one.process.send_signal(signal.SIGSTOP)
                self._later(strike.lasts, lambda: one.process.send_signal(signal.SIGCONT))
            case "move away":
                self._move_away(min(strike.lasts, 0.4))
            case "stop Redis":
                self._meanwhile(lambda: self._restart_redis(strike.lasts))
            case "pause Redis":
                self._meanwhile(lambda: self._pause_redis(strike.lasts))
            case "read":
                self._meanwhile(self._read)
            case _:
                act = self.place.strike(strike)
                if act is not None:
                    self._meanwhile(act)

    def _meanwhile(self, act: Callable[[], None]) -> None:
        self._later(0.0, act)

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        def run() -> None:
            time.sleep(seconds)
            with suppress(ProcessLookupError, sqlite3.OperationalError):
                act()

        thread = threading.Thread(target=run)
        thread.start()
        self.later.append(thread)

    def _start_redis(self) -> None:
        with self.of_redis:
            if not self.is_redis_up:
                self.server.start()
                self.is_redis_up = True

    def _stop_redis(self) -> None:
        with self.of_redis:
            self.server.kill()
            self.is_redis_up = False

    def _restart_redis(self, seconds: float) -> None:
        self._stop_redis()
        time.sleep(seconds)
        self._start_redis()

    def _pause_redis(self, seconds: float) -> None:
        with self.of_redis:
            if self.is_redis_up:
                with self.server.paused():
                    time.sleep(seconds)

    def _move_away(self, seconds: float) -> None:
        if not isinstance(self.place, FilePlace):
            return
        # A process that is about to open the store would make one in its place.
        if not all(one.has_opened for one in self.processes.running):
            return
        for one in self.later:
            one.join()
        store = self.place.path
        away = store.with_name("away.db")
        store.rename(away)
        time.sleep(seconds)
        if store.exists():
            self.faults.append("a file was made where the store had been moved away from")
            store.unlink()
        away.rename(store)

    def _read(self) -> None:
        for log in ("live-a", "live-b", "run"):
            try:
                with open_log(self.place.url, log) as reader:
                    last = reader.global_order
                    found = [event["order"] for event in reader.events[: min(last, 2000)]]
            except (StoreError, LookupError):
                continue
            except EventLoggerError as error:
                self.faults.append(f"a reader of {log}: {error!r}")
                continue
            if found != list(range(1, len(found) + 1)):
                self.faults.append(f"a reader of {log} saw orders with gaps")
