"""What a logger is opened with, and what a log remembers of it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from domain.errors import LogConfigurationError, StoreUrlError, UnsupportedValueError
from event_logger import EventLogger, create_event_logger, open_log
from infrastructure.audit_logs import AuditLogs
from tests.support import HOUR, log_amounts, numbered, run_program, stored, url_of

METADATA = {
    "strategy": "leveraged restaking",
    "version": "1.4.0",
    "parameters": {"ltv": Decimal("0.915"), "venues": ["BINANCE", "BYBIT"]},
    "started": pd.Timestamp("2024-05-12 14:00", tz="UTC"),
    "wei": 2**70,
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.db"


def test_a_store_holds_many_logs_each_with_its_own_orders(path: Path) -> None:
    for name, count in (("run-1", 3), ("run-2", 5), ("Läufe/2024 →", 1)):
        with EventLogger(store=url_of(path), log=name) as logger:
            assert log_amounts(logger, *range(1, count + 1)) == list(range(1, count + 1))
    assert [len(stored(path, name)) for name in ("run-1", "run-2", "Läufe/2024 →")] == [3, 5, 1]
    with AuditLogs(url_of(path), must_exist=True) as logs:
        assert logs.names() == ["Läufe/2024 →", "run-1", "run-2"]


def test_metadata_is_kept_with_the_log(path: Path) -> None:
    with EventLogger(store=url_of(path), metadata=METADATA) as logger:
        assert logger.metadata == METADATA
    with EventLogger(store=url_of(path)) as logger:
        assert logger.metadata == METADATA
        assert type(logger.metadata["parameters"]["ltv"]) is Decimal
    assert open_log(url_of(path)).metadata == METADATA


def test_metadata_is_captured_when_the_log_is_opened(path: Path) -> None:
    mine = {"parameters": {"venues": ["BINANCE"]}}
    with EventLogger(store=url_of(path), metadata=mine) as logger:
        mine["parameters"]["venues"].append("BYBIT")
        assert logger.metadata == {"parameters": {"venues": ["BINANCE"]}}
        logger.metadata["parameters"]["venues"].append("OKX")
        assert logger.metadata == {"parameters": {"venues": ["BINANCE"]}}


@pytest.mark.parametrize("again", [None, METADATA, dict(reversed(METADATA.items()))])
def test_the_same_metadata_or_none_reopens_a_log(path: Path, again: dict[str, Any] | None) -> None:
    EventLogger(store=url_of(path), metadata=METADATA).close()
    with EventLogger(store=url_of(path), metadata=again) as logger:
        assert logger.metadata == METADATA


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (METADATA, METADATA | {"version": "1.5.0"}),
        (METADATA, {}),
        (None, METADATA),
    ],
)
def test_other_metadata_is_refused_and_nothing_changes(
    path: Path, first: dict[str, Any] | None, second: dict[str, Any]
) -> None:
    with EventLogger(store=url_of(path), metadata=first) as logger:
        log_amounts(logger, 1)
    with pytest.raises(LogConfigurationError, match="differs from what log 'default' was opened"):
        EventLogger(store=url_of(path), metadata=second)
    with EventLogger(store=url_of(path)) as logger:
        assert logger.metadata == (first or {})
        assert log_amounts(logger, 2) == [2]


def test_a_log_of_another_mode_is_refused(path: Path) -> None:
    with AuditLogs(url_of(path)) as logs:
        logs.open_or_create("strategy", "live")
    with pytest.raises(LogConfigurationError, match="log 'strategy' is a live log; give this run"):
        EventLogger(store=url_of(path), log="strategy")
    with AuditLogs(url_of(path)) as logs:
        assert logs.get("strategy").mode == "live"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"execution_mode": "paper"}, "execution_mode must be 'backtest' or 'live', not"),
        ({"execution_mode": None}, "execution_mode must be 'backtest' or 'live'"),
        ({"log": ""}, "log must be a name, not ''"),
        ({"log": "  "}, "log must be a name, not '  '"),
        ({"log": 7}, "log must be a name, not 7"),
        ({"log": "\udcff"}, "log must be valid Unicode, not '\\udcff'"),
        ({"actor": "\udcff"}, "actor must be valid Unicode, not '\\udcff'"),
        ({"metadata": ["strategy"]}, "metadata must be a dict"),
        ({"commit_every": 0}, "commit_every must be 1 or more, not 0"),
        ({"commit_every": -1}, "commit_every must be 1 or more, not -1"),
        ({"commit_every": 2.5}, "commit_every must be 1 or more, not 2.5"),
        ({"commit_every": True}, "commit_every must be 1 or more, not True"),
    ],
)
def test_an_option_that_cannot_be_is_refused_and_makes_no_log(
    path: Path, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(LogConfigurationError) as refused:
        EventLogger(**{"store": url_of(path), **options})
    assert sentence in str(refused.value)
    if path.exists():
        with AuditLogs(url_of(path), must_exist=True) as logs:
            assert logs.names() == []


def test_metadata_that_json_cannot_hold_is_refused_by_its_path(path: Path) -> None:
    with pytest.raises(UnsupportedValueError, match=r"metadata.parameters.venues"):
        EventLogger(store=url_of(path), metadata={"parameters": {"venues": {"BINANCE"}}})


def test_without_a_store_the_environment_names_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENT_LOGGER_STORE", url_of(path))
    with EventLogger() as logger:
        log_amounts(logger, 1, 2)
    assert stored(path) == numbered(2)
    with EventLogger(store=":memory:") as logger:
        assert logger.global_order == 0


def test_without_either_the_store_is_memory(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.delenv("EVENT_LOGGER_STORE", raising=False)
    monkeypatch.chdir(path.parent)
    with EventLogger() as logger:
        log_amounts(logger, 1)
    assert list(path.parent.iterdir()) == []


def test_an_environment_that_names_no_store_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENT_LOGGER_STORE", "runs.db")
    with pytest.raises(StoreUrlError, match=r"for the file runs\.db write sqlite:///runs\.db"):
        EventLogger()


def test_the_environment_of_another_eventsourcing_program_does_not_reach_in(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERSISTENCE_MODULE", "eventsourcing.postgres")
    monkeypatch.setenv("SQLITE_DBNAME", str(path.with_name("other.db")))
    monkeypatch.setenv("CREATE_TABLE", "no")
    with EventLogger(store=url_of(path)) as logger:
        log_amounts(logger, 1)
    assert stored(path) == numbered(1)
    assert not path.with_name("other.db").exists()


def test_the_environment_is_not_read_at_import(path: Path) -> None:
    program = """
