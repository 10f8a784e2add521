"""One episode: processes log to one store while everything is done to them that can be done."""

from __future__ import annotations

import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from event_logger import EventLoggerError, StoreError, open_log
from tests.redis_server import RedisServer, eventually
from tests.torture.listeners import Listeners
from tests.torture.plan import LIVE, LOGS, Plan, Strike
from tests.torture.processes import Processes
from tests.torture.ruin import Ruin
from tests.torture.strangers import hold_a_lease, hold_a_moment
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
    faults: list[str] = field(default_factory=list)
    later: list[threading.Thread] = field(default_factory=list)
    of_redis: threading.Lock = field(default_factory=threading.Lock)
    is_redis_up: bool = False

    def run(self) -> Result:
        self.store = self.folder / "store.db"
        self.processes = Processes(self.folder, f"sqlite:///{self.store}", self.server.url)
        self._start_redis()
        listeners = Listeners(self.server, [log for log in LOGS if LIVE in LOGS[log]])
        for job in self.plan.jobs:
            self.processes.start(job)
        ruin = None
        try:
            self._strike_all()
            for one in self.later:
                one.join()
            store, known = self.store, None
            if self.plan.ruin is not None:
                ruin = Ruin(self.store, self.folder, self.plan.ruin, self.plan.seed)
                self._stop_redis()
                store, known = ruin.strike(self.processes)
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
        self.faults += verified(store, former, self.server, counts)
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
            case "hold the lock":
                self._meanwhile(lambda: self._hold(strike.lasts))
            case "hold a lease":
                self._meanwhile(lambda: hold_a_lease(self.store, strike.who, strike.lasts))
            case "hold a moment":
                self._meanwhile(lambda: hold_a_moment(self.store, strike.lasts))
            case "open and close":
                self._meanwhile(lambda: self._stranger("PRAGMA user_version"))
            case "checkpoint":
                self._meanwhile(lambda: self._stranger("PRAGMA wal_checkpoint(TRUNCATE)"))
            case "move away":
                self._move_away(min(strike.lasts, 0.4))
            case "stop Redis":
                self._meanwhile(lambda: self._restart_redis(strike.lasts))
            case "pause Redis":
                self._meanwhile(lambda: self._pause_redis(strike.lasts))
            case "read":
                self._meanwhile(self._read)

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

    def _stranger(self, statement: str) -> None:
        if self.store.exists():
            with closing(sqlite3.connect(f"file:{self.store}?mode=rw", uri=True)) as connection:
                connection.execute(statement).fetchall()

    def _hold(self, seconds: float) -> None:
        if self.store.exists():
            uri = f"file:{self.store}?mode=rw"
            with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                time.sleep(seconds)
                connection.execute("ROLLBACK")

    def _move_away(self, seconds: float) -> None:
        # A process that is about to open the store would make one in its place.
        if not all(one.has_opened for one in self.processes.running):
            return
        for one in self.later:
            one.join()
        away = self.store.with_name("away.db")
        self.store.rename(away)
        time.sleep(seconds)
        if self.store.exists():
            self.faults.append("a file was made where the store had been moved away from")
            self.store.unlink()
        away.rename(self.store)

    def _read(self) -> None:
        for log in ("live-a", "live-b", "run"):
            try:
                with open_log(f"sqlite:///{self.store}", log) as reader:
                    last = reader.global_order
                    found = [event["order"] for event in reader.events[: min(last, 2000)]]
            except (StoreError, LookupError):
                continue
            except EventLoggerError as error:
                self.faults.append(f"a reader of {log}: {error!r}")
                continue
            if found != list(range(1, len(found) + 1)):
                self.faults.append(f"a reader of {log} saw orders with gaps")
