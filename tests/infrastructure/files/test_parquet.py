"""A log as Parquet: what a file holds, what it says of itself, and what is refused."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from domain.errors import ExportError, LogConfigurationError
from event_logger import EventLogger, open_log
from infrastructure.files import parquet_export, spool
from tests.commands import run
from tests.infrastructure.files.parquet_files import rows, said, types
from tests.small_log import fill
from tests.support import HOUR, url_of


@pytest.fixture(params=["backtest", "live"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    store = url_of(tmp_path / "log.db")
    with EventLogger(
        request.param, store=store, redis=False, metadata={"leverage": Decimal("3.0")}
    ) as logger:
        fill(logger)
        logger.log_correction(HOUR, 9, {"amount": 2}, "a digit was lost")
    return store


def test_it_holds_what_reading_gives_and_says_of_which_moment(store: str, tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    with open_log(store) as reader:
        assert reader.export_to_parquet(str(path)) == str(path)
        events, horizon = reader.get_all_events(), reader.horizon
        written = rows(path)
        for name in ("order", "timestamp", "status", "venue", "tx_hash", "parent_event", "nonce"):
            assert [row[name] for row in written] == [event[name] for event in events], name
        for name in ("detail_orders", "detail_count", "related_events"):
            assert [row[name] for row in written] == [event.get(name) for event in events], name
        assert [row["recorded_at"] for row in written] == [one["recorded_at"] for one in events]
        assert [row["corrected_by"] for row in written][7:10] == [None, "[11]", None]
        assert said(path) == {
            "format": "event-logger/parquet/v1",
            "log": "default",
            "identity": reader._log.identity,
            "mode": reader._log.mode,
            "horizon": str(horizon),
            "metadata": {"leverage": {"$decimal": "3.0"}},
        }
        batches = list(reader.scan())
        assert [batch.schema.names for batch in batches] == [reader.to_arrow().schema.names]
        then = reader.as_of(3)
        then.export_to_parquet(str(path))
    # The whole bundle was committed with it.
    assert (said(path)["horizon"], [row["order"] for row in rows(path)]) == ("7", [*range(1, 8)])


def test_an_empty_log_has_the_declared_columns(tmp_path: Path) -> None:
    path = tmp_path / "empty.parquet"
    with EventLogger() as logger:
        logger.export_to_parquet(str(path), balances=True)
        assert list(logger.scan()) == []
        assert logger.to_arrow().num_rows == 0
    assert rows(path) == rows(tmp_path / "empty.balances.parquet") == []
    assert types(path)["timestamp"] == "timestamp[ns, tz=UTC]"
    assert types(path)["nonce"] == "int64"


SNAPSHOT = {
    "wallet": {"USDC.e": Decimal("1.10"), "note": "kept"},
    "cex_accounts": {"binance": {"USDT": 2.5}},
    "perp_positions": {"binance": {"ETHUSDT-PERP": {"size": -1, "entry_price": 2**70}}},
    "other": {"as": "it is"},
}
BALANCES: list[dict[str, Any]] = [
    {"account": "WALLET", "asset": "USDC.e", "amount": Decimal("1.1"), "amount_text": "1.10"},
    {"account": "binance", "asset": "USDT", "amount": Decimal("2.5"), "amount_text": "2.5"},
    {"account": "binance.ETHUSDT-PERP", "asset": "size", "amount": -1, "amount_text": "-1"},
    {
        "account": "binance.ETHUSDT-PERP",
        "asset": "entry_price",
        "amount": None,
        "amount_text": "1180591620717411303424",
    },
]


def test_snapshots_are_json_and_a_nested_column_and_a_long_table(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    with EventLogger() as logger:
        logger.log_event(HOUR, "X", "V")
        logger.log_event(HOUR, "X", "V", position_snapshot=SNAPSHOT)
        logger.export_to_parquet(str(path), snapshots="nested", balances=True)
        assert [row["balances"] for row in rows(path)] == [None, BALANCES]
        assert rows(path)[1]["wallet_balance_after"] == (
            '{"wallet":{"USDC.e":1.10,"note":"kept"},"cex_accounts":{"binance":{"USDT":2.5}},'
            '"perp_positions":{"binance":{"ETHUSDT-PERP":{"size":-1,'
            '"entry_price":1180591620717411303424}}},"other":{"as":"it is"}}'
        )
        long = rows(tmp_path / "log.balances.parquet")
        assert long == [{"order": 2, "timestamp": pd.Timestamp(HOUR)} | row for row in BALANCES]
        logger.export_to_parquet(str(path), snapshots="none")
        assert {"balances", "wallet_balance_after"}.isdisjoint(types(path))


def test_columns_are_those_that_were_asked_for_in_that_order(tmp_path: Path) -> None:
    path = str(tmp_path / "log.parquet")
    with EventLogger() as logger:
        logger.log_event(HOUR, "X", "V", "ETH", Decimal("1.10"), rate=1.5)
        asked = ["rate", "amount_text", "order"]
        assert rows(logger.export_to_parquet(path, columns=asked)) == [
            {"rate": 1.5, "amount_text": "1.10", "order": 1}
        ]
        refusals: list[tuple[Any, str]] = [
            (["amont"], "columns names 'amont', which this log has no column for; the nearest is"),
            ("order", "columns must be a list of names, not 'order'"),
            ([1], "columns must be names, not 1"),
            ([], "columns names no column; leave it out for all"),
        ]
        for columns, problem in refusals:
            for read in (logger.export_to_parquet, lambda path, columns: logger.to_arrow(columns)):
                with pytest.raises(LogConfigurationError) as refused:
                    read(path, columns=columns)
                assert str(refused.value).startswith(problem)
        assert [*rows(path)[0]] == asked


def test_batches_of_different_types_come_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infrastructure.columns.batches._ROWS", 3)
    monkeypatch.setattr(parquet_export, "_ROWS", 7)
    monkeypatch.setattr(spool, "_IN_MEMORY", 1000)
    values = [None, 1, 2, 2.5, None, 3.0, Decimal("1.10"), 2**64, 1, "x", 1]
    with EventLogger() as logger:
        for value in values:
            extra: dict[str, Any] = {"x": value, f"y{value}": 1}
            logger.log_event(HOUR, "X", "V", "ETH", 1, **extra)
        path = logger.export_to_parquet(str(tmp_path / "log.parquet"))
        texts = [None, "1", "2", "2.5", None, "3.0", "1.10", "18446744073709551616", "1", "x", "1"]
        assert [row["x"] for row in rows(path)] == texts
        assert [batch.num_rows for batch in logger.scan()] == [3, 3, 3, 2]


FAILURES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "rows": lambda patch: patch.setattr(parquet_export, "_groups", _full),
    "fsync": lambda patch: patch.setattr(os, "fsync", _full),
    "replace": lambda patch: patch.setattr(Path, "replace", _full),
    "balances": lambda patch: patch.setattr(parquet_export, "balance_batch", _full),
}


def _full(*arguments: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("failure", FAILURES)
def test_an_export_that_fails_leaves_both_former_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    path = tmp_path / "log.parquet"
    former = {path: b"former", tmp_path / "log.balances.parquet": b"balances"}
    for one, text in former.items():
        one.write_bytes(text)
    with EventLogger() as logger:
        logger.log_event(HOUR, "X", "V", position_snapshot=SNAPSHOT)
        FAILURES[failure](monkeypatch)
        with pytest.raises(ExportError, match="No space left on device; the former file is"):
            logger.export_to_parquet(str(path), balances=True)
        monkeypatch.undo()
    assert {one: one.read_bytes() for one in tmp_path.iterdir()} == former


def test_the_command_line_writes_it_and_refuses_what_makes_no_sense(tmp_path: Path) -> None:
    store = url_of(tmp_path / "log.db")
    with EventLogger(store=store) as logger:
        logger.log_event(HOUR, "X", "V", "ETH", Decimal("1.10"), position_snapshot=SNAPSHOT)
    path = str(tmp_path / "log.parquet")
    export = ("export", "--store", store, "--format", "parquet", "-o", path)
    assert run(*export, "--columns", "order, amount_text").stdout == f"{path}\n"
    assert rows(path) == [{"order": 1, "amount_text": "1.10"}]
    run(*export, "--balances", "--snapshots", "nested")
    assert rows(path)[0]["balances"] == BALANCES
    for options, code, problem in (
        (("--columns", "amont"), 1, "columns names 'amont'"),
        (("--partition", "year"), 1, "partition is by log, month, or both, not by 'year'"),
        (("--snapshots", "some"), 2, "'some' is not one of"),
        (("--excel",), 2, "is for csv alone"),
        (("-o", "-", "--balances"), 1, "the balances are a second file; name a file"),
        (("-o", str(tmp_path / "log.db")), 1, "it is the store of this log"),
        (("-o", str(tmp_path / "no" / "x.parquet")), 1, "does not exist; create it first"),
        (("--format", "csv", "--columns", "order"), 2, "is for parquet alone"),
        (("--format", "jsonl", "--balances"), 2, "is for parquet alone"),
    ):
        assert problem in run(*export, *options, code=code).stderr, options
    assert rows(path)[0]["balances"] == BALANCES


def test_without_its_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = url_of(tmp_path / "log.db")
    with EventLogger(store=store) as logger:
        logger.log_event(HOUR, "X", "V")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    done = run("export", "--store", store, "--format", "parquet", code=1)
    assert done.stderr.startswith("event-logger: Parquet needs more than is installed (")
    assert done.stderr.endswith("install it: pip install 'event-logger[analytics]'\n")
    assert len(done.stderr.splitlines()) == 1
