"""One process of the torture: logs at random until it is stopped, and keeps a journal of it."""

from __future__ import annotations

import asyncio
import gc
import json
import random
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from event_logger import (
    AsyncEventLogger,
    EventLogger,
    EventLoggerError,
    LoggerClosedError,
    LogInUseError,
    StoreError,
    UnknownOrderError,
    end_orderly_at_signals,
)
from tests.torture.caller import Caller
from tests.torture.journal import Journal
from tests.torture.plan import ASYNC, ASYNC_BACKTEST, COMMIT_EVERY, LIVE


def options(job: dict[str, Any]) -> dict[str, Any]:
    return {
        "execution_mode": "live" if job["kind"] in (LIVE, ASYNC) else "backtest",
        "store": job["store"],
        "log": job["log"],
        "redis": job["redis"] or False,
        "channel_prefix": f"{job['log']}:",
        "commit_every": COMMIT_EVERY,
    }


class SyncWorker:
    """Threads that share one logger, and a signal handler that logs to it."""

    def __init__(self, job: dict[str, Any], journal: Journal) -> None:
        self.job = job
        self.journal = journal
        self.chance = random.Random(job["seed"])
        self.logger = self._opened()
        self._in_handler = Caller(f"{job['name']}.h", job, journal, job["seed"] + 99)
        signal.signal(signal.SIGUSR1, lambda *_: self._once(self._in_handler))
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def _opened(self) -> EventLogger:
        while True:
            try:
                return EventLogger(**options(self.job))
            except (StoreError, KeyboardInterrupt):
                continue

    def run(self) -> None:
        for n in range(1, self.job["threads"]):
            caller = Caller(f"{self.job['name']}.{n}", self.job, self.journal, self.job["seed"] + n)
            threading.Thread(target=self._in_thread, args=(caller,), daemon=True).start()
        caller = Caller(f"{self.job['name']}.0", self.job, self.journal, self.job["seed"])
        self.journal.write(opened=self.job["name"])
        while True:
            try:
                self._once(caller)
                self._besides()
            except KeyboardInterrupt:
                _relax()

    def _in_thread(self, caller: Caller) -> None:
        try:
            while True:
                self._once(caller)
        except LoggerClosedError:
            return
        except Exception:
            self.journal.write(fault=traceback.format_exc())

    def _once(self, caller: Caller) -> None:
        name, kind, method, positional, named = caller.next()
        try:
            with self._disk():
                result = getattr(self.logger, method)(*positional, **named)
        except EventLoggerError as error:
            caller.was_refused(name, kind, error)
            is_main = threading.current_thread() is threading.main_thread()
            if isinstance(error, LoggerClosedError) and not is_main:
                raise
        else:
            caller.heard(name, kind, result)

    def _besides(self) -> None:
        what = self.chance.random()
        if what < 0.02:
            with suppress(StoreError, UnknownOrderError):
                self.chance.choice(READS)(self.logger)
        elif what < 0.03:
            gc.collect()
        elif what < 0.035 and self.job["drops"] and self.job["threads"] == 1:
            # In a cycle, so that the garbage collector finds it, whenever that is.
            cycle: list[Any] = [self.logger]
            cycle.append(cycle)
            del cycle
            self.logger = self._opened()
            self.journal.write(dropped=self.job["name"])

    def _disk(self) -> Any:
        if self.job["tight_disk"] and self.chance.random() < 0.01:
            return _TightDisk(self.job, self.journal, self.chance.randrange(60_000))
        return nullcontext()


READS: list[Callable[[EventLogger], Any]] = [
    lambda logger: logger.global_order,
    lambda logger: logger.live_status(),
    lambda logger: list(logger.events[-20:]),
    lambda logger: list(logger.search(event_type="STAKE_DEPOSIT", limit=3)),
    lambda logger: logger.history(1),
]


class _TightDisk:
    """No file may grow beyond a little more than the write-ahead log has now."""

    def __init__(self, job: dict[str, Any], journal: Journal, more: int) -> None:
        wal = Path(f"{job['store'].removeprefix('sqlite:///')}-wal")
        sizes = [one.stat().st_size for one in (wal, journal.path) if one.exists()]
        self._limit = max(sizes) + 10_000 + more

    def __enter__(self) -> None:
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (self._limit, hard))

    def __exit__(self, *_: object) -> None:
        _relax()


def _relax() -> None:
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


class AsyncWorker:
    """Tasks that share one logger; some are cancelled while they wait."""

    def __init__(self, job: dict[str, Any], journal: Journal) -> None:
        self.job = job
        self.journal = journal
        self.chance = random.Random(job["seed"])

    async def run(self) -> None:
        logger = await self._opened()
        self.journal.write(opened=self.job["name"])
        callers = [
            Caller(f"{self.job['name']}.{n}", self.job, self.journal, self.job["seed"] + n)
            for n in range(8)
        ]
        try:
            await asyncio.gather(*(self._log(logger, caller) for caller in callers))
        finally:
            if self.job["closes"]:
                await logger.aclose()

    async def _opened(self) -> AsyncEventLogger:
        while True:
            logger = AsyncEventLogger(**options(self.job))
            try:
                # The first call opens the store.
                await logger.flush()
            except StoreError:
                continue
            return logger

    async def _log(self, logger: AsyncEventLogger, caller: Caller) -> None:
        while True:
            name, kind, method, positional, named = caller.next()
            call = asyncio.ensure_future(getattr(logger, method)(*positional, **named))
            try:
                if caller.chance.random() < 0.02:
                    await asyncio.sleep(0)
                    call.cancel()
                result = await call
            except asyncio.CancelledError:
                if not call.cancelled():
                    raise
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
            except EventLoggerError as error:
                caller.was_refused(name, kind, error)
            else:
                caller.heard(name, kind, result)


def main() -> None:
    job = json.loads(sys.argv[1])
    journal = Journal(Path(job["journal"]))
    end_orderly_at_signals()
    try:
        if job["kind"] in (ASYNC, ASYNC_BACKTEST):
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            asyncio.run(AsyncWorker(job, journal).run())
            return
        worker = SyncWorker(job, journal)
        try:
            worker.run()
        finally:
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            if job["closes"]:
                worker.logger.close()
    except LogInUseError:
        sys.exit(3)
    except Exception:
        journal.write(fault=traceback.format_exc())
        sys.exit(4)


if __name__ == "__main__":
    main()