os.environ["EVENT_LOGGER_STORE"] = sys.argv[1]
with EventLogger() as logger:
    logger.log_event(HOUR, "PRICE_UPDATE", "BINANCE", "ETH", 1)
"""
    run_program(program, url_of(path))
    assert stored(path) == numbered(1)


def test_snapshots_can_be_left_out() -> None:
    snapshot = {"wallet": {"ETH": 1.0}, "cex_accounts": {"binance": {"USDT": 2.0}}}
    with EventLogger(include_balance_snapshots=False) as logger:
        logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", position_snapshot=snapshot)
        event = logger.events[0]
    names = ("wallet_balance_after", "cex_balance_after", "aave_position_after")
    assert [event[name] for name in names] == [None, None, None]


def test_rules_of_one_logger_do_not_bind_the_next(path: Path) -> None:
    off_the_hour = HOUR.replace(minute=7)
    with EventLogger(store=url_of(path), hourly_timestamps=False) as logger:
        assert logger.log_event(off_the_hour, "PRICE_UPDATE", "BINANCE") == 1
    with EventLogger(store=url_of(path), strict_event_types=True) as logger:
        with pytest.raises(ValueError, match="is not on the hour"):
            logger.log_event(off_the_hour, "PRICE_UPDATE", "BINANCE")
        with pytest.raises(ValueError, match="the nearest is 'PRICE_UPDATE'"):
            logger.log_event(HOUR, "PRICE_UPDATED", "BINANCE")
        assert logger.global_order == 1


def test_the_factory_gives_the_same_logger(path: Path) -> None:
    with create_event_logger("backtest", False, store=url_of(path), log="run") as logger:
        assert isinstance(logger, EventLogger)
        assert not logger.include_balance_snapshots
        log_amounts(logger, 1)
    assert stored(path, "run") == numbered(1)
