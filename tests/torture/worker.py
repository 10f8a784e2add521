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
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from event_logger import (
    AsyncEventLogger,
    EventLogger,
    EventLoggerError,
    IllegalTransitionError,
    InvalidUpdateError,
    LoggerClosedError,
    LogInUseError,
    StoreError,
    UnknownOrderError,
    end_orderly_at_signals,
)
from tests.torture.journal import Journal
from tests.torture.plan import ASYNC, BACKTEST, COMMIT_EVERY

HOUR = datetime(2024, 5, 12, 14, tzinfo=UTC)
EXPECTED = (
    IllegalTransitionError,
    InvalidUpdateError,
    LogInUseError,
    LoggerClosedError,
    StoreError,
)
"""What a call may be refused by here; anything else is a fault."""

STATUSES = ("submitted", "submitted", "confirmed", "failed", "reorged", "finalized")


class Caller:
    """Makes random calls, each with a name of its own that the event carries."""

    def __init__(self, name: str, job: dict[str, Any], journal: Journal, seed: int) -> None:
        self.name = name
        self.job = job
        self.journal = journal
        self.chance = random.Random(seed)
        self.is_live = job["kind"] != BACKTEST
        self._numbers = count()
        self._sayable: list[tuple[str, str, dict[str, Any], int]] = []
        self._orders: list[int] = []

    def next(self) -> tuple[str, str, str, tuple[Any, ...], dict[str, Any]]:
        """The next call's name, kind and method, and what it is called with; written down."""
        what = self.chance.choices(
            ("event", "bundle", "again", "update", "flush"), (50, 15, 12, 20, 3)
        )[0]
        if what == "again" and self._sayable:
            name, method, said, size = self.chance.choice(self._sayable)
            self._intend(name, "again", size)
            return name, "again", method, (HOUR,), said
        name = f"{self.name}.{next(self._numbers)}"
        if what == "update" and self.is_live and self._orders:
            order = self.chance.choice(self._orders[-30:])
            status = self.chance.choice(STATUSES)
            changes = {"status": status, "reason": name}
            if status == "submitted":
                changes["tx_hash"] = f"0x{name}"
            self._intend(name, "update", 1)
            return name, "update", "update_event", (order, changes), {}
        if what == "flush":
            return name, "flush", "flush", (), {}
        data: dict[str, Any] = {"call": name}
        is_sayable = self.chance.random() < 0.4
        if what != "bundle":
            if is_sayable:
                data["event_id"] = name
                self._sayable.append((name, "log_event", self._event(data), 1))
            self._intend(name, "event", 1)
            return name, "event", "log_event", (HOUR,), self._event(data)
        details, size = self._details(name, is_sayable)
        data |= {"bundle_name": "ENTRY", "detail_events": details}
        if is_sayable:
            self._sayable.append((name, "log_atomic_transaction", data, size))
        self._intend(name, "bundle", size)
        return name, "bundle", "log_atomic_transaction", (HOUR,), data

    def _event(self, data: dict[str, Any]) -> dict[str, Any]:
        return {"event_type": "STAKE_DEPOSIT", "venue": "LIDO", "token": "ETH", "amount": 1} | data

    def _details(self, name: str, is_sayable: bool) -> tuple[list[dict[str, Any]], int]:
        details: list[dict[str, Any]] = []
        for _ in range(self.chance.randint(1, 6)):
            details.append(self._event({"call": name}))
        if is_sayable:
            details[-1]["event_id"] = name
        size = 1 + len(details)
        if self.chance.random() < 0.3:
            details[0]["detail_events"] = [self._event({"call": name})]
            size += 1
        return details, size

    def _intend(self, name: str, kind: str, size: int) -> None:
        self.journal.write(call=name, log=self.job["log"], kind=kind, size=size)

    def heard(self, name: str, kind: str, orders: Any) -> None:
        """Write down what the call returned."""
        if kind == "flush":
            if not self.is_live and threading.current_thread() is threading.main_thread():
                self.journal.write(committed=name)
            return
        told = orders if isinstance(orders, list) else [orders]
        self.journal.write(told=name, orders=told, live=self.is_live)
        if kind in ("event", "bundle"):
            self._orders.append(told[0])

    def was_refused(self, name: str, kind: str, error: EventLoggerError) -> None:
        """Write down what the call raised."""
        if not isinstance(error, EXPECTED):
            self.journal.write(fault=f"{name}: {error!r}")
        if kind != "flush":
            self.journal.write(refused=name, why=repr(error))


def options(job: dict[str, Any]) -> dict[str, Any]:
    return {
        "execution_mode": "backtest" if job["kind"] == BACKTEST else "live",
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
        logger = AsyncEventLogger(**options(self.job))
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
        if job["kind"] == ASYNC:
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
