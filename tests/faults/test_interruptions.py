"""An interruption anywhere leaves the log right: Ctrl-C, or a signal handler that itself logs.

At every place where CPython looks for signals during a call, one run each: then the log goes on, is
closed and read.
"""

from __future__ import annotations

import os
import random
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from domain.errors import LoggerClosedError
from event_logger import EventLogger, open_log
from infrastructure.followers.follower import FollowerThread
from tests.faults.interrupted import RaisedByHandlerError, one_of_each, run
from tests.support import HOUR, url_of

DETAILS = 2
TRIED = os.environ.get("EVENT_LOGGER_INTERRUPTED_PLACES", "6")
"""How many places of each call are tried; with "all", every one."""


class Caller:
    """Logs to one log and remembers what it was told; no two of its events have the same amount."""

    def __init__(self, mode: str, store: str, log: str) -> None:
        self.log = log
        self.logger = EventLogger(mode, store=store, log=log, redis=False, commit_every=4)
        self.amounts: dict[int, int] = {}
        self.statuses: dict[int, str] = {}
        self._next = count(1)
        self._work = next(self._next)
        self.event()
        self.event()

    def event(self) -> None:
        amount = next(self._next)
        order = self.logger.log_event(HOUR, "TRADE_EXECUTED", "BINANCE", "ETH", amount)
        self.amounts[order] = amount

    def full_batch(self) -> None:
        self.event()
        self.event()

    def named_event(self) -> None:
        order = self.logger.log_event(HOUR, "TRADE_EXECUTED", "B", "ETH", 1000, event_id="fill")
        self.amounts[order] = 1000

    def bundle(self) -> None:
        amount = next(self._next)
        details = [{"event_type": "LOOP", "venue": "AAVE", "amount": amount}] * DETAILS
        orders = self.logger.log_atomic_transaction(HOUR, f"bundle-{amount}", details)
        self.amounts |= dict.fromkeys(orders[1:], amount)

    def update(self) -> None:
        self.logger.update_event(1, {"status": "submitted", "tx_hash": "0xa"})
        self.statuses[1] = "submitted"

    def flush(self) -> None:
        self.logger.flush()

    def close(self) -> None:
        self.logger.close()


CALLS = ["event", "full_batch", "named_event", "bundle", "update", "flush", "close"]
CASES = [
    pytest.param(mode, where, call, id=f"{mode} {where} {call}")
    for mode, where in (("backtest", "memory"), ("backtest", "file"), ("live", "file"))
    for call in CALLS
    if (mode, call) != ("backtest", "update") and (mode, call) != ("live", "full_batch")
]


class Bench:
    """Makes a caller with a log of its own for each run, and judges what became of the log."""

    def __init__(self, mode: str, path: Path | None) -> None:
        self.mode = mode
        self.path = path
        self.store = ":memory:" if path is None else url_of(path)
        self._logs = count(1)

    def caller(self) -> Caller:
        return Caller(self.mode, self.store, f"log-{next(self._logs)}")

    def check(self, caller: Caller, call: str, place: object) -> None:
        assert self._is_free(), f"the store is held for writing after {place}"
        _go_on(caller, call)
        if self.path is None:
            with suppress(LoggerClosedError):
                _check(caller, caller.logger.get_all_events())
            caller.logger.close()
            return
        caller.logger.close()
        with open_log(self.store, caller.log) as reader:
            _check(caller, reader.get_all_events())

    def _is_free(self) -> bool:
        if self.path is None:
            return True
        connection = sqlite3.connect(self.path, timeout=0, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return False
        finally:
            connection.close()
        return True


def _go_on(caller: Caller, call: str) -> None:
    """The same again and more, in another thread: no lock is left held."""
    failures: list[BaseException] = []

    def log() -> None:
        try:
            for name in dict.fromkeys((call, "named_event", "bundle", "event", "flush")):
                if name != "close":
                    getattr(caller, name)()
        except LoggerClosedError:
            if call != "close":
                raise
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=log, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive(), "a lock is left held"
    if failures:
        raise failures[0]


def _check(caller: Caller, events: list[dict[str, Any]]) -> None:
    assert [event["order"] for event in events] == list(range(1, len(events) + 1))
    logged = {event["order"]: event["amount"] for event in events}
    assert {order: logged.get(order) for order in caller.amounts} == caller.amounts
    singles = [e["amount"] for e in events if e["event_type"] == "TRADE_EXECUTED"]
    assert len(singles) == len(set(singles))
    for wrapper in events:
        if wrapper["event_type"] == "ATOMIC_TRANSACTION":
            first = wrapper["order"] + 1
            assert wrapper["detail_orders"] == list(range(first, first + DETAILS))
            details = events[first - 1 : first - 1 + DETAILS]
            assert {detail["parent_event"] for detail in details} == {wrapper["order"]}
            assert {f"bundle-{detail['amount']}" for detail in details} == {wrapper["bundle_name"]}
    in_bundles = sum(1 + DETAILS for e in events if e["event_type"] == "ATOMIC_TRANSACTION")
    assert len(events) == len(singles) + in_bundles
    names = [e["bundle_name"] for e in events if e["event_type"] == "ATOMIC_TRANSACTION"]
    assert len(names) == len(set(names))
    for order, status in caller.statuses.items():
        assert events[order - 1]["status"] == status


@pytest.fixture(autouse=True)
def _no_followers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread's transaction at the same moment would be taken for a lock left held."""
    monkeypatch.setattr(FollowerThread, "start", lambda follower: None)


@pytest.fixture
def bench(tmp_path: Path) -> Callable[[str, str], Bench]:
    return lambda mode, where: Bench(mode, tmp_path / "log.db" if where == "file" else None)


def places_of(bench: Bench, call: str) -> tuple[list[Any], list[int]]:
    """The places of a call, found by a run that nothing interrupts, and the numbers to try."""
    places: list[Any] = []
    for _ in range(2):  # the first brings in what is imported when it is used
        caller = bench.caller()
        places = run(getattr(caller, call))
        bench.check(caller, call, "nothing")
    assert places
    numbers = one_of_each(places, seed=len(places))
    if TRIED.isdigit():
        numbers = random.Random(len(places)).sample(numbers, min(int(TRIED), len(numbers)))
    return places, numbers


@pytest.mark.parametrize(("mode", "where", "call"), CASES)
def test_an_interrupt_anywhere_leaves_the_log_right(
    bench: Callable[[str, str], Bench], mode: str, where: str, call: str
) -> None:
    ours = bench(mode, where)
    places, numbers = places_of(ours, call)
    for number in numbers:
        caller = ours.caller()
        kind = (KeyboardInterrupt, RaisedByHandlerError)[number % 2]

        def interrupt(kind: type[BaseException] = kind) -> None:
            raise kind

        run(getattr(caller, call), interrupt, number)
        ours.check(caller, call, places[number - 1])


@pytest.mark.parametrize(("mode", "where", "call"), CASES)
def test_a_signal_handler_that_logs_anywhere_leaves_the_log_right(
    bench: Callable[[str, str], Bench], mode: str, where: str, call: str
) -> None:
    ours = bench(mode, where)
    places, numbers = places_of(ours, call)
    handlers = ["event", "bundle", "named_event", "full_batch", "flush"]
    handlers += ["update"] if mode == "live" else []
    for place, number in enumerate(numbers):
        caller = ours.caller()

        def handler(caller: Caller = caller, name: str = handlers[place % len(handlers)]) -> None:
            with suppress(LoggerClosedError):
                getattr(caller, name)()

        run(getattr(caller, call), handler, number)
        ours.check(caller, call, places[number - 1])
