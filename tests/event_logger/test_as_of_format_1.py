"""As of a moment before the log's store had times of commit."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from event_logger import EventLogger, Horizon, HorizonError, LogReader, open_log
from infrastructure.audit_logs import AuditLogs
from tests.commands import run
from tests.infrastructure.stores.sqlite.former import GOLDEN
from tests.support import HOUR, url_of

LOG = "live 実取引"
TICK = pd.Timedelta(1, "us")


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A store of before format 2, brought to it, whose log has gone on since."""
    path = tmp_path / "former.db"
    shutil.copy(GOLDEN / "format_1.db", path)
    os.chmod(path, 0o644)
    with EventLogger("live", store=url_of(path), log=LOG, redis=False) as logger:
        logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO")
    return url_of(path)


@pytest.fixture
def reader(store: str) -> Iterator[LogReader]:
    with open_log(store, LOG) as reader:
        yield reader


def test_a_time_goes_by_when_entries_were_recorded_and_says_so(
    reader: LogReader, caplog: pytest.LogCaptureFixture
) -> None:
    horizons: list[Horizon] = []
    latest = None
    for position in range(1, 49):
        (entry,) = reader._reading.entries(horizons[-1] if horizons else reader.as_of(0).horizon, 1)
        horizons.append(entry.horizon)
        recorded = getattr(entry, "recorded_at", None) or getattr(entry, "record")["recorded_at"]  # noqa: B009
        at = pd.Timestamp(recorded)
        latest = at if latest is None else max(latest, at)
        assert entry.position == position
        found = reader.as_of(latest).horizon
        assert found.position >= position
        assert reader.as_of(latest - TICK).horizon.position < position
    assert "has no times of commit up to 22+26, from before format 2" in caplog.text
    caplog.clear()
    assert reader.as_of(reader.committed(23)[0]["committed_at"]).horizon.order == 23
    assert reader.as_of(reader.committed(23)[0]["committed_at"] - TICK).horizon.order == 22
    assert caplog.text.count("from before format 2") == 1


def test_before_its_opening_there_was_no_log(reader: LogReader) -> None:
    with pytest.raises(HorizonError, match=r"was opened, at 2026-11-25T02:32:01\.433604Z$"):
        reader.as_of("2026-11-25T02:32:01Z")


def test_orders_and_horizons_are_as_ever(reader: LogReader) -> None:
    for when in ("22+26", 1, 22, 23):
        then = reader.as_of(when)
        ages = [row["age_seconds"] for row in then.live_status()["open"]]
        latest = max(e["recorded_at"] for e in then.events)
        assert max(ages) <= (latest - then.events[0]["recorded_at"]).total_seconds() + 60 * 60 * 24
        assert min(ages) >= 0


def test_nobody_knows_who_committed_it(store: str, reader: LogReader) -> None:
    steps = reader.committed(1)
    assert {(step["committed_at"], step["writer"]) for step in steps} == {(None, None)}
    assert len(steps) == len(reader.history(1))
    assert "before format 2" in run("show", "1", "--store", store, "--log", LOG).stdout
    by_whom = run("history", "23", "--store", store, "--log", LOG).stdout
    assert "before format 2" not in by_whom
    assert "@" in by_whom


def test_an_order_of_a_backtest_of_then(store: str) -> None:
    with AuditLogs(store) as logs:
        names = logs.names()
    assert "default" in names
    with open_log(store) as reader:
        assert [e["order"] for e in reader.as_of(3).events][-1] >= 3
        assert reader.as_of(reader.events[0]["recorded_at"]).horizon.order >= 1
