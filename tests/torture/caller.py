"""What one caller of the torture does next, and what it was told, in its journal."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime
from itertools import count
from typing import Any

from event_logger import (
    EventLoggerError,
    IllegalTransitionError,
    InvalidUpdateError,
    LoggerClosedError,
    LogInUseError,
    StoreError,
)
from tests.torture.journal import Journal
from tests.torture.plan import ASYNC, ASYNC_BACKTEST, LIVE

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
        self.is_live = job["kind"] in (LIVE, ASYNC)
        self.is_durable = self.is_live or job["kind"] == ASYNC_BACKTEST
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
            if not self.is_durable and threading.current_thread() is threading.main_thread():
                self.journal.write(committed=name)
            return
        told = orders if isinstance(orders, list) else [orders]
        self.journal.write(told=name, orders=told, live=self.is_durable)
        if kind in ("event", "bundle"):
            self._orders.append(told[0])

    def was_refused(self, name: str, kind: str, error: EventLoggerError) -> None:
        """Write down what the call raised."""
        if not isinstance(error, EXPECTED):
            self.journal.write(fault=f"{name}: {error!r}")
        if kind != "flush":
            self.journal.write(refused=name, why=repr(error))
