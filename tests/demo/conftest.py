"""One run of the demo on the shipped month, shared by the tests of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from event_logger import EventLogger
from event_logger.demo.run import LOG, DemoResult, run_demo


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "demo-run"


@pytest.fixture(scope="session")
def demo(demo_folder: Path) -> DemoResult:
    return run_demo(folder=demo_folder)


@pytest.fixture(scope="session")
def events(demo: DemoResult) -> list[dict[str, Any]]:
    with EventLogger(store=demo.store, log=LOG) as logger:
        return [dict(event) for event in logger.events]


def csv_of(result: DemoResult) -> Path:
    """The CSV that a run wrote."""
    assert result.csv is not None
    return result.csv
