"""Logs as a data set of Parquet files: what reads it, and what it takes the place of."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from domain.errors import ExportError
from event_logger import EventLogger, open_log
from infrastructure.files import parquet_dataset, replaced_folder
from tests.commands import run
from tests.infrastructure.files.parquet_files import said
from tests.support import url_of

START = pd.Timestamp("2024-04-30 22:00", tz="UTC")
LOGS = ("007", "Ω/a b=1")
EXPECTED = sorted(
    (log, month, order, "1.10" if order == 2 else str(2**64))
    for log in LOGS
    for month, order in (("2024-04", 1), ("2024-04", 2), ("2024-05", 3), ("2024-05", 4))
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two logs over two months, of which one has a column that the other lacks."""
    store = url_of(tmp_path_factory.mktemp("store") / "runs.db")
    for log in LOGS:
        extra = {"month": "an extra"} if log == "007" else {"rate": 1.5}
        with EventLogger(store=store, log=log) as logger:
            for hour in range(4):
                amount = Decimal("1.10") if hour == 1 else 2**64
                at = START + pd.Timedelta(hours=hour)
                logger.log_event(at, "PRICE_UPDATE", "BINANCE", "ETH", amount, **extra)
    return store


@pytest.fixture(scope="module")
def dataset(store: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "events"
    done = run(
        "export", "--store", store, "--format", "parquet", "--partition", "log,month",
        "-o", str(folder),
    )  # fmt: skip
    assert done.stdout == f"{folder}\n"
    assert done.stderr.count("\n") == 1
    assert "its column is 'month_extra'" in done.stderr
    return folder


NAMES = ["log", "month", "order", "amount_text"]


def by_duckdb(folder: Path) -> list[tuple[Any, ...]]:
    return duckdb.execute(
        f"""SELECT log, month, "order", amount_text FROM read_parquet('{folder}/**/*.parquet',
        hive_partitioning = true, hive_types_autocast = false)"""
    ).fetchall()


def by_polars(folder: Path) -> list[tuple[Any, ...]]:
    hive = {"log": pl.String, "month": pl.String}
    return pl.scan_parquet(folder, hive_schema=hive).select(NAMES).collect().rows()


def by_pandas(folder: Path) -> list[tuple[Any, ...]]:
    return list(pd.read_parquet(folder)[NAMES].itertuples(index=False, name=None))


@pytest.mark.parametrize("read", [by_duckdb, by_polars, by_pandas])
def test_a_data_set_is_read_by(
    read: Callable[[Path], list[tuple[Any, ...]]], dataset: Path
) -> None:
    assert sorted(read(dataset)) == EXPECTED


def test_its_files_have_the_same_columns_and_their_own_logs_metadata(dataset: Path) -> None:
    files = sorted(dataset.rglob("*.parquet"))
    schemas = [pq.read_schema(file) for file in files]
    assert [schema.names for schema in schemas] == [schemas[0].names] * 4
    assert {"rate", "month_extra"} < {*schemas[0].names}
    assert sorted((said(file)["log"], said(file)["horizon"]) for file in files) == sorted(
        [(log, "4") for log in LOGS] * 2
    )


def test_one_log_is_a_data_set_too_and_takes_the_place_of_the_former(
    store: str, tmp_path: Path
) -> None:
    folder = tmp_path / "events"
    folder.mkdir()
    with open_log(store, "007") as reader:
        assert reader.export_to_parquet(str(folder), partition=["month"]) == str(folder)
        assert sorted(one.name for one in folder.iterdir()) == ["month=2024-04", "month=2024-05"]
        reader.as_of(2).export_to_parquet(str(folder), partition=["log"], columns=["order"])
    (file,) = folder.rglob("*.parquet")
    assert (file.parent.name, pq.ParquetFile(file).read().to_pydict()) == (
        "log=007",
        {"order": [1, 2]},
    )
    assert [one.name for one in tmp_path.iterdir()] == ["events"]


@pytest.mark.parametrize("where", ["rows", "replace"])
def test_one_that_fails_leaves_the_former(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    folder = tmp_path / "events"
    with open_log(store, "007") as reader:
        reader.export_to_parquet(str(folder), partition=["log"])
        former = {one: one.read_bytes() for one in folder.rglob("*.parquet")}
        if where == "rows":
            monkeypatch.setattr(parquet_dataset, "_parted", fail)
        else:
            monkeypatch.setattr(replaced_folder, "_flush", fail)
        with pytest.raises(ExportError, match="No space left on device; the former data set is"):
            reader.export_to_parquet(str(folder), partition=["month"])
    assert {one: one.read_bytes() for one in tmp_path.rglob("*.parquet")} == former
    assert [one.name for one in tmp_path.iterdir()] == ["events"]


def test_nothing_else_is_replaced_by_it(store: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.txt").write_text("kept")
    for target, problem in (
        ("file", "it is a file, and a data set is a folder; name another"),
        ("folder", "it holds 'notes.txt', which is no part of a data set; name another"),
        ("no/events", "does not exist; create it first"),
        ("-", "a data set is a folder; name one"),
    ):
        path = target if target == "-" else str(tmp_path / target)
        export = ("export", "--store", store, "--format", "parquet", "--partition", "log")
        assert problem in run(*export, "-o", path, code=1).stderr
    assert (tmp_path / "folder" / "notes.txt").read_text() == "kept"
    assert "needs a folder to write; name one" in run(*export, code=1).stderr
    refused = run(*export, "--balances", "-o", str(tmp_path / "new"), code=1)
    assert "goes with no long table" in refused.stderr
