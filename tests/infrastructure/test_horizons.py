"""Finding a point of a log looks at as many of its entries as halving it takes, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
import pytest

from domain.audit_log import AuditLog
from domain.horizon import Horizon
from infrastructure.audit_logs import AuditLogs
from infrastructure.horizons import Horizons
from infrastructure.stores.sqlite.reads import SQLiteReads
from tests.support import HOUR


@contextmanager
def live_log(events: int, updates: int) -> Iterator[tuple[AuditLogs, AuditLog]]:
    """So many events, each committed with as many transitions of it."""
    with AuditLogs(":memory:") as logs:
        log = logs.open_or_create("live", "live")
        for _ in range(events):
            order = logs.last_order(log) + 1
            works: list[Any] = [log.intake.event(HOUR, "STAKE", "LIDO", None, None, None, {})]
            for number in range(updates):
                update = {"status": "submitted", "tx_hash": f"0x{number}"}
                works.append(log.intake.update(order, update))
            logs.appending(log).append(works)
        yield logs, log


@contextmanager
def counted_reads() -> Iterator[list[str]]:
    """The names of the reads that are made, and of what they gave how many rows."""
    made: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in ("events", "stored_entries", "entries", "transitions", "stored", "horizon_at"):
            read = getattr(SQLiteReads, name)

            def counted(*arguments: Any, read: Any = read, name: str = name) -> Any:
                found = read(*arguments)
                rows = len(found) if isinstance(found, list) else 1
                made.extend([name] * max(rows, 1))
                return found

            patch.setattr(SQLiteReads, name, counted)
        yield made


@pytest.mark.parametrize("kind", ["order", "horizon", "time"])
def test_what_is_looked_at_grows_with_the_logarithm(kind: str) -> None:
    costs = []
    for events in (25, 400):
        with live_log(events, 3) as (logs, log):
            horizons = Horizons(logs.store.reads, log, logs.reading(log))
            end = logs.horizon(log)
            after = Horizon(events // 3, end.transition)
            (entry,) = logs.store.reads.stored_entries(log.id, after, 1)
            when: Any = {
                "order": events // 3,
                "horizon": Horizon(events // 3, events // 3 * 3),
                "time": pd.Timestamp(entry.committed_at or 0, unit="us", tz="UTC"),
            }[kind]
            with counted_reads() as made:
                found, _ = horizons.found(when)
            assert abs(found.order - events // 3) <= 1
            costs.append(len(made))
    # Sixteen times the log is four more looks for each of at most two numbers.
    assert costs[1] - costs[0] <= 8
    assert costs[1] < 40


def test_a_backtest_is_not_looked_through_at_all() -> None:
    with AuditLogs(":memory:") as logs:
        log = logs.open("run", "backtest")
        for amount in range(500):
            log.log_event(HOUR, "STAKE", "LIDO", "ETH", amount)
        logs.save(log)
        horizons = Horizons(logs.store.reads, log, logs.reading(log))
        with counted_reads() as made:
            assert horizons.found(250)[0] == Horizon(250)
            assert horizons.found(Horizon(400))[0] == Horizon(400)
        assert len(made) <= 6
