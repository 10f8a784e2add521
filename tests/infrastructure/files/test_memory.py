"""Files of a log with long texts are written, and read in again, in a memory that does not grow."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

# Its modules alone take 20 MB, which are not to be counted.
import pandas  # noqa: F401
import pyarrow
import pyarrow.compute
import pyarrow.parquet
import pytest

from event_logger import EventLogger, open_log
from infrastructure.files.importing import import_file
from tests.support import HOUR

TEXTS, CHARACTERS, BATCH = 1500, 40_000, 100
MOST = 40 * 2**20
"""Bytes; the texts take 60 MB."""


@pytest.fixture(params=["backtest", "live"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A log of texts none of which is there twice."""
    url = f"sqlite:///{tmp_path / 'log.db'}"
    with EventLogger(request.param, store=url, redis=False, commit_every=BATCH) as logger:
        for start in range(0, TEXTS, BATCH):
            details = [
                {"event_type": "X", "venue": "V", "note": f"{number:0{CHARACTERS}d}"}
                for number in range(start, start + BATCH)
            ]
            logger.log_atomic_transaction(HOUR, "TEXTS", details)
    return url


@pytest.fixture
def peak() -> Iterator[Callable[[], int]]:
    """The most bytes held so far."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("target", ["file", "/dev/null"])
def test_an_export_holds_a_few_events_at_a_time(
    store: str, tmp_path: Path, peak: Callable[[], int], form: str, target: str
) -> None:
    path = str(tmp_path / "file") if target == "file" else target
    with open_log(store) as reader:
        reader.export_to_csv(path) if form == "csv" else reader.export_to_jsonl(path)
    assert peak() < MOST


def test_so_does_parquet(
    store: str, tmp_path: Path, peak: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in (
        "files.spool._IN_MEMORY",
        "columns.batches._BYTES",
        "files.parquet_export._BYTES",
    ):
        monkeypatch.setattr(f"infrastructure.{limit}", 2**20)
    pool = pyarrow.proxy_memory_pool(pyarrow.default_memory_pool())
    pyarrow.set_memory_pool(pool)
    try:
        with open_log(store) as reader:
            reader.export_to_parquet(str(tmp_path / "file"))
    finally:
        pyarrow.set_memory_pool(pyarrow.system_memory_pool())
    assert peak() < MOST
    assert pool.max_memory() < MOST


def test_so_does_an_import_of_json_lines(
    store: str, tmp_path: Path, peak: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infrastructure.files.spool._IN_MEMORY", 2**20)
    path = tmp_path / "log.jsonl"
    with open_log(store) as reader:
        reader.export_to_jsonl(str(path))
    import_file(path, f"sqlite:///{tmp_path / 'copy.db'}", "copy")
    assert peak() < MOST
