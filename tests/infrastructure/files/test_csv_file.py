"""The CSV file of a log: where it goes, what it replaces, and what comes back from it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from event_logger import EventLogger, read_event_log
from projections.csv_cells import json_cell
from tests.support import HOUR, log_amounts


@pytest.fixture
def logger() -> Iterator[EventLogger]:
    with EventLogger() as logger:
        yield logger


def test_the_path_is_returned_as_given(logger: EventLogger, tmp_path: Path) -> None:
    path = str(tmp_path / "event_log.csv")
    assert logger.export_to_csv(path) == path


def test_without_a_path_the_time_names_the_file(
    logger: EventLogger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    log_amounts(logger, 1)
    path = logger.export_to_csv()
    assert re.fullmatch(r"event_log_\d{8}_\d{6}\.csv", path)
    assert os.listdir(tmp_path) == [path]


def test_an_empty_log_is_a_header(logger: EventLogger, tmp_path: Path) -> None:
    path = tmp_path / "event_log.csv"
    logger.export_to_csv(str(path))
    assert path.read_text().count("\n") == 1
    frame = read_event_log(path)
    assert len(frame) == 0
    assert list(frame.columns) == path.read_text().strip().split(",")


def test_the_old_file_is_replaced_whole_and_keeps_its_permissions(
    logger: EventLogger, tmp_path: Path
) -> None:
    path = tmp_path / "event_log.csv"
    path.write_text("old\n" * 10_000)
    path.chmod(0o640)
    log_amounts(logger, 1)
    with path.open() as still_reading:
        logger.export_to_csv(str(path))
        assert still_reading.read() == "old\n" * 10_000
    assert len(path.read_text().splitlines()) == 2
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["event_log.csv"]


def test_the_same_run_gives_the_same_file(tmp_path: Path) -> None:
    files = []
    for name in ("one.csv", "two.csv"):
        with EventLogger() as logger:
            log_amounts(logger, *range(50))
            files.append(Path(logger.export_to_csv(str(tmp_path / name))).read_bytes())
    assert files[0] == files[1]


def test_a_file_of_several_pages_has_every_event_once(logger: EventLogger, tmp_path: Path) -> None:
    log_amounts(logger, *range(1, 2502))
    frame = read_event_log(logger.export_to_csv(str(tmp_path / "event_log.csv")))
    assert list(frame["order"]) == list(frame["amount"]) == list(range(1, 2502))


texts = st.text("aé→ ,;'\"\r\n\0\ufeff\u2028[{1.e-=", min_size=1, max_size=8)
numbers = (
    st.integers(-(2**90), 2**90)
    | st.floats(allow_nan=False)
    | st.decimals(allow_nan=False, allow_infinity=False)
)
nested = st.recursive(
    texts | numbers | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
extras = st.dictionaries(st.sampled_from(["x", "y", "z with, comma", "ü"]), nested, max_size=4)


def text_of(value: Any) -> str:
    return json_cell(value) if isinstance(value, dict | list) else str(value)


def stands_for(cell: Any, value: Any) -> bool:
    """Whether a cell stands for the value, as far as CSV can tell."""
    if value is None or value == "":
        return bool(pd.isna(cell))
    text = text_of(value)
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        return str(cell) == text or Decimal(str(cell)) == Decimal(text)
    if isinstance(cell, dict | list):
        return bool(exactly(text_of(cell)) == exactly(text))
    return text_of(cell) == text


def exactly(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


@settings(max_examples=60)
@given(st.lists(st.tuples(extras, texts), min_size=1, max_size=4))
def test_what_was_logged_comes_back_as_far_as_csv_can_tell(
    events: list[tuple[dict[str, Any], str]],
) -> None:
    with TemporaryDirectory() as folder, EventLogger() as logger:
        for extra, purpose in events:
            logger.log_event(HOUR, "STAKE_DEPOSIT", "LIDO", purpose=f"x{purpose}", **extra)
        frame = read_event_log(logger.export_to_csv(f"{folder}/event_log.csv"), "decimal")
        logged = logger.get_all_events()
    assert len(frame) == len(logged)
    for place, event in enumerate(logged):
        assert frame["purpose"][place] == event["purpose"]
        for name in frame.columns:
            cell, value = frame[name][place], event.get(name)
            cell = cell.item() if hasattr(cell, "item") else cell
            assert stands_for(cell, value), (name, cell, value)
